"""Base of the networks with a discriminator, and its parts."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from keras import ops

from skunsup._networks import (
    DenseStack,
    EncoderLayers,
    Network,
    NetworkSpec,
    accuracies,
    discriminator_loss,
    frozen,
    gradient_penalty,
    resolve_activation,
    uniform,
    user_network,
    zero_gradient_penalty,
)
from skunsup.inputs import Inputs
from skunsup.models._parts import layer_sizes

METRICS = ("accuracy_real", "accuracy_fake", "spread")
DEFAULT_PENALTY = {"wasserstein": 10.0}


class Adversary(Network):
    """Base of the networks with a discriminator: hidden layers and a linear head.

    Each discriminator is two parts, `discriminator` and `head`; further ones have a
    prefix. The `settings` hold `adversarial_loss` and `gradient_penalty`, and a
    subclass owns a `noise_state`.
    """

    own_metrics: tuple[str, ...] = METRICS
    defaults: ClassVar[dict[str, Any]] = {
        "adversarial_loss": "non-saturating",
        "gradient_penalty": 0.0,
        "gradient_penalty_at": "between",
        "n_critic": 1,
    }

    def discriminate(self, x: Any, training: bool = False, of: str = "") -> Any:
        """Logits of rows, shape (n,), by the discriminator `of` that name."""
        hidden = getattr(self, f"{of}discriminator")(x, training=training)
        return getattr(self, f"{of}head")(hidden, training=training)[:, 0]

    def discriminate_frozen(self, x: Any, of: str = "") -> Any:
        """Logits of rows, with gradients for the rows alone."""
        hidden = frozen(getattr(self, f"{of}discriminator"), x)
        return frozen(getattr(self, f"{of}head"), hidden)[:, 0]

    def discriminator_terms(
        self, real: Any, fake: Any, of: str = ""
    ) -> tuple[Any, list[Any]]:
        """Loss of the discriminator on real and generated rows, and its accuracies."""
        settings = self.settings
        real, fake = ops.stop_gradient(real), ops.stop_gradient(fake)
        n = ops.shape(real)[0]
        logits = self.discriminate(ops.concatenate([real, fake]), training=True, of=of)
        kind = settings["adversarial_loss"]
        loss = discriminator_loss(kind, logits[:n], logits[n:])
        if settings["gradient_penalty"]:
            loss = loss + settings["gradient_penalty"] * self._penalty(
                real, fake, partial(self.discriminate, of=of)
            )
        return loss, accuracies(kind, logits[:n], logits[n:])

    def _penalty(self, real: Any, fake: Any, discriminate: Callable[[Any], Any]) -> Any:
        if self.input_gradient is None:
            raise NotImplementedError(
                "gradient_penalty needs the gradient of the discriminator by its "
                "input, which only the estimator's own training knows. Call fit of "
                "the estimator, or train this model with gradient_penalty=0."
            )
        if self.settings["gradient_penalty_at"] == "real":
            return zero_gradient_penalty(self.input_gradient(discriminate, real))
        share = uniform((ops.shape(real)[0], 1), self.noise_state)
        between = share * real + (1.0 - share) * fake
        return gradient_penalty(self.input_gradient(discriminate, between))


def spread(fake: Any, real: Any) -> Any:
    """Mean standard deviation of the columns of `fake` relative to that of `real`."""
    fake, real = ops.stop_gradient(fake), ops.stop_gradient(real)
    sizes = [ops.mean(ops.std(x, axis=0)) + 1e-6 for x in (fake, real)]
    return sizes[0] / sizes[1]


def discriminator_parts(
    estimator: Any, inputs: Inputs, n_beside: int = 0, of: str = ""
) -> dict[str, NetworkSpec]:
    """Return the hidden layers of a discriminator and its linear head.

    The names of parts and of the parameter for an own network have the prefix `of`.

    Parameters
    ----------
    estimator : DeepEstimator
        Has the parameters of `DiscriminatorParameters`.
    inputs : Inputs
        What is judged.
    n_beside : int, default=0
        Columns of a code behind each row.
    of : str, default=""
        Which discriminator.

    Raises
    ------
    ValueError
        If an own discriminator does not fit, or there is no gradient by rows.
    """
    if inputs.likelihood_ is not None and not inputs.likelihood_.smooth:
        raise ValueError(
            f"{type(estimator).__name__} learns by the gradient of a discriminator by "
            f"generated rows, but rows of inputs={estimator.inputs!r} are whole tokens "
            "and have none. Use VariationalAutoencoder or AdversarialAutoencoder, or "
            "for outliers VAEDetector or AAEDetector."
        )
    spectral = bool(estimator.spectral_normalization)
    name = f"{of}discriminator"
    own = getattr(estimator, name)
    if own is None:
        activation = resolve_activation(estimator.activation)
        sizes = discriminator_sizes(estimator, inputs)
        hidden = inputs.encoder(
            EncoderLayers(sizes, activation, activation, n_beside, spectral)
        )
    else:
        hidden = user_network(name, own, inputs.n_columns_ + n_beside, None)
    head = DenseStack(hidden.n_outputs, (1,), "linear", "linear", spectral)
    return {name: hidden, f"{of}head": head}


def discriminator_sizes(estimator: Any, inputs: Inputs) -> tuple[int, ...]:
    """Return the widths of the hidden layers of a discriminator.

    Raises
    ------
    ValueError
        If there is none.
    """
    given, asked = estimator.discriminator_layer_sizes, "discriminator_layer_sizes"
    if given is None:
        given, asked = estimator.hidden_layer_sizes, "hidden_layer_sizes"
    sizes = inputs.hidden_layer_sizes_ if given is None else layer_sizes(given, asked)
    if not sizes:
        raise ValueError(
            f"{asked}={given!r} leaves the discriminator no hidden layer, so that "
            "it could only tell means apart. Give discriminator_layer_sizes."
        )
    return sizes


def penalty_settings(estimator: Any) -> dict[str, Any]:
    """Return the weight of the gradient penalty, for None the loss's own, and where.

    Parameters
    ----------
    estimator : DeepEstimator
        Has the parameters of `DiscriminatorParameters`.
    """
    weight = estimator.gradient_penalty
    if weight is None:
        weight = DEFAULT_PENALTY.get(estimator.adversarial_loss, 0.0)
    return {
        "gradient_penalty": float(weight),
        "gradient_penalty_at": estimator.gradient_penalty_at,
    }
