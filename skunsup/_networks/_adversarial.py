"""Losses of a discriminator and of its generator."""

from typing import Any

from keras import ops

ADVERSARIAL_LOSSES = ("hinge", "least-squares", "non-saturating", "wasserstein")


def generator_loss(kind: str, logits: Any, towards: int = 1) -> Any:
    """Mean loss of a network that wants its `logits` to look real (1) or not (-1).

    Non-saturating (Goodfellow et al. 2014, section 3), least squares with targets 1 and
    0 (Mao et al. 2017, eq. 9), hinge (Lim & Ye 2017, eq. 5) or Wasserstein (Arjovsky et
    al. 2017, theorem 3).
    """
    if kind in ("hinge", "wasserstein"):
        return -towards * ops.mean(logits)
    return _classification_loss(kind, logits, towards)


def discriminator_loss(kind: str, real: Any, fake: Any) -> Any:
    """Mean loss of a discriminator that gave the logits `real` and `fake`."""
    if kind == "wasserstein":
        return ops.mean(fake) - ops.mean(real)
    return _classification_loss(kind, real, 1) + _classification_loss(kind, fake, -1)


def _classification_loss(kind: str, logits: Any, label: int) -> Any:
    if kind == "non-saturating":
        return ops.mean(ops.softplus(-label * logits))
    if kind == "least-squares":
        return 0.5 * ops.mean(ops.square(logits - (label + 1) / 2))
    return ops.mean(ops.relu(1.0 - label * logits))


def accuracies(kind: str, real: Any, fake: Any) -> list[Any]:
    """Shares of the real and of the generated rows that the discriminator recognises.

    Both near 0.5: it cannot tell them apart. Both near 1: generated rows are unlike.
    The logits of a Wasserstein critic have no zero; they are split midway.
    """
    middle = {"least-squares": 0.5}.get(kind, 0.0)
    if kind == "wasserstein":
        middle = (ops.mean(real) + ops.mean(fake)) / 2
    return [
        ops.mean(ops.cast(real > middle, "float32")),
        ops.mean(ops.cast(fake < middle, "float32")),
    ]


def gradient_penalty(slopes: Any) -> Any:
    """Mean squared distance from 1 of the norms of `slopes` (Gulrajani et al. 2017)."""
    norms = ops.sqrt(ops.sum(ops.square(slopes), axis=-1) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))


def zero_gradient_penalty(slopes: Any) -> Any:
    """Half the mean squared norm of `slopes` (Mescheder et al. 2018, eq. 9)."""
    return 0.5 * ops.mean(ops.sum(ops.square(slopes), axis=-1))
