"""Containers of data that cannot be read as they are, and what to do instead.

Nothing is imported for it: a container of another library is known by its module.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, NamedTuple

import numpy as np


class Refused(NamedTuple):
    """A kind of container: how to know it, what is wrong, and what to give instead."""

    known: Callable[[Any], bool]
    why: str
    advice: str


def check_container(X: Any, name: str = "X") -> None:
    """Refuse data of which NumPy would make nothing, or a copy of all in silence.

    Parameters
    ----------
    X : object
        As the user passed it.
    name : str
        What to call it in messages.

    Raises
    ------
    TypeError, ValueError
        If it is lazy, can be read once, is in a file of another library, has no order,
        needs a gradient, lies on a device, or has masked values.
    """
    if type(X) is np.ndarray and X.dtype.names is None:
        return
    if type(X) in (list, tuple):
        if X and not isinstance(X[0], str | int | float | np.generic):
            _check_first(X[0], name)
        return
    for refused in REFUSED:
        if refused.known(X):
            raise TypeError(
                f"{name} is of type {_shown(X)}, {refused.why}. Give "
                f"{refused.advice.format(name=name)}."
            )
    if isinstance(X, np.ma.MaskedArray) and np.ma.getmaskarray(X).any():
        raise ValueError(
            f"{name} is a masked array, of which {int(np.ma.getmaskarray(X).sum())} "
            f"masked values would be taken for numbers. Give {name}.filled(numpy.nan) "
            "with inputs=Table(), or fill them in first."
        )


def _check_first(item: Any, name: str) -> None:
    """Refuse a list by its first item."""
    if isinstance(item, Mapping):
        raise TypeError(
            f"{name} is a list of {_shown(item)}, in which columns have no order. Give "
            f"pandas.DataFrame({name})."
        )
    if _of(item, "torch", "dask", "zarr", "polars"):
        check_container(item, f"{name}[0]")


def _shown(X: Any) -> str:
    kind = type(X)
    origin = kind.__module__.partition(".")[0]
    return kind.__name__ if origin == "builtins" else f"{origin}.{kind.__name__}"


def _of(X: Any, *libraries: str) -> bool:
    return any(c.__module__.partition(".")[0] in libraries for c in type(X).__mro__)


def _needs_gradient(X: Any) -> bool:
    return _of(X, "torch") and bool(getattr(X, "requires_grad", False))


def _on_device(X: Any) -> bool:
    device = getattr(getattr(X, "device", None), "type", "cpu")
    return _of(X, "torch") and device != "cpu"


def _is_half(X: Any) -> bool:
    return _of(X, "torch") and str(getattr(X, "dtype", "")) == "torch.bfloat16"


def _is_loader(X: Any) -> bool:
    return _of(X, "torch") and not hasattr(X, "__array__")


def _is_dataset(X: Any) -> bool:
    return _of(X, "tensorflow") and hasattr(X, "as_numpy_iterator")


def _is_structured(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype.names is not None


REFUSED = [
    Refused(
        _needs_gradient,
        "a tensor that requires a gradient, which no result here could have",
        "{name}.detach().cpu().numpy()",
    ),
    Refused(_on_device, "a tensor on a device", "{name}.cpu().numpy()"),
    Refused(_is_half, "of bfloat16, which NumPy does not have", "{name}.float()"),
    Refused(
        _is_loader,
        "which yields rows or batches one by one",
        "an array, such as numpy.stack([numpy.asarray(row) for row in {name}]), or "
        "each batch to partial_fit",
    ),
    Refused(
        _is_dataset,
        "which yields rows or batches one by one",
        "an array, such as numpy.stack(list({name}.as_numpy_iterator())) of a dataset "
        "of rows, or each batch to partial_fit",
    ),
    Refused(
        lambda X: _of(X, "dask", "dask_expr"),
        "which would be computed and read into memory as a whole",
        "{name}.compute() for that. To read a chunk at a time give "
        "skunsup.ArraySource({name}) for an array; write a frame by {name}.to_parquet "
        "and give skunsup.ParquetSource(folder)",
    ),
    Refused(
        lambda X: _of(X, "zarr", "h5py"),
        "in a file, which would be read into memory as a whole",
        "{name}[:] for that, or skunsup.ArraySource({name}), which is read a chunk at "
        "a time",
    ),
    Refused(
        lambda X: _of(X, "polars") and hasattr(X, "collect"),
        "a query that has not been run",
        "{name}.collect()",
    ),
    Refused(
        lambda X: _of(X, "pyspark") and hasattr(X, "toPandas"),
        "which lies on a cluster",
        "{name}.toPandas()",
    ),
    Refused(
        lambda X: isinstance(X, Iterator),
        "which can be read only once",
        "list({name}), or numpy.stack(list({name})) for arrays; a stream of batches "
        "goes to partial_fit, one by one",
    ),
    Refused(
        # A sparse matrix of scipy may be a dict.
        lambda X: isinstance(X, Mapping) and not hasattr(X, "shape"),
        "in which columns have no order",
        "pandas.DataFrame({name})",
    ),
    Refused(
        lambda X: isinstance(X, Set),
        "in which rows have no order",
        "list({name})",
    ),
    Refused(
        _is_structured,
        "an array with named fields",
        "numpy.lib.recfunctions.structured_to_unstructured({name}), or "
        "pandas.DataFrame({name})",
    ),
]
