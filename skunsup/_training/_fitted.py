"""A trained network as parameters and NumPy weights."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import (
    Architecture,
    Network,
    building_for,
    memory_errors_explained,
    own_code_explained,
)
from skunsup._sklearn import n_threads
from skunsup._threads import in_threads
from skunsup._training._backend import backend
from skunsup._training._programs import LRUCache, count_compilation
from skunsup._training._rows import Rows, aligned

BLOCK_BYTES = 4 * 2**20
# May overflow, to NaN too.
LOSSES = ("row_score", "row_loss", "pair_loss", "split_loss")
MAX_TILES = 256
TILES_OF_THREAD = 32  # at least, since threads take time to begin

_networks = LRUCache(16)
_scorers = LRUCache(64)
_device_lock = threading.Lock()


class FittedNetwork:
    """An architecture with weights, ready to compute on rows.

    A pickle holds the architecture and the weights alone, so that it can be written
    under one backend and read under another.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    values : list of arrays
        The variables of the network that it builds, in order.
    """

    def __init__(self, architecture: Architecture, values: list[np.ndarray]) -> None:
        self.architecture, self.values = architecture, values
        self._weights: Any = None
        self._model: Network | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"architecture": self.architecture, "values": self.values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["architecture"], state["values"])  # type: ignore[misc]

    def model(self) -> Network:
        """Return the Keras network with these weights; the same one at each call."""
        if self._model is None:
            model = self._built()
            for variable, value in zip(model.variables, self.values, strict=True):
                variable.assign(value)
            self._model = model
        return self._model

    def value(self, name: str) -> np.ndarray:
        """Return the value of the network's variable called `name`."""
        names = [v.name for v in self.template().variables]
        return self.values[names.index(name)]

    def compute(self, method: str, rows: Rows) -> np.ndarray:
        """Apply a method of the network to each row.

        The result for a row depends on that row alone, to the bit: rows are computed
        in tiles of one size by one program, whatever their number.

        Parameters
        ----------
        method : str
            Name of a method of the network that takes and returns one row a row.
        rows : Rows
            The data, of shape (n, d); read a block at a time.

        Returns
        -------
        array of shape (n, ...), float32
            With several members, (n, n_members, ...). What is out of the range of
            float32 is its largest number; losses are left as they are.

        Raises
        ------
        ValueError
            If a row gives NaN.
        """
        tile = backend().tile_rows()
        fit = max(4, BLOCK_BYTES // (4 * tile * rows.d))
        most = TILES_OF_THREAD if self.architecture.n_members > 1 else MAX_TILES
        n_tiles = 1 if rows.n <= tile else min(most, fit)
        scorer = self._scorer(method, (n_tiles, tile, rows.d))
        weights = self._on_device()

        def part(at: slice) -> np.ndarray:
            taken = rows.take(at)
            block, n_used = _tiled(taken, n_tiles, tile)
            try:
                out = scorer(weights, block, n_used)
            except Exception:
                with self._errors_explained():
                    raise
            return out.reshape(-1, *out.shape[2:])[: len(taken)]

        threads = n_threads() if rows.n > tile and backend().concurrent() else 1
        parts = _parts(rows.n, n_tiles, tile, threads)
        done = in_threads(part, parts) if threads > 1 else list(map(part, parts))
        found = done[0] if len(done) == 1 else np.concatenate(done)
        return found if method in LOSSES else finite(found)

    def merged(self, method: str, rows: Rows) -> np.ndarray:
        """Apply a method as `compute` does, and make one result of those of members.

        Their codes are put side by side; of everything else the mean is taken.
        """
        values = self.compute(method, rows)
        if self.architecture.n_members == 1:
            return values
        if method == "encode":
            return values.reshape(len(values), -1)
        return values.mean(axis=1)

    def _scorer(self, method: str, shape: tuple[int, ...]) -> Callable:
        key = (self.architecture.key, method, shape)
        if key not in _scorers:  # functions read what there is when it is compiled
            key = (self.architecture.current_key(), method, shape)
        return _scorers.shared(key, lambda: self._compile(method, shape))

    def _compile(self, method: str, shape: tuple[int, ...]) -> Callable:
        network = self.template()
        count_compilation()
        n_weights = sum(v.size for v in self._floats())
        with self._errors_explained():
            return backend().compile_scorer(
                stateless(network, method), n_weights, shape
            )

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        made_of, sizes = self._made_of, self._sizes
        with memory_errors_explained(sizes), own_code_explained(made_of):
            yield

    def template(self) -> Network:
        """Return a network to read names and shapes off; its own weights are others."""
        key: Hashable = self.architecture.key
        return _networks.shared(key, self._built)

    def _built(self) -> Network:
        with building_for(self.values):
            return self.architecture.build()

    def _made_of(self) -> dict[str, Any]:
        return {"": self.template()}

    def _sizes(self) -> dict[str, Any]:
        n_draws = self.architecture.settings.get("n_importance_samples")
        draws = {} if n_draws is None else {"n_importance_samples": n_draws}
        return {"n_components": self.architecture.n_components, **draws}

    def _on_device(self) -> Any:
        if self._weights is None:
            with _device_lock:
                flat = np.concatenate([v.ravel() for v in self._floats()])
                self._weights = backend().on_device(flat)
        return self._weights

    def _floats(self) -> list[np.ndarray]:
        return [value for value in self.values if value.dtype == np.float32]


def shared_network(architecture: Architecture) -> Network:
    """Return a network to trace programs with; its own weights do not matter."""
    key: Hashable = architecture.key
    return _networks.shared(key, architecture.build)


def stateless(network: Network, method: str) -> Callable[[Any, Any], Any]:
    """Return `method` of `network` as a function of (packed float weights, rows)."""
    variables = [v for v in network.variables if v.dtype == "float32"]
    ends = np.cumsum([int(np.prod(v.shape)) for v in variables])

    def function(weights: Any, x: Any) -> Any:
        mapping = [
            (v, ops.reshape(weights[end - int(np.prod(v.shape)) : end], v.shape))
            for v, end in zip(variables, ends.tolist(), strict=True)
        ]
        with keras.StatelessScope(mapping):
            if network.n_members == 1:
                return getattr(network, method)(x)
            split = network.split_members if method == "decode" else network.to_members
            return ops.moveaxis(getattr(network, method)(split(x)), 0, 1)

    return function


def _parts(n: int, n_tiles: int, tile: int, threads: int) -> list[slice]:
    """Return the rows of each call of a program, so that threads have equally many."""
    if n <= tile:
        return [slice(0, n)]
    total = -(-n // tile)
    calls = max(-(-total // n_tiles), min(threads, total // TILES_OF_THREAD), 1)
    calls = calls if calls == 1 else -(-calls // threads) * threads
    size = -(-total // calls) * tile
    return [slice(start, start + size) for start in range(0, n, size)]


def finite(values: np.ndarray) -> np.ndarray:
    """Return outputs of a network, with infinity as the largest number.

    Raises
    ------
    ValueError
        If there is NaN, which may stand for anything.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return values
    missing = np.isnan(values).reshape(len(values), -1).any(axis=1)
    if missing.any():
        raise ValueError(
            f"The network gives NaN for row {int(np.argmax(missing))}, as numbers "
            "beyond single precision do (float32, at most 3.4e38). Scale X as in fit, "
            "for instance with StandardScaler in a Pipeline."
        )
    limits = np.finfo(values.dtype)
    return np.clip(values, limits.min, limits.max)


def _tiled(taken: np.ndarray, n_tiles: int, tile: int) -> tuple[np.ndarray, int]:
    """Lay rows out in tiles, the last filled up with its own last row."""
    n_used = -(-len(taken) // tile)
    if len(taken) == n_tiles * tile:
        return taken.reshape(n_tiles, tile, -1), n_used
    block = aligned(n_tiles * tile, taken.shape[1])
    block[: len(taken)] = taken
    block[len(taken) : n_used * tile] = taken[-1]
    return block.reshape(n_tiles, tile, -1), n_used
