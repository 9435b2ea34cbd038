"""Several kinds of data in one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skunsup._networks import DecoderLayers, EncoderLayers, NetworkSpec, Numbers
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import (
    MOST_UNITS,
    Composition,
    StrOptions,
    check_params,
    integers,
    reals,
)
from skunsup._training import Rows
from skunsup.inputs._base import Inputs
from skunsup.inputs._kinds import as_kind
from skunsup.inputs.blocks._frames import checked_frame, is_boxed, present, taken
from skunsup.inputs.blocks._likelihood import BlockLikelihood
from skunsup.inputs.blocks._networks import BlockDecoder, BlockEncoder
from skunsup.inputs.blocks._rows import BlockRows

Block = tuple[str, Inputs | str | type[Inputs] | None, Any]


@dataclass
class FittedBlock:
    """A block with its fitted kind.

    `boxed` says whether a cell of its one column holds all of a row.
    """

    name: str
    columns: Any
    kind: Inputs
    boxed: bool


@parameters
class Blocks(Composition, Inputs):
    """Columns of different kinds in one model: images, texts, tables and numbers.

    X is a DataFrame, whose columns are shared out as in scikit-learn's
    ColumnTransformer. Each block has an encoder and a decoder of its kind; between them
    they share one code, so that what one block says helps to restore the others. The
    loss is the mean over the blocks of their losses.

    A block may be missing in a row, with `missing="allow"`: its columns are all None or
    NaN there. It is then neither read nor judged, and `reconstruct` fills it in from
    the others. For that to be any good, training should hide blocks that are there
    (`input_dropout`).

    Parameters
    ----------
    blocks : list of (str, Inputs, str or None, str or list of str)
        Name, kind and columns of each block; one column may stand without a list. A
        kind of None is for numbers. A block of images or texts takes one column, whose
        cells are arrays, paths or strings; images and sequences may also be spread out
        over columns of numbers.
    block_size : int
        Width of what each block's encoder returns, at most 1,000,000.
    weights : "equal", "learned" or dict of str to float
        Weight of each block's loss. "learned" divides each by its moving average, which
        is its uncertainty where the paper's objective is least [1]_; models that learn
        variances, such as VariationalAutoencoder, do the like for numbers anyway.
    missing : {"error", "allow"}
        Treatment of rows in which a block is missing.
    input_dropout : float
        Share of the blocks that are hidden from the encoder in training [2]_. At
        least one that is there always stays.

    See Also
    --------
    sklearn.compose.ColumnTransformer : The same for transformers.
    Table : Columns of numbers and categories.

    References
    ----------
    .. [1] Kendall, Gal & Cipolla, "Multi-task learning using uncertainty to weigh
       losses for scene geometry and semantics", CVPR 2018, eq. 7.
    .. [2] Ngiam, Khosla, Kim, Nam, Lee & Ng, "Multimodal deep learning", ICML 2011.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import Autoencoder, Blocks, Images
    >>> digits = load_digits()
    >>> X = pd.DataFrame({"image": list(digits.images / 16)})
    >>> X["ink"] = digits.data.mean(axis=1)
    >>> blocks = [("image", Images(), "image"), ("ink", None, ["ink"])]
    >>> model = Autoencoder(8, inputs=Blocks(blocks), epochs=2, random_state=0)
    >>> model.fit_transform(X).shape
    (1797, 8)
    """

    blocks: Sequence[Block] = parameter([list, tuple], kw_only=False)
    block_size: int = parameter([integers(1, MOST_UNITS)], default=64)
    weights: str | dict[str, float] = parameter(
        [StrOptions({"equal", "learned"}), dict], default="equal"
    )
    missing: str = parameter([StrOptions({"error", "allow"})], default="error")
    input_dropout: float = parameter([reals(0, 1, "left")], default=0.0)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with `deep` those of the blocks' kinds too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return `name` and `name__parameter` for each block.

        Returns
        -------
        dict of str to object
            Values by name.
        """
        return self._params_of_parts("_kinds", deep)

    def set_params(self, **params: Any) -> "Blocks":
        """Set parameters, `name__parameter` for those of a block's kind.

        Parameters
        ----------
        **params : object
            Values by name.

        Returns
        -------
        Blocks
            This object.
        """
        self._set_params_of_parts("_kinds", **params)
        return self

    @property
    def _kinds(self) -> Any:
        try:  # a class has no parameters to show
            return [(n, k() if isinstance(k, type) else k) for n, k, _ in self.blocks]
        except (TypeError, ValueError):
            return self.blocks

    @_kinds.setter
    def _kinds(self, value: Any) -> None:
        self.blocks = [
            (name, kind, columns)
            for (name, kind), (_, _, columns) in zip(value, self.blocks, strict=True)
        ]

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Fit the kind of each block, and return their rows side by side."""
        check_params(self)
        self._check_blocks()
        frame = checked_frame(X, [columns for *_, columns in self.blocks], "X")
        self.blocks_, reads = [], []
        for name, given, columns in self.blocks:
            kind = clone(as_kind(given, f"blocks[{name!r}]"))
            here = present(frame, columns)
            self._check_present(name, here, min_samples)
            boxed = kind._boxed and is_boxed(frame, columns)
            rows = kind.fit_rows(taken(frame, columns, here, boxed), kind, min_samples)
            self.blocks_.append(FittedBlock(name, columns, kind, boxed))
            reads.append((here, rows))
        self.columns_ = frame.columns.copy()
        self._learn()
        owner.n_features_in_ = frame.shape[1]
        vars(owner).pop("feature_names_in_", None)
        if all(isinstance(column, str) for column in frame.columns):
            owner.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        return BlockRows(reads)

    def _learn(self) -> None:
        kinds = [block.kind for block in self.blocks_]
        self.likelihood_ = BlockLikelihood(
            [kind.likelihood_ or Numbers(kind.n_columns_) for kind in kinds],
            self._weights(),
            float(self.input_dropout),
            self.weights == "learned",
        )
        self.n_columns_ = self.likelihood_.n_columns
        # The kind that trains the fewest steps takes most of the time.
        defaults = [kind.training_ for kind in kinds]
        self.training_ = min(defaults, key=lambda each: each.max_steps or np.inf)

    def _check_blocks(self) -> None:
        for block in self.blocks:
            good = isinstance(block, tuple | list) and len(block) == 3
            if not good or not isinstance(block[1], Inputs | str | type | None):
                raise ValueError(
                    f"blocks holds {block!r}, but expected (name, kind, columns) with "
                    "a kind such as Images(), Text() or Table(), or None for numbers."
                )
        names = [block[0] for block in self.blocks]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"blocks has the names {names}, but expected at least one block and a "
                "name of its own for each."
            )
        self._check_names(names)

    def _check_present(self, name: str, here: np.ndarray, min_samples: int) -> None:
        if self.missing == "error" and not here.all():
            raise ValueError(
                f"The block {name!r} is missing in row {int(np.argmin(here))} of X. "
                "Leave such rows out, or use Blocks(missing='allow')."
            )
        if here.sum() < min_samples:
            raise ValueError(
                f"The block {name!r} is there in {int(here.sum())} row(s) of X, but a "
                f"minimum of {min_samples} is required. Give more rows, or leave the "
                "block out."
            )

    def _weights(self) -> tuple[float, ...]:
        names = [block[0] for block in self.blocks]
        if not isinstance(self.weights, dict):
            return (1.0,) * len(names)
        if set(self.weights) != set(names) or min(self.weights.values()) < 0:
            raise ValueError(
                f"weights={self.weights!r}, but expected one number from 0 up for each "
                f"of the blocks {names}."
            )
        return tuple(float(self.weights[name]) for name in names)

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Return the blocks' rows side by side, with zeros where one is missing."""
        frame = checked_frame(X, [block.columns for block in self.blocks_], name)
        reads = []
        for block in self.blocks_:
            here = present(frame, block.columns)
            if self.missing == "error" and not here.all():
                raise ValueError(
                    f"The block {block.name!r} is missing in row "
                    f"{int(np.argmin(here))} of {name}, but every block was there in "
                    "fit. Leave such rows out, or fit with Blocks(missing='allow')."
                )
            rows = Rows(np.zeros((0, block.kind.n_columns_)))
            if here.any():
                cells = taken(frame, block.columns, here, block.boxed)
                called = f"{name}[{block.columns!r}]"
                rows = block.kind.read_rows(cells, block.kind, called)
            reads.append((here, rows))
        return BlockRows(reads)

    def restore_rows(self, rows: np.ndarray, dtype: np.dtype, like: Any = None) -> Any:
        """Return a DataFrame of all blocks with the index of `like`."""
        import pandas as pd

        made: list[Any] = []
        assert isinstance(self.likelihood_, BlockLikelihood)
        for block, place in zip(self.blocks_, self.likelihood_.places, strict=True):
            values = block.kind.restore_rows(rows[:, place.columns], dtype)
            if block.boxed:
                made.append(list(values))
            elif hasattr(values, "iloc"):
                made += [column.array for _, column in values.items()]
            else:
                made += list(values.T)
        named = self.columns_.copy()
        frame = pd.DataFrame(dict(enumerate(made))).set_axis(named, axis=1)
        return frame if like is None else frame.set_axis(like.index, axis=0)

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Return an encoder for each block, and layers for all."""
        width, activation = (int(self.block_size),), layers.activation
        own = EncoderLayers(width, activation, activation, spectral=layers.spectral)
        parts = tuple(block.kind.encoder(own) for block in self.blocks_)
        return BlockEncoder(parts, *layers)

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Return layers for all blocks, and a decoder for each."""
        n_inputs, sizes, activation, last = layers
        width = sizes[-1] if sizes else n_inputs
        own = DecoderLayers(width, (int(self.block_size),), activation, last)
        parts = tuple(block.kind.decoder(own) for block in self.blocks_)
        return BlockDecoder(n_inputs, sizes, parts, activation)
