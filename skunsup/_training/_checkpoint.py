"""Checkpoint of a fit, from which another process goes on.

A fit may train several networks, one after another. A checkpoint holds the end of each
training that is over, and a place within the one that runs. The next fit runs all that
lies between two trainings again, and takes the trainings out of the file.

Processes that train together have one file, that of the first of them. It has the
weights once, and the random states of each.
"""

import hashlib
import secrets
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from skunsup._random import entropy_from
from skunsup._training._checkpoint_file import content_of, parsed, unfinished, write
from skunsup._training._processes import (
    bytes_of_first,
    check_alike,
    n_processes,
    of_all,
    rank,
)
from skunsup._version import __version__

FORMAT = 3
MOST_OF_TIME = 0.02  # that writing may take

# What fits are told apart by, and the words for it, the most telling first.
WORDS = {
    "format": "format of the file",
    "version": "version of skunsup",
    "backend": "Keras backend",
    "processes": "number of processes that train together",
    "data": "X, X_val, y or sample_weight",
    "network": "network, by its parameters or by the columns of X",
    "optimizer": "optimizer, learning_rate or weight_decay",
    "plan": "batch_size, epochs, max_steps, early stopping or learning_rate_schedule",
    "callbacks": "callbacks",
    "start": "random_state, or weights that warm_start goes on from",
}
OTHER_FIT = (
    "checkpoint={path!r} was written by a fit with another {what}{values}. Call fit as "
    "it was called then to go on from the checkpoint, delete the file to fit from the "
    "start, or give another path."
)
NOT_WRITTEN = (
    "The checkpoint {path!r} was not written ({error}). The fit goes on; {left}. Make "
    "room, or give a path that can be written to."
)


class Checkpoint:
    """File of a fit that runs.

    Parameters
    ----------
    path : str or path
        The file. One that is there is gone on from. Among processes that train
        together the first reads and writes it, and says when.
    interval : float
        Seconds between two writes, at least.

    Raises
    ------
    ValueError
        If the file is not a checkpoint of this version and backend.
    """

    def __init__(self, path: "str | PathLike[str]", interval: float) -> None:
        self.path, self.interval = Path(path), interval
        own = {"backend": keras.backend.backend(), "processes": n_processes()}
        self._head: dict[str, Any] = {"format": FORMAT, "version": __version__, **own}
        self._saved = _read_by_first(self.path)
        if self._saved is not None:
            self._compare(self._saved, self._head)
        self._entropy: list[int] = []
        self._data = hashlib.sha256()
        self._ended: list[dict[str, Any]] = []
        self._next = time.monotonic() + interval
        self._warned = self.interrupted = False

    def entropy(self) -> int:
        """Return the seed of the next generator without a `random_state`."""
        known = [] if self._saved is None else self._saved["entropy"][rank()]
        saved = known[len(self._entropy) :]
        self._entropy.append(saved[0] if saved else secrets.randbits(128))
        return self._entropy[-1]

    def note(
        self, name: str, pieces: Iterable[np.ndarray], *arrays: np.ndarray | None
    ) -> None:
        """Let the fit be known by arrays, too, one of which comes in pieces."""
        self._data.update(name.encode())
        for array in chain(pieces, arrays):
            if array is not None:
                self._data.update(np.ascontiguousarray(array).tobytes())

    def begin(self, told_by: Mapping[str, str]) -> dict[str, Any] | None:
        """Begin the next training of the fit; return what is known of it.

        Parameters
        ----------
        told_by : mapping of str to str
            Digests that tell it from other trainings, by keys of `WORDS`.

        Returns
        -------
        dict or None
            With the key "end", what `end` was given; or "place", what `save` was.

        Raises
        ------
        ValueError
            If the file holds another training.
        """
        each = of_all({"data": self._data.hexdigest(), **told_by})
        self._told_by = {
            name: [one[name] for one in each] for name in ("data", *told_by)
        }
        saved = (self._saved or {}).get("trainings", [])[len(self._ended) :]
        if not saved:
            return None
        self._compare(saved[0]["told_by"], self._told_by)
        known = {name: saved[0][name] for name in ("end", "place") if name in saved[0]}
        return {
            name: {**state, "rng": state["rng"][rank()]}
            for name, state in known.items()
        }

    def end(self, state: dict[str, Any]) -> None:
        """Take the end of the training that runs."""
        state = {**state, "rng": of_all(state["rng"])}
        self._ended.append({"told_by": self._told_by, "end": state})

    def due(self) -> bool:
        """Return True if it is time to write, by the clock of the first process."""
        due: bool = of_all(time.monotonic() >= self._next)[0]
        return due

    def save(self, place: dict[str, Any]) -> None:
        """Write the file; a warning where that fails.

        Parameters
        ----------
        place : dict
            Where the training stands, as `write` takes it.
        """
        began = time.monotonic()
        place, entropy = {**place, "rng": of_all(place["rng"])}, of_all(self._entropy)
        if rank():
            return
        trainings = [*self._ended, {"told_by": self._told_by, "place": place}]
        tree = {**self._head, "entropy": entropy, "trainings": trainings}
        try:
            write(self.path, tree)
        except OSError as error:
            self._warn(error)
        ended = time.monotonic()
        pause = (ended - began) / MOST_OF_TIME
        self._next = ended + (max(self.interval, pause) if self.interval else 0.0)

    def remove(self) -> None:
        """Remove the file, at the end of the fit."""
        if rank():
            return
        self.path.unlink(missing_ok=True)
        unfinished(self.path).unlink(missing_ok=True)

    def _compare(self, saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        """Raise ValueError where the file holds something else."""
        for name, word in WORDS.items():
            before, now = saved.get(name), own.get(name)
            if name in own and before != now:
                plain = name in self._head
                values = f" ({before!r}, where this one has {now!r})" if plain else ""
                raise ValueError(
                    OTHER_FIT.format(path=str(self.path), what=word, values=values)
                )

    def _warn(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        left = "there is none yet"
        if self.path.exists():
            left = "the one before stays"
        warnings.warn(
            NOT_WRITTEN.format(path=str(self.path), error=error, left=left),
            UserWarning,
            stacklevel=2,
        )


def _read_by_first(path: Path) -> dict[str, Any] | None:
    """Content of the file of the first process, None without one.

    Raises
    ------
    ValueError
        In all processes, where the first cannot read it.
    """
    content, error = None, ""
    if rank() == 0:
        try:
            content = content_of(path)
        except ValueError as found:
            error = str(found)
    there, error = of_all([content is not None, error])[0]
    if error:
        raise ValueError(error)
    return parsed(bytes_of_first(content or b""), path) if there else None


_running: ContextVar[Checkpoint | None] = ContextVar("checkpoint", default=None)


def running_checkpoint() -> Checkpoint | None:
    """Return the checkpoint of the fit that runs in this thread."""
    return _running.get()


@contextmanager
def checkpointed(path: Any, interval: float) -> Iterator[None]:
    """Block of code in which trainings write a checkpoint, and go on from it.

    A block inside of another belongs to it. At the end the file is removed, but not
    after Ctrl-C or an error.

    Parameters
    ----------
    path : str, path or None
        The file; None for no checkpoint.
    interval : float
        Seconds between two writes, at least.
    """
    if _running.get() is None:
        check_alike({"checkpoint": str(path is not None)})
    if path is None or _running.get() is not None:
        yield
        return
    checkpoint = Checkpoint(path, interval)
    token = _running.set(checkpoint)
    try:
        with entropy_from(checkpoint.entropy):
            yield
        if not checkpoint.interrupted:
            checkpoint.remove()
    finally:
        _running.reset(token)
