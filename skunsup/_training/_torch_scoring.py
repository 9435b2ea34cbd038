"""torch: results of rows, each the same to the bit whatever the rows around it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from skunsup._training._torch_weights import trace_for_weights

# Tracing takes as long as some 30 calls of one tile.
UNTRACED_CALLS = 30
PIECE_ROWS = 1024  # whose layers fit the caches of a processor
PRODUCTS = {
    torch.matmul,
    torch.mm,
    torch.bmm,
    torch.addmm,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
    torch.nn.functional.linear,
}

Function = Callable[[Any, Any], Any]


def tile_rows() -> int:
    """Rows to which the last rows are filled up."""
    return 32


def compile_scorer(
    function: Function, n_weights: int, shape: tuple[int, ...]
) -> Callable[[Any, np.ndarray, int], np.ndarray]:
    """Return a function that runs `function` on the first tiles of a block.

    Of the time for one tile, as for one row, Keras spends nine tenths on finding out
    what to call, and a large block does not fit the caches of a processor. So one tile,
    and pieces of a large block, are computed by traces once there were some calls.
    """
    exact = _exact(function)
    one, piece = _Traced(exact), _Traced(exact)

    def run(weights: Any, block: np.ndarray, n_tiles: int) -> np.ndarray:
        rows = torch.from_numpy(block[:n_tiles].reshape(-1, shape[-1]))
        rows = rows.to(weights.device)
        if n_tiles == 1:
            found = one(weights, rows)
        elif len(rows) < PIECE_ROWS or rows.device.type != "cpu":
            found = exact(weights, rows)
        else:
            found = _by_pieces(piece, weights, rows)
        out = found.detach().cpu().numpy()
        return out.reshape(n_tiles, shape[1], *out.shape[1:]).astype(np.float32)

    return run


def _by_pieces(piece: "_Traced", weights: Any, rows: Any) -> Any:
    """Compute rows at once until there is a trace, then in pieces of its size."""
    n, size = len(rows), PIECE_ROWS
    if not piece.is_traced(weights, rows[:size], n_calls=n // size):
        return piece.function(weights, rows)
    starts = range(0, n - size, size)
    found = [piece.function(weights, rows[start : start + size]) for start in starts]
    rest = n - len(starts) * size  # the last piece overlaps the one before
    return torch.cat([*found, piece.function(weights, rows[-size:])[size - rest :]])


def _exact(function: Function) -> Function:
    """Return `function` without gradients and with products of double precision."""

    def exact(weights: Any, rows: Any) -> Any:
        with torch.no_grad(), _ExactProducts():
            return function(weights, rows)

    return exact


class _Traced:
    """A function of tensors of one shape, which is traced after some calls.

    Parameters
    ----------
    function : callable
        Of weights and rows.

    Attributes
    ----------
    function : callable
        The same, or its trace.
    """

    def __init__(self, function: Function) -> None:
        self.function, self._untraced, self._n_calls = function, function, 0

    def __call__(self, weights: Any, rows: Any) -> Any:
        self.is_traced(weights, rows)
        return self.function(weights, rows)

    def is_traced(self, weights: Any, rows: Any, n_calls: int = 1) -> bool:
        """Return True if there is a trace, which is made once there were enough calls.

        Parameters
        ----------
        weights, rows : torch.Tensor
            What to trace with.
        n_calls : int, default=1
            Calls that are to come now.
        """
        if self._n_calls < UNTRACED_CALLS:
            self._n_calls += n_calls
            if self._n_calls >= UNTRACED_CALLS:
                with suppress(RuntimeError):  # of own layers that look at values
                    self.function = trace_for_weights(self.function, weights, rows)
        return self.function is not self._untraced


class _ExactProducts(TorchFunctionMode):
    """Computes products of matrices in double precision and rounds them to single.

    The single-precision products of torch on a CPU differ in the last bit with the
    place of a row in its batch; this rounds the difference away.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in PRODUCTS or args[0].device.type == "mps":  # has no doubles
            return func(*args, **kwargs)
        return func(*map(_doubled, args), **kwargs).float()


def _doubled(value: Any) -> Any:
    return value.double() if torch.is_tensor(value) else value
