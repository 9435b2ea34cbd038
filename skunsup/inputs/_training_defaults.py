"""Minibatches and epochs that a kind of data has where the user leaves them open."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingDefaults:
    """Values of "auto" for `batch_size` and `epochs` of a model.

    Parameters
    ----------
    batch_size : int, default=32
        Rows a step.
    max_steps : int, default=None
        About so many steps suffice; None for `most_epochs`, however many they are.
    least_epochs, most_epochs : int, default=10, 100
        Passes over the rows at least and at most.
    """

    batch_size: int = 32
    max_steps: int | None = None
    least_epochs: int = 10
    most_epochs: int = 100

    def epochs(self, steps_per_epoch: int) -> int:
        """Number of epochs to train."""
        if self.max_steps is None:
            return self.most_epochs
        enough = -(-self.max_steps // steps_per_epoch)
        return min(max(enough, self.least_epochs), self.most_epochs)
