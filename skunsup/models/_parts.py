"""The sub-networks that an estimator's parameters ask for."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from skunsup._fit_data import FitData
from skunsup._networks import (
    LOSS_DOMAINS,
    DecoderLayers,
    DenseStack,
    EncoderLayers,
    NetworkSpec,
    check_loss,
    check_loss_domain,
    keras_name,
    output_activation,
    resolve_activation,
)
from skunsup.inputs import Inputs
from skunsup.models._own_parts import own_encoder, own_output

# Reconstruction losses in place of the likelihoods of a variational autoencoder.
LIKELIHOOD_LOSSES = {
    "gaussian": "mean_squared_error",
    "bernoulli": "binary_crossentropy",
    "multinomial": "categorical_crossentropy",
}


def layer_sizes(given: int | Sequence[int], name: str = "hidden_layer_sizes") -> tuple:
    """Return the widths of hidden layers as a tuple.

    Raises
    ------
    ValueError
        If one is not a whole number above 0.
    """
    sizes = (given,) if isinstance(given, Integral) else tuple(given)  # type: ignore[arg-type]
    for size in sizes:
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(
                f"{name}={given!r} holds {size!r}, but each hidden "
                "layer needs a whole number of units, at least 1. Leave the entry "
                "out for one layer less."
            )
    return tuple(int(size) for size in sizes)


def hidden_sizes(estimator: Any, inputs: Inputs) -> tuple[int, ...]:
    """Return the widths of hidden layers that were asked for, or that suit the data."""
    given = estimator.hidden_layer_sizes
    return inputs.hidden_layer_sizes_ if given is None else layer_sizes(given)


def encoder_part(estimator: Any, inputs: Inputs, per_component: int = 1) -> NetworkSpec:
    """Return the network from rows to codes, by default hidden layers and a linear one.

    Parameters
    ----------
    estimator : DeepEstimator
        Has the parameters of `CodeParameters`.
    inputs : Inputs
        Fitted kind of data.
    per_component : int, default=1
        Numbers that the network gives for each component of the code.

    Raises
    ------
    ValueError
        If an own encoder does not fit.
    """
    wanted = estimator.n_components
    asked = None if wanted is None else per_component * wanted
    encoder = encoder_of_width(estimator, inputs, asked, 2 * per_component)
    width = encoder.n_outputs
    if width % per_component:
        raise ValueError(
            f"encoder returns {width} columns, but expected {per_component} for each "
            "component of the code. Let its last layer have a multiple of "
            f"{per_component} units."
        )
    if asked not in (None, width):
        each = "" if per_component == 1 else f", {per_component} for each component"
        raise ValueError(
            f"n_components={wanted}, but encoder returns {width} columns{each}. Leave "
            f"n_components out, or set it to {width // per_component}."
        )
    return encoder


def encoder_of_width(
    estimator: Any, inputs: Inputs, asked: int | None, default: int
) -> NetworkSpec:
    """Network from rows to numbers: the estimator's own, or one of hidden layers.

    Parameters
    ----------
    estimator : DeepEstimator
        Has the parameters of `CodeParameters`.
    inputs : Inputs
        Fitted kind of data.
    asked : int or None
        How many numbers; None for those that an own network gives.
    default : int
        How many where none are asked for and there is no own network.
    """
    if estimator.encoder is not None:
        return own_encoder(estimator.encoder, inputs, asked)
    sizes = (*hidden_sizes(estimator, inputs), asked or default)
    activation = resolve_activation(estimator.activation)
    return inputs.encoder(EncoderLayers(sizes, activation))


def encoder_and_decoder(
    estimator: Any, inputs: Inputs, last: str
) -> dict[str, NetworkSpec]:
    """Return both halves of an autoencoder, as `encoder_part` and `decoder_part` do."""
    encoder = encoder_part(estimator, inputs)
    decoder = decoder_part(estimator, encoder.n_outputs, inputs, last)
    return {"encoder": encoder, "decoder": decoder}


def decoder_part(
    estimator: Any,
    n_components: int,
    inputs: Inputs,
    last: str,
    hidden: tuple[int, ...] | None = None,
) -> NetworkSpec:
    """Return the network from codes to rows, by default the encoder's mirror image.

    Parameters
    ----------
    estimator : DeepEstimator
        Has the parameters of `CodeParameters`.
    n_components : int
        Number of columns in.
    inputs : Inputs
        Fitted kind of data.
    last : str
        Activation of the default network's last layer, for real-valued outputs.
    hidden : tuple of int, default=None
        Widths of the encoder's hidden layers; None for those that the parameters ask
        for.

    Raises
    ------
    ValueError
        If an own decoder does not fit, or the output must be a distribution over the
        columns but X is of a kind with a loss for each cell.
    """
    if last == "softmax" and inputs.likelihood_ is not None:
        raise ValueError(
            "likelihood='multinomial' and loss='categorical_crossentropy' are for rows "
            f"of counts, but inputs={estimator.inputs!r} has cells of other kinds. Use "
            "likelihood='gaussian' or loss='mean_squared_error', or inputs=None."
        )
    if estimator.decoder is None:
        hidden = hidden_sizes(estimator, inputs) if hidden is None else hidden
        activation = resolve_activation(estimator.activation)
        return inputs.decoder(
            DecoderLayers(n_components, hidden[::-1], activation, last)
        )
    return own_output("decoder", estimator.decoder, n_components, inputs)


def linear(n_inputs: int, n_outputs: int) -> DenseStack:
    """Return one linear layer."""
    return DenseStack(n_inputs, (n_outputs,), "linear")


def reconstruction(loss: Any, data: FitData) -> tuple[Any, str]:
    """Return a described reconstruction loss and the output activation it needs.

    Raises
    ------
    ValueError
        If the loss is unknown, or the data lie outside of its domain.
    """
    described = check_loss(loss, data.n_features)
    if keras_name(described) in LOSS_DOMAINS:
        check_loss_domain(described, *data.inputs.value_range(data.rows))
    return described, output_activation(described)


def noise_settings(estimator: Any) -> dict[str, Any]:
    """Settings of a network by `NoiseParameters`; the level is 0 without noise.

    Raises
    ------
    ValueError
        If a probability is above 1.
    """
    noise, noise_level = estimator.noise, estimator.noise_level
    if noise in ("masking", "swap") and noise_level > 1:
        raise ValueError(
            f"noise_level={noise_level} is the probability that noise={noise!r} hits a "
            "cell, so it must lie in [0, 1]. Lower it, or use noise='gaussian'."
        )
    return {"noise": noise, "noise_level": float(noise_level) if noise else 0.0}
