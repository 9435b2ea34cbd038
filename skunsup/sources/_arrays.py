"""Arrays in files or on clusters, a chunk at a time."""

from os import PathLike
from typing import Any

import numpy as np

from skunsup.sources._base import NO_ROWS, Source

UNREADABLE = (
    "Rows {first} to {last} of the array cannot be read ({kind}: {why}). Keep its file "
    "open, and as it is, until all that reads it has ended."
)
NO_ARRAY = (
    "array is of type {kind}, but expected an array, such as one of h5py or "
    "numpy.load(path, mmap_mode='r'). Give this for a path, and array.to_numpy() for a "
    "DataFrame."
)
CLOSED = (
    "array cannot be read ({error}). Open its file, and keep it open until all that "
    "reads it has ended."
)
CHUNK_BYTES = 4 * 2**20  # about so much is read at a time where an array leaves it open


class ArraySource(Source):
    """Rows of an array that is not in memory: of HDF5, Zarr or Dask.

    Parameters
    ----------
    array : h5py.Dataset, zarr.Array, dask.array.Array or ndarray of shape (n, d, ...)
        Numbers, rows along the first axis. What is read at a time are its own
        chunks, small ones together. For chunks that were never written, or whose file
        is gone, Zarr gives its fill value.

    Raises
    ------
    ValueError
        If the array has no rows or no axis, or is a Dask array of unknown length.
    TypeError
        If it is a path or a DataFrame.

    See Also
    --------
    ParquetSource : A folder of files.
    Source : Anything else.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import ArraySource
    >>> source = ArraySource(np.zeros((100_000, 32), np.float32))
    >>> source.n_chunks, len(source)
    (4, 100000)
    """

    def __init__(self, array: Any) -> None:
        self.array = array
        try:
            shape = getattr(array, "shape", ())
        except Exception as error:  # of h5py, once its file is closed
            raise ValueError(CLOSED.format(error=error)) from error
        if isinstance(array, str | PathLike) or (shape and not hasattr(array, "dtype")):
            raise TypeError(NO_ARRAY.format(kind=type(array).__name__))
        if not shape:
            raise ValueError(
                f"array={array!r} has no rows. Give one with rows along its first axis."
            )
        if not array.shape[0] > 0:  # Dask says NaN where it does not know
            what = "an unknown number of rows; call compute_chunk_sizes() on it"
            raise ValueError(
                NO_ROWS.format(name="array")
                if array.shape[0] == 0
                else f"array has {what}."
            )
        self.boundaries = _merged(_own_ends(array), _bytes_of_row(array))

    def read(self, i: int) -> np.ndarray:
        """Return the rows of one chunk.

        Parameters
        ----------
        i : int
            From 0 up to the number of chunks.

        Returns
        -------
        ndarray of shape (n_rows, d, ...)
            As the array holds them.

        Raises
        ------
        ValueError
            If the array cannot be read, such as one of a file that was closed.
        """
        first, end = map(int, self.boundaries[i : i + 2])
        try:
            part = self.array[first:end]
            return np.asarray(part.compute() if hasattr(part, "compute") else part)
        except MemoryError:
            raise
        except Exception as error:
            kind = type(error).__name__
            message = UNREADABLE.format(first=first, last=end - 1, kind=kind, why=error)
            raise ValueError(message) from error


def _own_ends(array: Any) -> np.ndarray:
    """Ends of the chunks of an array."""
    n, chunks = array.shape[0], getattr(array, "chunks", None)
    if chunks is None:
        step = max(1, CHUNK_BYTES // _bytes_of_row(array))
    elif isinstance(chunks[0], tuple):  # Dask's
        return np.cumsum(chunks[0])
    else:
        step = chunks[0]
    return np.append(np.arange(step, n, step), n)


def _bytes_of_row(array: Any) -> int:
    return max(1, int(np.prod(array.shape[1:])) * np.dtype(array.dtype).itemsize)


def _merged(ends: np.ndarray, row: int) -> np.ndarray:
    """Return boundaries of chunks of a useful size, made of whole chunks."""
    least = CHUNK_BYTES // (2 * row)
    boundaries = [0]
    for end in ends.tolist():
        if end - boundaries[-1] >= max(1, least):
            boundaries.append(end)
    if boundaries[-1] < ends[-1]:
        boundaries.append(int(ends[-1]))
    return np.array(boundaries)
