"""Several kinds of data in one row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import (
    BlockDecoder,
    BlockEncoder,
    BlockLikelihood,
    NetworkSpec,
    Numbers,
)
from skunsup._sklearn import (
    MOST_UNITS,
    BaseComposition,
    StrOptions,
    check_params,
    integers,
    reals,
)
from skunsup._training import Rows
from skunsup.inputs._base import Inputs, Layout, Read
from skunsup.inputs._kinds import as_kind

Block = tuple[str, Inputs | str | type[Inputs] | None, Any]


class Blocks(BaseComposition, Inputs):
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
    block_size : int, default=64
        Width of what each block's encoder returns, at most 1,000,000.
    weights : "equal", "learned" or dict of str to float, default="equal"
        Weight of each block's loss. "learned" divides each by its moving average, which
        is its uncertainty where the paper's objective is least [1]_; models that learn
        variances, such as VariationalAutoencoder, do the like for numbers anyway.
    missing : {"error", "allow"}, default="error"
        What to do about rows in which a block is missing.
    input_dropout : float, default=0.0
        Share of the blocks that the encoder does not get to see in training [2]_. At
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

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "blocks": [list, tuple],
        "block_size": [integers(1, MOST_UNITS)],
        "weights": [StrOptions({"equal", "learned"}), dict],
        "missing": [StrOptions({"error", "allow"})],
        "input_dropout": [reals(0, 1, "left")],
    }

    def __init__(
        self,
        blocks: Sequence[Block],
        *,
        block_size: int = 64,
        weights: str | dict[str, float] = "equal",
        missing: str = "error",
        input_dropout: float = 0.0,
    ) -> None:
        self.blocks = blocks
        self.block_size = block_size
        self.weights = weights
        self.missing = missing
        self.input_dropout = input_dropout

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
        return self._get_params("_kinds", deep=deep)

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
        self._set_params("_kinds", **params)
        return self

    @property
    def _kinds(self) -> Any:
        try:
            return [
                # A class has no parameters to show.
                (name, kind() if isinstance(kind, type) else kind)
                for name, kind, _ in self.blocks
            ]
        except (TypeError, ValueError):
            return self.blocks

    @_kinds.setter
    def _kinds(self, value: Any) -> None:
        self.blocks = [
            (name, kind, columns)
            for (name, kind), (_, _, columns) in zip(value, self.blocks, strict=True)
        ]

    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Learn each block, and read them.

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
        self._check_blocks()
        frame = _checked_frame(X, self.blocks, "X")
        learned, reads = [], []
        for name, given, columns in self.blocks:
            kind = as_kind(given, f"blocks[{name!r}]")
            here = _present(frame, columns)
            self._check_present(name, here, min_samples)
            holder = BaseEstimator()
            boxed = kind._boxed and _is_boxed(frame, columns)
            taken = _taken(frame, columns, here, boxed)
            layout, read = kind.learn(holder, taken, min_samples)
            learned.append(LearnedBlock(name, columns, layout, holder, boxed))
            reads.append((here, read.rows))
        layout = BlockLayout(
            learned,
            frame.columns.copy(),
            int(self.block_size),
            self._weights(),
            self.weights == "learned",
            self.missing == "allow",
            float(self.input_dropout),
        )
        estimator.n_features_in_ = frame.shape[1]
        vars(estimator).pop("feature_names_in_", None)
        if all(isinstance(column, str) for column in frame.columns):
            estimator.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        return layout, Read(BlockRows(reads), np.dtype(np.float64))

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
        self._validate_names(names)

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


@dataclass
class LearnedBlock:
    """A block with what was learned of it.

    `holder` knows its columns, `boxed` says whether a cell of its one column holds all
    of a row.
    """

    name: str
    columns: Any
    layout: Layout
    holder: BaseEstimator
    boxed: bool


@dataclass
class BlockLayout(Layout):
    """Fitted form of several blocks.

    Parameters
    ----------
    blocks : list of LearnedBlock
        The blocks.
    names : pandas.Index
        Names of all their columns.
    block_size : int
        Width of what each encoder returns.
    weights : tuple of float
        Of the blocks' losses.
    learned, lenient : bool
        Whether weights are learned, and whether blocks may be missing.
    input_dropout : float
        Share of the blocks that are hidden in training.
    """

    blocks: list[LearnedBlock]
    names: Any
    block_size: int
    weights: tuple[float, ...]
    learned: bool
    lenient: bool
    input_dropout: float
    n_columns: int = field(init=False)

    def __post_init__(self) -> None:
        likelihood = [
            block.layout.likelihood or Numbers(block.layout.n_columns)
            for block in self.blocks
        ]
        self.likelihood = BlockLikelihood(
            likelihood, self.weights, self.input_dropout, self.learned
        )
        self.n_columns = self.likelihood.n_columns
        # The kind that trains the fewest steps takes most of the time.
        kinds = [block.layout.training for block in self.blocks]
        self.training = min(kinds, key=lambda kind: kind.max_steps or np.inf)

    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Return the blocks' rows side by side, with zeros where one is missing."""
        frame = _checked_frame(
            X, [(b.name, None, b.columns) for b in self.blocks], name
        )
        reads = []
        for block in self.blocks:
            here = _present(frame, block.columns)
            if not self.lenient and not here.all():
                raise ValueError(
                    f"The block {block.name!r} is missing in row "
                    f"{int(np.argmin(here))} of {name}, but every block was there in "
                    "fit. Leave such rows out, or fit with Blocks(missing='allow')."
                )
            rows = None
            if here.any():
                taken = _taken(frame, block.columns, here, block.boxed)
                called = f"{name}[{block.columns!r}]"
                rows = block.layout.read(block.holder, taken, called).rows
            reads.append((here, rows or Rows(np.zeros((0, block.layout.n_columns)))))
        return Read(BlockRows(reads), np.dtype(np.float64))

    def restored(self, rows: np.ndarray, dtype: np.dtype) -> Any:
        """Return a DataFrame with the columns of all blocks."""
        import pandas as pd

        made: list[Any] = []
        assert isinstance(self.likelihood, BlockLikelihood)
        for block, place in zip(self.blocks, self.likelihood.places, strict=True):
            values = block.layout.restored(rows[:, place.columns], dtype)
            if block.boxed:
                made.append(list(values))
            elif hasattr(values, "iloc"):
                made += [column.array for _, column in values.items()]
            else:
                made += list(values.T)
        return pd.DataFrame(dict(enumerate(made))).set_axis(self.names.copy(), axis=1)

    def aligned(self, restored: Any, X: Any) -> Any:
        """Give a table the index of `X`."""
        return restored.set_axis(X.index, axis=0)

    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return an encoder for each block, and layers for all."""
        width = (self.block_size,)
        parts = tuple(
            block.layout.encoder(width, activation, activation, 0, spectral)
            for block in self.blocks
        )
        return BlockEncoder(parts, sizes, activation, last, n_beside, spectral)

    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return layers for all blocks, and a decoder for each."""
        width = sizes[-1] if sizes else n_inputs
        parts = tuple(
            block.layout.decoder(width, (self.block_size,), activation, last)
            for block in self.blocks
        )
        return BlockDecoder(n_inputs, sizes, parts, activation)


class BlockRows(Rows):
    """Rows of blocks side by side, zeros where one is missing, then a flag for each.

    Parameters
    ----------
    blocks : list of (array of bool, Rows)
        Where each block is there, and its rows there.
    """

    def __init__(self, blocks: Sequence[tuple[np.ndarray, Rows]]) -> None:
        self._blocks = list(blocks)
        self.n = len(blocks[0][0])
        self.d = sum(rows.d for _, rows in blocks) + len(blocks)
        self._at = [np.cumsum(here) - 1 for here, _ in blocks]

    def part(self, index: np.ndarray) -> "BlockRows":
        """Return the rows at `index`, as rows of their own."""
        numbers = np.arange(self.n)[index]
        return BlockRows(
            [
                (here[numbers], rows.part(at[numbers][here[numbers]]))
                for (here, rows), at in zip(self._blocks, self._at, strict=True)
            ]
        )

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        numbers = np.arange(self.n)[index]
        out = np.zeros((len(numbers), self.d), np.float32)
        column = 0
        for i, ((here, rows), at) in enumerate(
            zip(self._blocks, self._at, strict=True)
        ):
            there = here[numbers]
            if there.any():
                taken = rows.take(at[numbers][there])
                out[there, column : column + rows.d] = taken
            out[:, self.d - len(self._blocks) + i] = there
            column += rows.d
        return out


def _checked_frame(X: Any, blocks: Sequence[Block], name: str) -> Any:
    """Return `X`, once it is a pandas DataFrame that has all columns of the blocks."""
    if not hasattr(X, "columns") or not hasattr(X, "iloc"):
        raise TypeError(
            f"{name} is a {type(X).__name__}, but Blocks expects a pandas DataFrame, "
            "so that blocks can name their columns. Wrap it in pandas.DataFrame."
        )
    wanted = [column for *_, columns in blocks for column in _listed(columns)]
    _check_once(wanted, X, name)
    absent = [column for column in wanted if column not in X.columns]
    if absent:
        raise ValueError(
            f"{name} lacks the columns {absent}, which blocks name; it has "
            f"{list(X.columns)}. A block that is missing needs its columns too, with "
            "None in each row."
        )
    return X[wanted]


def _check_once(wanted: list[Any], X: Any, name: str) -> None:
    """Raise ValueError where a column is in two blocks, or its name in `X` twice."""
    import pandas as pd

    named = pd.Index(wanted, tupleize_cols=False)
    if named.has_duplicates:
        raise ValueError(
            f"blocks names the column {named[named.duplicated()][0]!r} twice. Give "
            "each column to one block."
        )
    twice = X.columns[X.columns.duplicated()]
    twice = [column for column in twice if column in named]
    if len(twice):
        raise ValueError(
            f"{name} has several columns named {twice[0]!r}, which could not be told "
            "apart. Give each column a name of its own."
        )


def _listed(columns: Any) -> list[Any]:
    single = isinstance(columns, str) or not hasattr(columns, "__iter__")
    return [columns] if single else list(columns)


def _present(frame: Any, columns: Any) -> np.ndarray:
    """Return in which rows a block has a value."""
    return frame[_listed(columns)].notna().to_numpy().any(axis=1)


def _is_boxed(frame: Any, columns: Any) -> bool:
    """Return True for a block of one column that does not hold numbers."""
    dtypes = frame[_listed(columns)].dtypes
    return len(dtypes) == 1 and getattr(dtypes.iloc[0], "kind", "O") not in "fiub"


def _taken(frame: Any, columns: Any, here: np.ndarray, boxed: bool) -> Any:
    """Return the columns of a block where it is there, or the cells of its only one."""
    part = frame[_listed(columns)]
    part = part.iloc[:, 0] if boxed else part
    return part if here.all() else part[here]
