"""Network that embeds rows and tells their clusters."""

from typing import Any

import keras
from keras import ops

from skunsup.models._gaussian import log_softmax
from skunsup.models._neighbor_network import PairNetwork, halves

CERTAINTY = 0.9  # of a label; the rest is shared by all clusters


def smoothed_cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean cross-entropy of labels smoothed by 0.1 (Szegedy et al. 2016, section 7).

    Parameters
    ----------
    logits : tensor of shape (n, n_clusters)
        Logits of clusters.
    labels : tensor of shape (n,)
        Their numbers; rows of which they are negative do not count.
    """
    n_clusters = logits.shape[-1]
    known = ops.cast(labels >= 0, "float32")
    own = ops.one_hot(ops.cast(labels, "int32"), n_clusters)
    target = CERTAINTY * own + (1.0 - CERTAINTY) / n_clusters
    losses = -ops.sum(target * log_softmax(logits), axis=-1)
    return ops.sum(known * losses) / ops.maximum(ops.sum(known), 1.0)


@keras.saving.register_keras_serializable(package="skunsup")
class ClusterNetwork(PairNetwork):
    """Encoder that gives neighbours similar codes, with a head that tells clusters.

    Rows of pairs come with the number of their cluster behind them, -1 for none.
    Objective: `info_nce` of the codes, and `smoothed_cross_entropy` of the clusters.

    Parameters
    ----------
    encoder : keras.Model
        A `SphereEncoder`.
    head : keras.Model
        From codes to logits of clusters.
    temperature, projected, noise, noise_level, n_reference
        As of `PairNetwork`.
    """

    own_terms = ("contrast", "cross_entropy")

    def loss_terms(self, x: Any) -> list[Any]:
        """Contrast and cross-entropy of the pairs in `x`."""
        rows = ops.concatenate(halves(x))
        codes, contrast = self.contrast(rows[:, :-1])
        return [contrast, smoothed_cross_entropy(self.head(codes), rows[:, -1])]

    def encode(self, x: Any) -> Any:
        """Codes of rows."""
        return self.encoder(x, training=False)

    def probabilities(self, x: Any) -> Any:
        """Probabilities of clusters."""
        logits = self.head(self.encoder(x, training=False))
        return ops.exp(log_softmax(logits))

    def call(self, x: Any, training: bool = False) -> Any:
        """Return logits of clusters, as Keras users expect of the model."""
        return self.head(self.encoder(x, training=training))
