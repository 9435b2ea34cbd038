"""Start a dense autoencoder at the PCA solution of its data."""

from typing import Any

import keras
import numpy as np
from keras import ops
from sklearn.decomposition import PCA

from skunsup._networks._architecture import Architecture
from skunsup._networks._network import Network

# Where an activation is looked for an affine piece, widest first: (centre, half-width,
# greatest distance from a line over half-width and slope). A narrow piece is closer to
# a line, but the narrower it is, the larger are the weights that read it out, and with
# them the steps of training: those of a hundredth undo the start.
PIECES = (
    (0.0, 1.0, 1e-4),
    (1.0, 1.0, 1e-4),
    (8.0, 1.0, 1e-4),
    (16.0, 1.0, 1e-4),
    (0.0, 0.12, 6e-4),
    (0.0, 0.06, 6e-4),
)


def pca_values(
    architecture: Architecture,
    network: Network,
    values: list[np.ndarray],
    X: np.ndarray,
) -> list[np.ndarray]:
    """Change start values so that the network reconstructs `X` as PCA does.

    The leading principal scores travel through one unit a direction in every hidden
    layer, scaled into a piece of the activation that is affine, and are read out
    exactly; the other units keep their random incoming weights and start with outgoing
    weights of zero. A data-dependent initialisation, resting on the equivalence of
    linear autoencoders and PCA (Baldi & Hornik 1989).

    Parameters
    ----------
    architecture : Architecture
        Whose parts `encoder` and `decoder` are dense stacks, of one network or of
        several, of which the narrow ones carry the first directions.
    network : Network
        What it builds.
    values : list of arrays
        Variables of `network`, as `Architecture.initial_values` gives them.
    X : array of shape (n, n_features), float32
        Rows to decompose.

    Returns
    -------
    list of arrays
        New values; the input is not changed.

    Raises
    ------
    ValueError
        If a hidden layer has fewer units than the directions it must carry, or the
        activation has no affine piece.
    """
    parts: Any = architecture.parts
    encoder, decoder = parts["encoder"].stack, parts["decoder"].stack
    n_carried = min(encoder.n_outputs, *X.shape)
    _check_widths(encoder.sizes[:-1], n_carried)
    if decoder.output_activation != "linear":
        raise ValueError(
            "init='pca' needs a linear output, but the loss gives the decoder a "
            f"{decoder.output_activation}. Use init='random', or "
            "loss='mean_squared_error'."
        )
    tall = X.shape[0] >= X.shape[1]
    pca = PCA(n_carried, svd_solver="covariance_eigh" if tall else "full")
    pca.set_output(transform="default")
    with np.errstate(invalid="ignore"):  # constant rows have no variance to share out
        pca.fit(X.astype(np.float64))
    reach = float(np.abs(pca.transform(X.astype(np.float64))).max()) or 1.0
    carrier = _Carrier(n_carried, reach, affine_piece(encoder.activation))
    new, identity = list(values), np.eye(n_carried)
    for name, wanted in {
        "encoder": (pca.components_.T, -pca.mean_ @ pca.components_.T, identity, 0.0),
        "decoder": (identity, 0.0, pca.components_, pca.mean_),
    }.items():
        old = architecture.taken(network, values, name)
        changed = parts[name].each_member(old, carrier.stack, *wanted)
        architecture.put(network, new, name, changed)
    return new


def _check_widths(hidden: tuple[int, ...], n_carried: int) -> None:
    narrowest = min(hidden, default=n_carried)
    if narrowest < n_carried:
        raise ValueError(
            f"init='pca' carries {n_carried} directions through every hidden layer, "
            f"but hidden_layer_sizes has a layer of {narrowest} units. Widen it to at "
            f"least {n_carried}, lower n_components, or use init='random'."
        )


def affine_piece(activation: str | object) -> tuple[float, float, float, float]:
    """Return (centre, half-width, value, slope) of an affine piece of `activation`."""
    function = keras.activations.get(activation)
    t = np.linspace(-1.0, 1.0, 41, dtype=np.float32)
    for centre, width, tolerance in PIECES:
        x = (centre + width * t).astype(np.float32)
        y = np.asarray(
            ops.convert_to_numpy(function(ops.convert_to_tensor(x))), np.float64
        )
        slope, value = np.polyfit(width * t.astype(np.float64), y, 1)
        error = np.abs(value + slope * width * t - y).max()
        if abs(slope) > 1e-3 and error <= tolerance * abs(slope) * width:
            return centre, width, float(value), float(slope)
    raise ValueError(
        f"init='pca' needs an activation that is close to a straight line somewhere; "
        f"activation={activation!r} is not. Use init='random'."
    )


class _Carrier:
    """Writes weights that carry `n` signals within [-reach, reach] through a stack."""

    def __init__(
        self, n: int, reach: float, piece: tuple[float, float, float, float]
    ) -> None:
        self.n = n
        self.centre, width, self.value, slope = piece
        self.gain = width / reach
        self.readout = 1.0 / (slope * self.gain)

    def stack(
        self,
        values: list[np.ndarray],
        project: np.ndarray,
        shift: np.ndarray | float,
        expand: np.ndarray,
        offset: np.ndarray | float,
    ) -> list[np.ndarray]:
        """Let a stack compute (x @ project + shift) @ expand + offset.

        Parameters
        ----------
        values : list of arrays
            Kernels and biases of the stack, in turn.
        project : array of shape (n_inputs or fewer, n)
            From the input, whose other columns are not looked at, to the signals.
        shift : array of shape (n,) or 0
            Added to the signals.
        expand : array of shape (n, n_outputs or fewer)
            From the signals to the output, whose other columns keep their start.
        offset : array or 0
            Added to the output.
        """
        new = [value.copy() for value in values]
        layers = list(zip(new[::2], new[1::2], strict=True))
        if len(layers) == 1:
            self._write(*layers[0], project @ expand, shift @ expand + offset
                        if np.ndim(shift) else offset)  # fmt: skip
            return new
        gain, n = self.gain, self.n
        self._write(*layers[0], project * gain, self.centre + shift * gain)
        for kernel, bias in layers[1:-1]:
            hold = self.readout * gain
            self._write(kernel, bias, np.eye(n) * hold, self.centre - self.value * hold)
        read = expand * self.readout
        self._write(*layers[-1], read, offset - self.value * read.sum(axis=0))
        return new

    @staticmethod
    def _write(
        kernel: np.ndarray,
        bias: np.ndarray,
        weights: np.ndarray,
        constant: np.ndarray | float,
    ) -> None:
        """Set the weights from the first inputs to the first outputs."""
        n_in, n_out = weights.shape
        kernel[:, :n_out] = 0.0
        kernel[:n_in, :n_out] = weights
        bias[:n_out] = constant
