"""The network of deep embedded clustering, and its targets."""

from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from skunsup._fit_data import FitData
from skunsup._networks import Architecture
from skunsup._training import (
    FittedNetwork,
    Rows,
    WeightedSampler,
    all_rows,
    hstack,
    mean_of_all,
    own_of_all,
)
from skunsup.models._code import CodeNetwork
from skunsup.models._gaussian import log_softmax
from skunsup.models._weighted_decoder import WeightedDecoder

TINY = 1e-12


def log_assignment(code: Any, centers: Any, alpha: float) -> Any:
    """Logarithm of the soft assignment of codes to centres.

    The kernel of Student's t distribution with `alpha` degrees of freedom, as shares of
    its sum over the centres (Xie, Girshick & Farhadi 2016, eq. 1).

    Parameters
    ----------
    code : tensor of shape (n, width)
        Codes.
    centers : tensor of shape (k, width)
        Centres of clusters.
    alpha : float
        Degrees of freedom.

    Returns
    -------
    tensor of shape (n, k)
        Logarithms of shares that sum to 1 over the centres.
    """
    # Not by products, whose rounding errors are of the size of the codes.
    apart = ops.expand_dims(code, -2) - centers
    distance = ops.sum(ops.square(apart), axis=-1)
    return log_softmax(-0.5 * (alpha + 1.0) * ops.log1p(distance / alpha))


def target_distribution(q: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Soft assignments made surer, with less for clusters that have much (ib., eq. 3).

    Parameters
    ----------
    q : array of shape (n, k)
        Soft assignments.
    frequency : array of shape (k,)
        Their sums over all rows.

    Returns
    -------
    array of shape (n, k), float32
        q^2 / frequency as shares.
    """
    weight = np.square(q, dtype=np.float64) / np.maximum(frequency, TINY)
    shares: np.ndarray = weight / weight.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


@keras.saving.register_keras_serializable(package="skunsup")
class EmbeddedClusteringNetwork(WeightedDecoder, CodeNetwork):
    """Autoencoder with centres of clusters in its code.

    Objective: KL(p, q), the mean divergence of the soft assignments q of the rows from
    their targets p (Xie et al. 2016, eq. 2), plus `reconstruction_weight` times the
    mean reconstruction loss in units of that at the start (Guo et al. 2017, eq. 8, in
    which the other term has the weight). With a weight of 0 the decoder goes on
    learning to decode the codes, and the encoder does not see its loss.

    A minibatch has the columns of a row, and the row's targets behind them.

    Parameters
    ----------
    encoder, decoder : keras.Model
        The two halves.
    n_features, n_components, n_clusters : int
        Widths of rows and of codes, number of centres.
    alpha : float
        Degrees of freedom of Student's t distribution.
    reconstruction_weight : float
        Weight of the reconstruction loss.
    loss, noise, noise_level
        See `CodeNetwork`.
    """

    own_terms = ("clustering", "reconstruction")

    defaults: ClassVar[dict[str, Any]] = {
        **CodeNetwork.defaults,
        **WeightedDecoder.defaults,
        "alpha": 1.0,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        shape = (self.settings["n_clusters"], self.settings["n_components"])
        self.centers = self.add_weight(name="centers", shape=shape, initializer="zeros")

    def loss_terms(self, x: Any) -> list[Any]:
        """Divergence from the targets, and weighted reconstruction loss."""
        n = self.settings["n_features"]
        rows, target = x[:, :n], x[:, n:]
        code = self.encoder(self.seen(rows), training=True)
        log_ratio = ops.log(target + TINY) - self._log_assignment(code)
        divergence = ops.mean(ops.sum(target * log_ratio, axis=-1))
        return [divergence, self.weighted_loss(code, rows)]

    def assignment(self, x: Any) -> Any:
        """Soft assignment of rows to the clusters."""
        return ops.exp(self._log_assignment(self.encode(x)))

    def _log_assignment(self, code: Any) -> Any:
        centers = ops.convert_to_tensor(self.centers)
        return log_assignment(code, centers, self.settings["alpha"])


class TargetRenewal:
    """Rows with targets behind them, which are renewed in the course of training.

    Parameters
    ----------
    architecture : Architecture
        Of an `EmbeddedClusteringNetwork`.
    data : FitData
        The rows.
    interval : int
        Steps between two renewals, at least.
    tol : float
        Training ends when less than this share of the rows change cluster from one
        renewal to the next.
    """

    def __init__(
        self, architecture: Architecture, data: FitData, interval: int, tol: float
    ) -> None:
        self.architecture, self.data = architecture, data
        self.interval, self.tol = interval, tol
        self.due = 0
        self.labels: np.ndarray | None = None

    def __call__(self, step: int, values: list[np.ndarray]) -> Rows | None:
        """Return the rows with their targets after `step` steps, None at the end."""
        if step >= self.due:
            self.due = step + self.interval
            q = FittedNetwork(self.architecture, values).compute(
                "assignment", self.data.rows
            )
            sample: WeightedSampler = self.data.sample  # type: ignore[assignment]
            known = q[sample.index]
            if self._settled(known.argmax(axis=1), sample.weight):
                return None
            weight = np.ones(len(known)) if sample.weight is None else sample.weight
            frequency = all_rows((weight @ known)[None]).sum(axis=0)
            self.targets = target_distribution(q, frequency)
            self.rows = hstack(self.data.rows, self.targets)
        return self.rows

    def saved(self) -> dict[str, Any]:
        """State for the file of a checkpoint."""
        assert self.labels is not None
        labels, targets = all_rows(self.labels), all_rows(self.targets)
        return {"due": self.due, "labels": labels, "targets": targets}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what it knew."""
        self.due = saved["due"]
        n_distinct = len(self.data.sample.index)
        self.labels = own_of_all(saved["labels"], n_distinct)
        self.targets = own_of_all(saved["targets"], self.data.rows.n)
        self.rows = hstack(self.data.rows, self.targets)

    def _settled(self, labels: np.ndarray, weight: np.ndarray | None) -> bool:
        before, self.labels = self.labels, labels
        if before is None:
            return False
        total = float(len(labels) if weight is None else weight.sum())
        moved = float(np.average(labels != before, weights=weight))
        return mean_of_all(moved, total) < self.tol
