"""Rows of a dense array, a sparse matrix or a memory map, float32 a block at a time."""

import mmap
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

BLOCK_BYTES = 8 * 2**20
REGION_BYTES = 32 * 2**20
ALIGNMENT = 64  # bytes, as XLA allocates
HASH_SEED = 20_177


class Rows:
    """Rows to read, of any source.

    Parameters
    ----------
    X : ndarray, memmap or CSR matrix of shape (n, d)
        Numbers; not copied whole unless it is an in-memory array of another dtype than
        float32.

    Attributes
    ----------
    n, d : int
        Numbers of rows and of columns.
    result_dtype : dtype
        Of what a model returns for these rows.
    """

    result_dtype: np.dtype = np.dtype(np.float64)

    @property
    def own(self) -> "Rows":
        """Those of this process, where the others have rows too; else all."""
        return self

    @property
    def own_part(self) -> slice:
        """Slice of the rows of this process."""
        return slice(None)

    def __init__(self, X: Any) -> None:
        self.X: Any = X
        self.n, self.d = X.shape

    def take(self, index: np.ndarray | slice) -> np.ndarray:
        """Return the rows at `index`, from 0 up, as a C-contiguous float32 array."""
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(self._read(index), dtype=np.float32)

    def with_room(self, index: np.ndarray, size: int) -> np.ndarray:
        """Rows at `index` with room behind for `size` in all, undefined; aligned."""
        taken = self.take(index)
        if len(taken) == size:
            return taken
        block = aligned(size, self.d)
        block[: len(taken)] = taken
        return block

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in order, in float32 arrays of a bounded size."""
        return map(self.take, self.block_slices())

    def block_slices(self) -> Iterator[slice]:
        """Positions of the blocks of `blocks`."""
        size = max(1, BLOCK_BYTES // (4 * self.d))
        return (slice(start, start + size) for start in range(0, self.n, size))

    def part(self, index: np.ndarray) -> "Rows":
        """Return the rows at `index`, as rows of their own."""
        return type(self)(self.X[index])

    @cached_property
    def hashes(self) -> np.ndarray:
        """A 64-bit hash of the content of each row, shape (n,), uint64.

        Two multilinear hashes over the 32-bit words, the upper halves of which are
        strongly universal (Lemire & Kaser 2014): two different rows collide with
        probability 2^-64.
        """
        salt = np.random.default_rng(HASH_SEED).integers(
            0, 2**64, size=(2, self.d), dtype=np.uint64
        )
        return np.concatenate([_hashed(block, salt) for block in self.blocks()])

    def hashes_of(self, at: np.ndarray | slice, taken: np.ndarray) -> np.ndarray:
        """Return the hashes of rows, which were `taken` at these places."""
        return self.hashes[at]

    def hash_blocks(self) -> Iterator[np.ndarray]:
        """Hashes of all rows in order, those of a block at a time."""
        yield self.hashes

    def own_sampler(self, weight: np.ndarray | None) -> Any:
        """Sampler of these rows where they have an order of their own, else None."""
        return None

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice) or self.X.dtype != np.float32:
            return self.X[index]
        out = aligned(len(index), self.d)
        return np.take(self.X, index, axis=0, out=out, mode="clip")


class UnhashedRows(Rows):
    """Base of rows whose hashes nobody keeps, since they would take 8 bytes each."""

    def hashes_of(self, at: np.ndarray | slice, taken: np.ndarray) -> np.ndarray:
        return Rows(taken).hashes

    def hash_blocks(self) -> Iterator[np.ndarray]:
        return (Rows(block).hashes for block in self.blocks())


class SparseRows(Rows):
    """Rows of a CSR matrix, made dense block by block."""

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self.X[index].toarray()


class MappedRows(Rows):
    """Rows of a memory-mapped file.

    Each read maps a region of the file anew and lets go of it, so that the pages read
    do not stay in the resident memory of the process.
    """

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        if isinstance(index, slice):
            start, stop, _ = index.indices(self.n)
            return np.array(self._region(start, stop))
        order = np.argsort(index)
        ascending = index[order]
        step = max(1, REGION_BYTES // (self.d * self.X.itemsize))
        starts = np.arange(0, self.n, step)
        cuts = np.append(np.searchsorted(ascending, starts), len(index))
        out = np.empty((len(index), self.d), self.X.dtype)
        for start, low, high in zip(starts, cuts, cuts[1:], strict=False):
            if low < high:
                region = self._region(start, min(start + step, self.n))
                out[order[low:high]] = region[ascending[low:high] - start]
        return out

    def part(self, index: np.ndarray) -> Rows:
        """Return the rows at `index`, still on disk."""
        return _MappedPart(self, index)

    def _region(self, start: int, stop: int) -> np.ndarray:
        X = self.X
        offset = X.offset + int(start) * self.d * X.itemsize
        shape = (int(stop) - int(start), self.d)
        return np.memmap(X.filename, X.dtype, "r", offset, shape)


class _MappedPart(Rows):
    def __init__(self, rows: MappedRows, index: np.ndarray) -> None:
        self._rows, self._index = rows, index
        self.n, self.d = len(index), rows.d

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._rows._read(self._index[index])


class _WiderRows(Rows):
    def __init__(self, rows: Rows, columns: np.ndarray) -> None:
        self._rows, self._columns = rows, columns
        self.n, self.d = rows.n, rows.d + columns.shape[1]

    def own_sampler(self, weight: np.ndarray | None) -> Any:
        """Sampler of the narrower rows, None if they have no order of their own."""
        return self._rows.own_sampler(weight)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return np.hstack([self._rows.take(index), self._columns[index]])

    def part(self, index: np.ndarray) -> Rows:
        return _WiderRows(self._rows.part(index), self._columns[index])


def _hashed(block: np.ndarray, salt: np.ndarray) -> np.ndarray:
    words = (block + np.float32(0)).view(np.uint32).astype(np.uint64)
    first, second = np.einsum("ij,kj->ki", words, salt)
    high = second & np.uint64(0xFFFFFFFF00000000)
    hashes: np.ndarray = (first >> np.uint64(32)) | high
    return hashes


def hstack(rows: Rows, columns: np.ndarray) -> Rows:
    """Return `rows` with more columns, an array of shape (n, more), behind theirs."""
    return _WiderRows(rows, columns)


def as_rows(X: np.ndarray) -> Rows:
    """Return the rows of a validated `X`; results are float32 for float32 rows."""
    if sp.issparse(X):
        rows: Rows = SparseRows(X)
    elif is_mapped(X):
        rows = MappedRows(X)
    else:
        with np.errstate(over="ignore"):
            rows = Rows(np.ascontiguousarray(X, dtype=np.float32))
    if X.dtype == np.float32:
        rows.result_dtype = np.dtype(np.float32)
    return rows


def aligned(n: int, d: int) -> np.ndarray:
    """Return `n` new rows at an address where programs read them without a copy."""
    memory = np.empty(n * d + ALIGNMENT // 4, np.float32)
    start = -memory.__array_interface__["data"][0] % ALIGNMENT // 4
    return memory[start : start + n * d].reshape(n, d)


def is_mapped(X: Any) -> bool:
    """Return True for a memory map in C order that can be opened a second time.

    A slice of one does not know its place in the file, and a copy-on-write map may
    differ from it; both are read like arrays.
    """
    if type(X) is not np.memmap:
        return False
    base: Any = X.base
    whole = isinstance(base, mmap.mmap) and X.filename is not None
    return whole and X.mode in ("r", "r+") and X.flags.c_contiguous


def flat_map(X: Any) -> np.memmap:
    """Return another map of the same file, with one axis behind the first."""
    shape = (len(X), int(np.prod(X.shape[1:])))
    return np.memmap(X.filename, X.dtype, "r", X.offset, shape)
