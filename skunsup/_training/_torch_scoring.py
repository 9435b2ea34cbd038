"""torch: results of rows, each the same to the bit whatever the rows around it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from keras import ops
from torch.overrides import TorchFunctionMode

from skunsup._training._torch_trace import trace

# Tracing takes as long as some 30 calls of one tile.
UNTRACED_CALLS = 30
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
    """Return a function that runs `function` on the first tiles of a block, at once.

    Of the time for one tile, as for one row, Keras spends nine tenths on finding out
    what to call. So calls of one tile are traced, after some.
    """
    whole, one = _exact(function), _OneTile(_exact(function))

    def run(weights: Any, block: np.ndarray, n_tiles: int) -> np.ndarray:
        rows = ops.convert_to_tensor(block[:n_tiles].reshape(-1, shape[-1]))
        found = (one if n_tiles == 1 else whole)(weights, rows)
        out = found.detach().cpu().numpy()
        return out.reshape(n_tiles, shape[1], *out.shape[1:]).astype(np.float32)

    return run


def _exact(function: Function) -> Function:
    """Return `function` without gradients and with products of double precision."""

    def exact(weights: Any, rows: Any) -> Any:
        with torch.no_grad(), _ExactProducts():
            return function(weights, rows)

    return exact


class _OneTile:
    """A function of tensors of one shape, which is traced after some calls.

    Parameters
    ----------
    function : callable
        Of weights and a tile.
    """

    def __init__(self, function: Function) -> None:
        self._function, self._n_calls = function, 0

    def __call__(self, weights: Any, rows: Any) -> Any:
        self._n_calls += 1
        if self._n_calls == UNTRACED_CALLS:
            with suppress(RuntimeError):  # of own layers that look at values
                self._function = trace(self._function, weights, rows)
        return self._function(weights, rows)


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
