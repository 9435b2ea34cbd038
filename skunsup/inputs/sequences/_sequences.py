"""Time sequences: recurrent networks and dilated convolutions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import DecoderLayers, EncoderLayers, NetworkSpec, Numbers
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import MOST_UNITS, StrOptions, check_params, integers
from skunsup._training import Rows, flat_map
from skunsup._validation import check_rows, check_X, value_range
from skunsup.inputs._base import Inputs
from skunsup.inputs._names import learn_columns
from skunsup.inputs.sequences._likelihood import SequenceLikelihood
from skunsup.inputs.sequences._networks import SequenceDecoder, SequenceEncoder
from skunsup.inputs.sequences._ragged import (
    PaddedRows,
    Ragged,
    check_sequences,
    is_flat,
    is_mapped_array,
    unboxed,
)
from skunsup.inputs.sequences._shapes import (
    Shape,
    checked_shape,
    measured,
    shape_of_flat,
)
from skunsup.inputs.sequences._step_layers import StepLayers, n_layers_for

HIDDEN = (64,)
MOST_LAYERS = 6  # of convolutions, where the user leaves it open


@parameters
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
    layer : {"gru", "lstm", "conv"}
        Layers over the steps. Recurrent layers, of which the last state goes on to the
        `hidden_layer_sizes` of the model, and which unfold the code step by step in
        the decoder [1]_; or dilated convolutions that look back in time alone [2]_,
        whose mean, maximum and last step go on. These are faster on long sequences.
    units : int
        Width of each such layer, at most 1,000,000.
    n_layers : int
        Number of layers, at most 1,000. None means 1 of a recurrent kind, or as many
        convolutions as let the last step see all, up to 6.
    kernel_size : int
        Steps that a convolution looks at; they are 1, 2, 4, ... steps apart from one
        layer to the next. At most 1,000,000.
    sequence_shape : (int, int)
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

    layer: str = parameter(
        [StrOptions({"gru", "lstm", "conv"})], default="gru", kw_only=False
    )
    units: int = parameter([integers(1, MOST_UNITS)], default=64)
    n_layers: int | None = parameter([integers(1, 1_000), None], default=None)
    kernel_size: int = parameter([integers(1, MOST_UNITS)], default=3)
    sequence_shape: Sequence[int] | None = parameter([tuple, list, None], default=None)

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Learn length, width and form of the sequences in `X`, and return rows."""
        check_params(self)
        given, X = checked_shape(self.sequence_shape), unboxed(X)
        if is_flat(X, given):
            checked = check_X(owner, X, reset=True, min_samples=min_samples)
            self._learn(shape_of_flat(checked, given), False, "flat")
            named = hasattr(owner, "feature_names_in_")
            return self.read_rows(X if named else checked, owner)
        longest, shortest, width, n, form = measured(X)
        if n < min_samples:
            raise ValueError(
                f"X holds {n} sequence(s) (n_samples={n}), but a minimum of "
                f"{min_samples} is required."
            )
        length, width = given or (longest, width)
        self._learn((length, width), shortest < length, form)
        learn_columns(owner, X, length * width)
        return self.read_rows(X, owner)

    def _learn(self, shape: Shape, ragged: bool, form: str) -> None:
        length, width = shape
        self.sequence_shape_, self.ragged_, self._form = shape, ragged, form
        self.row_shape_ = None if ragged else shape
        self.likelihood_ = (
            SequenceLikelihood(length, width) if ragged else Numbers(length * width)
        )
        self.n_columns_ = self.likelihood_.n_columns
        self.hidden_layer_sizes_ = HIDDEN

    @property
    def _steps(self) -> StepLayers:
        """Layers over the steps."""
        kernel_size, n = int(self.kernel_size), self.n_layers
        if n is None:
            most = min(n_layers_for(self.sequence_shape_[0], kernel_size), MOST_LAYERS)
            n = most if self.layer == "conv" else 1
        return StepLayers(self.layer, int(self.units), int(n), kernel_size)

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Return the smallest and the largest value in rows."""
        length, width = self.sequence_shape_
        return value_range(rows, length * width)

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Return rows of values, and of which steps there are."""
        X = unboxed(X)
        if is_flat(X, self.sequence_shape_):
            X = check_X(owner, X, reset=False, name=name)
            if not self.ragged_:
                return check_rows(X, getattr(owner, "feature_names_in_", None), name)
            X = X.toarray() if hasattr(X, "toarray") else X
            X = X.reshape(-1, *self.sequence_shape_)
        if is_mapped_array(X) and X.shape[1:] == self.row_shape_:
            return check_rows(flat_map(X), None, name)
        found = check_sequences(X, name)
        self._check(found, type(owner).__name__, name)
        rows = (
            PaddedRows(found.items, *self.sequence_shape_)
            if self.ragged_
            else Rows(np.stack(found.items).reshape(len(found.items), -1))
        )
        rows.result_dtype = found.dtype
        return rows

    def _check(self, found: Ragged, estimator: str, name: str) -> None:
        length, width = self.sequence_shape_
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
        if shorter.any() and not self.ragged_:
            at = int(shorter.argmax())
            raise ValueError(
                f"Sequence {at} of {name} has {found.steps[at]} steps, but all in fit "
                f"had {length}, so {estimator} knows no padding. Fit on sequences that "
                "differ in length, or with a longer Sequences(sequence_shape=...)."
            )

    def restore_rows(self, rows: np.ndarray, dtype: np.dtype, like: Any = None) -> Any:
        """Return sequences of the form that `fit` saw.

        Each has its likeliest length, or that of the sequence in `like`.
        """
        if not isinstance(self.likelihood_, SequenceLikelihood):
            return self._formed(rows, None, dtype)
        values, _ = self.likelihood_.split(rows)
        return self._formed(values, self._lengths(rows, like), dtype)

    def _lengths(self, rows: np.ndarray, like: Any) -> np.ndarray | None:
        """Return the steps of each sequence, None for all steps."""
        assert isinstance(self.likelihood_, SequenceLikelihood)
        if like is None:
            return self.likelihood_.likeliest(rows)
        like = unboxed(like)
        flat = is_flat(like, self.sequence_shape_)
        return None if flat else check_sequences(like, "X").steps

    def _formed(
        self, values: np.ndarray, steps: np.ndarray | None, dtype: np.dtype
    ) -> Any:
        """Return rows of values as sequences of `steps` each; None for all steps."""
        if self._form == "flat":
            return values.astype(dtype, copy=False)
        length, width = self.sequence_shape_
        whole = values.reshape(-1, length, width).astype(dtype, copy=False)
        if steps is None:
            steps = np.full(len(whole), length)
        if self._form == "array":
            there = np.arange(length)[:, None] < steps[:, None, None]
            return whole if there.all() else np.where(there, whole, np.nan)
        if self._form == "vectors":
            whole = whole[:, :, 0]
        return [one[:n] for one, n in zip(whole, steps, strict=True)]

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Return layers over the steps, and fully connected ones."""
        if layers.spectral and self.layer != "conv":
            raise ValueError(
                "spectral_normalization=True divides the kernels of dense layers and "
                f"of convolutions, but inputs=Sequences({self.layer!r}) has "
                "recurrent ones. Use Sequences('conv'), or gradient_penalty=1.0."
            )
        steps = replace(self._steps, spectral=layers.spectral)
        shape = self.sequence_shape_
        return SequenceEncoder(shape, self.ragged_, steps, *layers[:4])

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Return fully connected layers, and layers over the steps."""
        n_inputs, shape = layers.n_inputs, self.sequence_shape_
        return SequenceDecoder(n_inputs, shape, self.ragged_, self._steps, *layers[1:])
