"""Several processes that train one network, each on rows of its own."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from skunsup._training._backend import backend

ONE_PROCESS = (
    "{what}, but {n} processes train together, each of which has rows of its own. Fit "
    "in a single process, or call keras.distribution.set_distribution(None), or on "
    "torch torch.distributed.destroy_process_group(), in each to fit them apart."
)
UNLIKE = (
    "The {n} processes that train together do not train the same: process {other} "
    "has another {what} than process 0. Give all of them the same parameters, and "
    "data that describe the same network. A kind of data that learns from rows, such "
    "as Table or Text, learns from those of one process alone; turn such data into "
    "numbers by a transformer that was fitted once."
)
UNLIKE_SIZES = (
    "The {n} processes that train together do not train the same: {what} takes "
    "{sizes} bytes in them. Give all of them the same parameters and the same columns."
)
INDIVISIBLE = (
    "A step of {rows} rows cannot be cut among the {n} processes that train "
    "together. Use a batch_size that they divide, such as {near}."
)
NOTHING_LEFT = (
    "Process {i} of the {n} that train together has no row left to learn from: all "
    "that it has are taken for outliers, or have weight 0. Deal rows out at random."
)
PIECE_BYTES = 16 * 2**20  # of the rows that a process sends at once


def n_processes() -> int:
    """Number of processes that train together; 1 for this one alone."""
    return backend().n_processes()


def rank() -> int:
    """Return the place of this process among those that train together."""
    return backend().rank()


def one_process(what: str) -> None:
    """Raise ValueError where several processes train together.

    Parameters
    ----------
    what : str
        Begins the message, such as "NeighborEmbedding compares all rows".
    """
    n = n_processes()
    if n > 1:
        raise ValueError(ONE_PROCESS.format(what=what, n=n))


def check_alike(told_by: Mapping[str, str]) -> None:
    """Raise ValueError, in every process, where digests differ among processes."""
    if n_processes() == 1:
        return
    backend().placement()  # refuses what cannot join them
    for what, digest in told_by.items():
        found = _gathered(_as_array(digest.encode()))
        unlike = np.flatnonzero((found != found[0]).any(axis=1))
        if len(unlike):
            n, other = len(found), int(unlike[0])
            raise ValueError(UNLIKE.format(n=n, other=other, what=what))


def own_share(batch_size: int) -> int:
    """Number of rows of a minibatch that each process gives.

    Raises
    ------
    ValueError
        If processes do not divide it.
    """
    n = n_processes()
    if batch_size % n:
        near = max(1, round(batch_size / n)) * n
        raise ValueError(INDIVISIBLE.format(rows=batch_size, n=n, near=near))
    return batch_size // n


def check_rows_of_each(n_rows: int) -> None:
    """Raise ValueError, in every process, where one has no row to train on."""
    if n_processes() == 1:
        return
    empty = np.flatnonzero(all_rows(np.array([n_rows])) == 0)
    if len(empty):
        raise ValueError(NOTHING_LEFT.format(i=int(empty[0]), n=n_processes()))


def largest(number: int) -> int:
    """Return the largest of the numbers of all processes."""
    if n_processes() == 1:
        return number
    return int(_gathered(np.array([number], np.int64)).max())


def of_first(values: list[np.ndarray]) -> list[np.ndarray]:
    """Arrays of the first process, which have the same shapes in all."""
    if n_processes() == 1:
        return values
    return [_gathered(value)[0] for value in values]


def share_generator(rng: np.random.Generator) -> None:
    """Let `rng` draw what that of the first process draws, from now on."""
    if n_processes() == 1:
        return
    rng.bit_generator.state = of_all(rng.bit_generator.state)[0]


def of_all(value: Any) -> list[Any]:
    """Return a value of each process, in their order, that JSON can hold."""
    if n_processes() == 1:
        return [value]
    text = json.dumps(value).encode()
    text = text.ljust(largest(len(text)))
    return [json.loads(found.tobytes()) for found in _gathered(_as_array(text))]


def bytes_of_first(content: bytes) -> bytes:
    """Return the bytes that the first process has; those of others do not matter."""
    if n_processes() == 1:
        return content
    own = np.zeros(of_all(len(content))[0], np.uint8)
    if rank() == 0:
        own = _as_array(content)
    pieces = [own[i : i + PIECE_BYTES] for i in range(0, len(own), PIECE_BYTES)]
    return b"".join(_gathered(piece)[0].tobytes() for piece in pieces)


def all_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows of all processes, in their order, each of shape (n, ...)."""
    if n_processes() == 1:
        return rows
    row_bytes = rows.itemsize * int(np.prod(rows.shape[1:]))
    told = _gathered(np.array([len(rows), row_bytes], np.int64))
    if (told[:, 1] != row_bytes).any():
        raise ValueError(
            UNLIKE_SIZES.format(n=len(told), what="a row", sizes=told[:, 1].tolist())
        )
    sizes, most = told[:, 0], int(told[:, 0].max())
    starts = np.cumsum(sizes) - sizes
    out = np.empty((sizes.sum(), *rows.shape[1:]), rows.dtype)
    step = max(1, PIECE_BYTES // max(row_bytes, 1))
    for first in range(0, most, step):
        own = rows[first : first + step]
        piece = np.zeros((min(step, most - first), *rows.shape[1:]), rows.dtype)
        piece[: len(own)] = own
        for found, start, size in zip(_gathered(piece), starts, sizes, strict=True):
            kept = found[: max(size - first, 0)]
            out[start + first : start + first + len(kept)] = kept
    return out


def own_of_all(rows: np.ndarray, n: int) -> np.ndarray:
    """Return those of the rows of all processes that are the `n` of this one."""
    if n_processes() == 1:
        return rows
    end = sum(of_all(n)[: rank() + 1])
    return rows[end - n : end]


def mean_of_all(mean: float, weight: float) -> float:
    """Return the mean of the means of all processes, by their weights."""
    if n_processes() == 1:
        return mean
    found = _gathered(np.array([mean, weight], np.float64))
    return float(np.average(found[:, 0], weights=found[:, 1]))


def _gathered(values: np.ndarray) -> np.ndarray:
    """Return the arrays of all processes, of one shape, behind a new first axis.

    They travel as bytes, since JAX would round doubles.
    """
    values = np.asarray(values)
    size = np.array([values.nbytes], np.int64).view(np.uint8)
    sizes = np.ascontiguousarray(backend().gathered(size)).view(np.int64)
    if (sizes != sizes[0]).any():
        found = sizes.ravel().tolist()
        shared = "what they share"
        raise ValueError(UNLIKE_SIZES.format(n=len(found), what=shared, sizes=found))
    sent = _as_array(np.ascontiguousarray(values).tobytes())
    gathered = np.ascontiguousarray(backend().gathered(sent))
    return np.frombuffer(gathered.tobytes(), values.dtype).reshape(-1, *values.shape)


def _as_array(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)
