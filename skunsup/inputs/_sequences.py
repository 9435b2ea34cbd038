"""Time sequences: recurrent networks and dilated convolutions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import (
    NetworkSpec,
    Numbers,
    SequenceDecoder,
    SequenceEncoder,
    SequenceLikelihood,
    StepLayers,
    n_layers_for,
)
from skunsup._sklearn import MOST_UNITS, StrOptions, check_params, integers
from skunsup._training import Rows
from skunsup._validation import check_rows, check_X, value_range
from skunsup.inputs._base import Inputs, Layout, Read, float_dtype
from skunsup.inputs._ragged import (
    PaddedRows,
    Ragged,
    check_sequences,
    flat_map,
    is_flat,
    is_mapped_array,
    unboxed,
)

Shape = tuple[int, int]
HIDDEN = (64,)
MOST_LAYERS = 6  # of convolutions, where the user leaves it open


class Sequences(Inputs):
    """Time sequences in rows: as value of `inputs`, it makes a model recurrent.

    X may hold sequences of one length, shape (n, steps, numbers); rows of their values,
    step by step, shape (n, steps * numbers), with `sequence_shape`, as
    :class:`SlidingWindows` makes them; or a list of arrays of shape (steps, numbers),
    which may differ in length. An array may also end in steps that are all NaN: they
    are taken for padding, and missing values anywhere else are refused. Values should
    be on a scale near 1.

    Each value is a cell, which counts as much as any other of its row in the loss;
    padding does not count. Where sequences differ in length, the length is one cell
    more, and part of the model: the decoder says how likely each length is. What a
    model gives back has the form of X in `fit`, with the likeliest length in
    `inverse_transform`, a length drawn by its probability in `sample`, and that of the
    row itself in `reconstruct`.

    Parameters
    ----------
    layer : {"gru", "lstm", "conv"}, default="gru"
        What runs over the steps. Recurrent layers, of which the last state goes on to
        the `hidden_layer_sizes` of the model, and which unfold the code step by step in
        the decoder [1]_; or dilated convolutions that look back in time alone [2]_,
        whose mean, maximum and last step go on. These are faster on long sequences.
    units : int, default=64
        Width of each such layer, at most 1,000,000.
    n_layers : int, default=None
        How many, at most 1,000. None means 1 of a recurrent kind, or as many
        convolutions as let the last step see all, up to 6.
    kernel_size : int, default=3
        Steps that a convolution looks at; they are 1, 2, 4, ... steps apart from one
        layer to the next. At most 1,000,000.
    sequence_shape : (int, int), default=None
        Steps of the longest sequence and numbers in each step; None for what X says.
        Needed for flat rows, and of use to leave room for sequences to come that are
        longer than those of `fit`.

    See Also
    --------
    SlidingWindows : Cuts long series into such sequences.
    Images : Rows that have an order in two directions.

    Notes
    -----
    `feature_scores` has a column for each value, step by step, and a last one for the
    length where sequences differ in it.

    Own networks (`encoder`, `decoder`) take and return (steps, numbers), or flat rows
    where sequences differ in length: values, filled up with zeros, and then 1 for each
    step that there is, where a decoder returns logits that a step is the last.

    References
    ----------
    .. [1] Srivastava, Mansimov & Salakhutdinov, "Unsupervised learning of video
       representations using LSTMs", ICML 2015, section 2.2.
    .. [2] Bai, Kolter & Koltun, "An empirical evaluation of generic convolutional and
       recurrent networks for sequence modeling", arXiv:1803.01271, 2018, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import Autoencoder, Sequences
    >>> rng = np.random.default_rng(0)
    >>> X = [np.sin(rng.uniform(1, 9) + np.arange(n) / 2)[:, None] for n in (9, 7, 8)]
    >>> model = Autoencoder(2, inputs=Sequences(), epochs=2, random_state=0).fit(X)
    >>> model.transform(X).shape
    (3, 2)
    >>> [len(sequence) for sequence in model.reconstruct(X)]
    [9, 7, 8]
    """

    _boxed = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "layer": [StrOptions({"gru", "lstm", "conv"})],
        "units": [integers(1, MOST_UNITS)],
        "n_layers": [integers(1, 1_000), None],
        "kernel_size": [integers(1, MOST_UNITS)],
        "sequence_shape": [tuple, list, None],
    }

    def __init__(
        self,
        layer: str = "gru",
        *,
        units: int = 64,
        n_layers: int | None = None,
        kernel_size: int = 3,
        sequence_shape: Sequence[int] | None = None,
    ) -> None:
        self.layer = layer
        self.units = units
        self.n_layers = n_layers
        self.kernel_size = kernel_size
        self.sequence_shape = sequence_shape

    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Learn length, width and form of the sequences in `X`, and read them.

        Parameters
        ----------
        estimator : BaseEstimator
            Whose data they are; gets what it must know about columns.
        X : object
            Training data.
        min_samples : int
            Fewest rows that will do.

        Returns
        -------
        layout : Layout
            What was learned.
        read : Read
            The rows of `X`.
        """
        check_params(self)
        given, X = _checked_shape(self.sequence_shape), unboxed(X)
        if is_flat(X, given):
            checked = check_X(estimator, X, reset=True, min_samples=min_samples)
            layout = self._layout(_shape_of_flat(checked, given), False, "flat")
            named = hasattr(estimator, "feature_names_in_")
            return layout, layout.read(estimator, X if named else checked)
        longest, shortest, width, n, form = _measured(X)
        if n < min_samples:
            raise ValueError(
                f"X holds {n} sequence(s) (n_samples={n}), but a minimum of "
                f"{min_samples} is required."
            )
        length, width = given or (longest, width)
        layout = self._layout((length, width), shortest < length, form)
        estimator.n_features_in_ = length * width
        return layout, layout.read(estimator, X)

    def _layout(self, shape: Shape, ragged: bool, form: str) -> "SequenceLayout":
        kernel_size, n = int(self.kernel_size), self.n_layers
        if n is None:
            conv = self.layer == "conv"
            n = min(n_layers_for(shape[0], kernel_size), MOST_LAYERS) if conv else 1
        steps = StepLayers(self.layer, int(self.units), int(n), kernel_size)
        return SequenceLayout(shape, ragged, steps, form)


@dataclass
class SequenceLayout(Layout):
    """Fitted form of sequences.

    Parameters
    ----------
    sequence_shape : (int, int)
        Steps of the longest, and numbers in each step.
    ragged : bool
        Whether some are shorter.
    steps : StepLayers
        Layers over the steps.
    form : {"flat", "array", "list", "vectors"}
        What `fit` was given: flat rows, an array of three dimensions, or a list of
        arrays of two, or of one.
    """

    sequence_shape: Shape
    ragged: bool
    steps: StepLayers
    form: str

    def __post_init__(self) -> None:
        length, width = self.sequence_shape
        self.n_values = length * width
        self.shape = None if self.ragged else self.sequence_shape
        self.likelihood = (
            SequenceLikelihood(length, width) if self.ragged else Numbers(self.n_values)
        )
        self.n_columns = self.likelihood.n_columns
        self.hidden = HIDDEN

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Return the smallest and the largest value in rows."""
        return value_range(rows, self.n_values)

    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Return rows of values, and of which steps there are."""
        X = unboxed(X)
        if is_flat(X, self.sequence_shape):
            X = check_X(estimator, X, reset=False, name=name)
            if not self.ragged:
                columns = getattr(estimator, "feature_names_in_", None)
                return Read(check_rows(X, columns, name), float_dtype(X))
            X = X.toarray() if hasattr(X, "toarray") else X
            X = X.reshape(-1, *self.sequence_shape)
        if is_mapped_array(X) and X.shape[1:] == self.shape:
            return Read(check_rows(flat_map(X), None, name), float_dtype(X))
        found = check_sequences(X, name)
        self._check(found, type(estimator).__name__, name)
        if self.ragged:
            return Read(PaddedRows(found.items, *self.sequence_shape), found.dtype)
        stacked = np.stack(found.items)
        return Read(Rows(stacked.reshape(len(stacked), -1)), found.dtype)

    def _check(self, found: Ragged, estimator: str, name: str) -> None:
        length, width = self.sequence_shape
        if found.width != width:
            raise ValueError(
                f"{name} holds sequences of {found.width} number(s) a step, but "
                f"{estimator} is for {width}. Give the same columns as in fit."
            )
        longer = found.steps > length
        if longer.any():
            at = int(longer.argmax())
            raise ValueError(
                f"Sequence {at} of {name} has {found.steps[at]} steps, but {estimator} "
                f"is for sequences of at most {length}. Cut it, for instance to its "
                f"last {length} steps, or fit with Sequences(sequence_shape="
                f"({found.steps.max()}, {width})) to leave room."
            )
        shorter = found.steps < length
        if shorter.any() and not self.ragged:
            at = int(shorter.argmax())
            raise ValueError(
                f"Sequence {at} of {name} has {found.steps[at]} steps, but all in fit "
                f"had {length}, so {estimator} knows no padding. Fit on sequences that "
                "differ in length, or with a longer Sequences(sequence_shape=...)."
            )

    def restored(self, rows: np.ndarray, dtype: np.dtype) -> Any:
        """Return sequences of the form that `fit` saw, each of its likeliest length."""
        if not isinstance(self.likelihood, SequenceLikelihood):
            return self._formed(rows, None, dtype)
        values, _ = self.likelihood.split(rows)
        return self._formed(values, self.likelihood.likeliest(rows), dtype)

    def reconstructed(self, rows: np.ndarray, dtype: np.dtype, X: Any) -> Any:
        """Return sequences of the form that `fit` saw, as long as those of `X`."""
        if not isinstance(self.likelihood, SequenceLikelihood):
            return self.restored(rows, dtype)
        X = unboxed(X)
        flat = is_flat(X, self.sequence_shape)
        steps = None if flat else check_sequences(X, "X").steps
        return self._formed(self.likelihood.split(rows)[0], steps, dtype)

    def _formed(
        self, values: np.ndarray, steps: np.ndarray | None, dtype: np.dtype
    ) -> Any:
        """Return rows of values as sequences of `steps` each; None for all steps."""
        if self.form == "flat":
            return values.astype(dtype, copy=False)
        length, width = self.sequence_shape
        whole = values.reshape(-1, length, width).astype(dtype, copy=False)
        if steps is None:
            steps = np.full(len(whole), length)
        if self.form == "array":
            there = np.arange(length)[:, None] < steps[:, None, None]
            return whole if there.all() else np.where(there, whole, np.nan)
        if self.form == "vectors":
            whole = whole[:, :, 0]
        return [one[:n] for one, n in zip(whole, steps, strict=True)]

    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return layers over the steps, and fully connected ones."""
        if spectral and self.steps.kind != "conv":
            raise ValueError(
                "spectral_normalization=True divides the kernels of dense layers and "
                f"of convolutions, but inputs=Sequences({self.steps.kind!r}) has "
                "recurrent ones. Use Sequences('conv'), or gradient_penalty=1.0."
            )
        return SequenceEncoder(
            self.sequence_shape,
            self.ragged,
            replace(self.steps, spectral=spectral),
            sizes,
            activation,
            last,
            n_beside,
        )

    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return fully connected layers, and layers over the steps."""
        return SequenceDecoder(
            n_inputs,
            self.sequence_shape,
            self.ragged,
            self.steps,
            sizes,
            activation,
            last,
        )


def _measured(X: Any) -> tuple[int, int, int, int, str]:
    """Return most and fewest steps, numbers in each, sequences, and the form of `X`."""
    if is_mapped_array(X):
        n, length, width = X.shape
        return length, length, width, n, "array"
    found = check_sequences(X, "X")
    form = "vectors" if found.vectors else "list" if found.listed else "array"
    length = found.steps.max() if found.listed else found.length
    return int(length), int(found.steps.min()), found.width, len(found.steps), form


def _checked_shape(given: Sequence[int] | None) -> Shape | None:
    if given is None:
        return None
    shape = tuple(given)
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in shape)
    if len(shape) != 2 or not whole:
        raise ValueError(
            f"sequence_shape={given!r}, but expected (steps, numbers in each step), "
            "whole numbers above 0."
        )
    return int(shape[0]), int(shape[1])


def _shape_of_flat(X: Any, given: Shape | None) -> Shape:
    n = X.shape[1]
    if given is None:
        raise ValueError(
            f"X has shape {X.shape}, flat rows, which could be {n} steps of one number "
            f"or fewer steps of more. Say which: Sequences(sequence_shape=({n}, 1)), "
            "for instance."
        )
    if given[0] * given[1] != n:
        raise ValueError(
            f"sequence_shape={given} makes {given[0] * given[1]} values, but X has {n} "
            "columns (features). Give (steps, numbers in each step)."
        )
    return given
