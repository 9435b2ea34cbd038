"""Base of sources: data that are read a chunk of rows at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

NO_ROWS = "{name} has no rows. Give one with at least one row."
NO_TABLE = (
    "{name}.read({i}) returned {kind}, but expected a NumPy array, a list, or a "
    "DataFrame of pandas."
)

IN_MEMORY = (
    "X is of type {name}, read a chunk at a time, but this step needs its rows in "
    "memory. Give a fitted step a chunk, X.read(0), or map it over the source, "
    "X.map(step.transform). Models read sources themselves, as in "
    "Autoencoder(inputs=Table()).fit(X)."
)


class Source(ABC):
    """Rows that are read a chunk at a time, for data larger than memory.

    `fit`, `transform`, `predict` and the scores take a source where they take an array.
    An epoch of `fit` reads each chunk once: chunks are put in random order, some
    64 MB of them at a time, and the rows of these are shuffled. So chunks of some
    10,000 rows, whose order means nothing, train as rows in memory do.

    A subclass sets `boundaries` and writes `read`.

    Attributes
    ----------
    boundaries : ndarray of shape (n_chunks + 1,), int
        Number of the first row of each chunk, and the number of rows behind them.
        From 0 up, strictly increasing.

    See Also
    --------
    ParquetSource : A folder of files.
    ArraySource : An array of HDF5, Zarr or Dask.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import Autoencoder, Source
    >>> class Halves(Source):
    ...     def __init__(self, X):
    ...         self.X = X
    ...         self.boundaries = np.array([0, len(X) // 2, len(X)])
    ...
    ...     def read(self, i):
    ...         return self.X[self.boundaries[i] : self.boundaries[i + 1]]
    >>> X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    >>> model = Autoencoder(2, epochs=2, random_state=0).fit(Halves(X))
    >>> model.transform(Halves(X)).shape
    (200, 2)
    """

    boundaries: np.ndarray

    @abstractmethod
    def read(self, i: int) -> Any:
        """Return the rows of one chunk.

        Parameters
        ----------
        i : int
            From 0 up to the number of chunks.

        Returns
        -------
        ndarray or DataFrame
            What `fit` would take, with the same columns in each chunk.
        """

    @property
    def n_chunks(self) -> int:
        """Number of chunks."""
        return len(self.boundaries) - 1

    def __len__(self) -> int:
        return int(self.boundaries[-1])

    def __iter__(self) -> Iterator[Any]:
        return map(self.read, range(self.n_chunks))

    def __array__(self, *args: Any, **options: Any) -> Any:
        """Refuse to be read as a whole, as steps would do that know no sources."""
        raise TypeError(IN_MEMORY.format(name=type(self).__name__))

    def map(self, function: Callable[[Any], Any]) -> "Source":
        """Return the source with a function applied to each chunk when it is read.

        Parameters
        ----------
        function : callable
            From a chunk to as many rows, such as `transform` of a fitted scaler.

        Returns
        -------
        Source
            Nothing is read yet.
        """
        return _Mapped(self, function)

    def name_of(self, i: int) -> str:
        """Name of a chunk in messages.

        Parameters
        ----------
        i : int
            From 0 up to the number of chunks.

        Returns
        -------
        str
            With its rows, or its file.
        """
        first, end = self.boundaries[i], self.boundaries[i + 1]
        return f"chunk {i} (rows {first} to {end - 1})"


class _Mapped(Source):
    def __init__(self, source: Source, function: Callable[[Any], Any]) -> None:
        self.source, self.function = source, function
        self.boundaries = source.boundaries

    def read(self, i: int) -> Any:
        """Result of the function for a chunk."""
        return self.function(self.source.read(i))

    def name_of(self, i: int) -> str:
        """Name of a chunk in messages."""
        return self.source.name_of(i)


def check_source(source: Source, name: str) -> None:
    """Raise ValueError where chunks are not in order or there are none.

    Parameters
    ----------
    source : Source
        What the user gave.
    name : str
        What to call it in messages.
    """
    ends = np.asarray(getattr(source, "boundaries", ()))
    if ends.ndim != 1 or ends.dtype.kind not in "iu" or not len(ends) or ends[0]:
        raise ValueError(
            f"{name}.boundaries is {ends!r}, but expected whole numbers from 0 up, the "
            "first row of each chunk and the number of rows."
        )
    if (np.diff(ends) <= 0).any():
        raise ValueError(
            f"{name}.boundaries does not increase at "
            f"{int(np.argmax(np.diff(ends) <= 0))}; leave empty chunks out."
        )
    if len(ends) < 2:
        raise ValueError(NO_ROWS.format(name=name))


def read_chunk(source: Source, i: int, name: str) -> Any:
    """Return a chunk, with as many rows as the boundaries say.

    Raises
    ------
    ValueError
        If it has another number of rows.
    TypeError
        If it has no rows.
    """
    try:
        chunk = source.read(i)
    except Exception as error:
        error.add_note(f"This came up in {name}.read({i}), for {source.name_of(i)}.")
        raise
    if not hasattr(chunk, "__len__"):
        kind = type(chunk).__name__
        raise TypeError(NO_TABLE.format(name=name, i=i, kind=kind))
    expected = int(source.boundaries[i + 1] - source.boundaries[i])
    if len(chunk) != expected:
        raise ValueError(
            f"{name}.read({i}) returned {len(chunk)} rows, but its boundaries say "
            f"{expected}: {source.name_of(i)}. Make the source anew if its data have "
            "changed since."
        )
    return chunk
