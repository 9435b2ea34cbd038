"""Mixin of the estimators with a discriminator: their optimizers and warnings."""

import warnings
from typing import ClassVar

from sklearn.exceptions import ConvergenceWarning

from skunsup._training import OptimizerConfig

COLLAPSED = 0.1
LOST = 0.2  # of the best: what never varied much has not collapsed
RECOGNISED = 0.99  # of one kind
TOLD = 0.75  # mean of both kinds; a discriminator that always says real has 0.5
LEAST_EPOCHS = 10  # a discriminator may be ahead at first

COLLAPSE = (
    "Training collapsed: what {what} in epoch {epoch} varies {now:.2g} times as much "
    "as it should, after {best:.2g} times in epoch {best_epoch}. Try fewer epochs, a "
    "smaller learning_rate, spectral_normalization=True, or another adversarial loss."
)
TOO_STRONG = (
    "The discriminator of {what} is too strong: in the last {n} epochs its accuracies "
    "are {real:.0%} and {fake:.0%}, where 50 to 90 % is healthy. So {what} do not "
    "follow their prior, and clusters may be arbitrary. Try a smaller "
    "discriminator_learning_rate, or another clusterer: KMeans, GaussianMixture or "
    "NeighborClustering."
)


def warn_of_strength(history: dict[str, list[float]], prefix: str, what: str) -> None:
    """Warn if the accuracy of a discriminator is too high in the last tenth of epochs.

    Parameters
    ----------
    history : dict of str to list of float
        One entry an epoch.
    prefix : str
        Of the names of its accuracies.
    what : str
        Judged by it.

    Warns
    -----
    ConvergenceWarning
        If it is above 0.99 for one kind, and above 0.75 for both together.
    """
    kinds = [history[f"{prefix}accuracy_{kind}"] for kind in ("real", "fake")]
    n_epochs = len(kinds[0])
    n = max(n_epochs // 10, LEAST_EPOCHS // 2)
    real, fake = (sum(accuracy[-n:]) / n for accuracy in kinds)
    strong = max(real, fake) > RECOGNISED and (real + fake) / 2 > TOLD
    if n_epochs >= LEAST_EPOCHS and strong:
        message = TOO_STRONG.format(what=what, n=n, real=real, fake=fake)
        warnings.warn(message, ConvergenceWarning, stacklevel=3)


class AdversarialEstimator:
    """Mixin of the estimators with a discriminator, the first group to be trained."""

    _judged = "is generated"
    # Prefixes in `history_` of the discriminators to warn of, and what they judge.
    _watched: ClassVar[dict[str, str]] = {}

    def _optimizer_configs(self) -> tuple[OptimizerConfig, ...]:
        """Return the optimizers of the discriminator and of all else."""
        rate = self.discriminator_learning_rate  # type: ignore[attr-defined]
        rate = self.learning_rate if rate is None else rate  # type: ignore[attr-defined]
        return (
            self._optimizer_config(rate, averaged=False),  # type: ignore[attr-defined]
            self._optimizer_config(self.learning_rate),  # type: ignore[attr-defined]
        )

    def _check_health(self, history: dict[str, list[float]]) -> None:
        for prefix, what in self._watched.items():
            warn_of_strength(history, prefix, what)
        spreads = history["spread"]
        best = max(spreads)
        if spreads[-1] < min(COLLAPSED, LOST * best):
            warnings.warn(
                COLLAPSE.format(
                    what=self._judged,
                    epoch=len(spreads),
                    now=spreads[-1],
                    best=best,
                    best_epoch=spreads.index(best) + 1,
                ),
                ConvergenceWarning,
                stacklevel=2,
            )
