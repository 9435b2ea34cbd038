"""Mean losses of epochs, by the names that histories and callbacks know."""

import numpy as np

from skunsup._networks import Network
from skunsup._training._progress import Logs


class LossLogs:
    """Logs of what is recorded in steps of training.

    Parameters
    ----------
    network : Network
        Names its terms and metrics.
    n_steps : int
        Steps of an epoch.
    """

    def __init__(self, network: Network, n_steps: int) -> None:
        self.names = (*network.term_names, *network.own_metrics)
        self.n_terms, self.n_members = len(network.term_names), network.n_members
        self.n_steps = n_steps

    def of(self, records: np.ndarray) -> Logs:
        """Means of terms and metrics over steps; a single term is just the loss."""
        n_terms, means = self.n_terms, records.mean(axis=0)
        means = np.append(means[:n_terms] / self.n_members, means[n_terms:])
        entries = list(zip(self.names, means.tolist(), strict=True))
        named = entries if n_terms > 1 else entries[n_terms:]
        return {"loss": float(means[:n_terms].sum()), **dict(named)}

    def of_epochs(self, taken: list[np.ndarray], whole: bool = False) -> list[Logs]:
        """Means over the steps of each epoch, or of each that is `whole`.

        Parameters
        ----------
        taken : list of arrays of shape (n, n_recorded)
            Records of one block after the other.
        whole : bool, default=False
            Whether to leave out an epoch that is not at its end.
        """
        records = np.concatenate(taken or [np.empty((0, len(self.names)))])
        parts = np.split(records, range(self.n_steps, len(records), self.n_steps))
        if whole:
            parts = [part for part in parts if len(part) == self.n_steps]
        return list(map(self.of, parts))
