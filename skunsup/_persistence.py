"""Estimators in files: what version wrote them, and what parameters came later."""

import copy
import inspect
import warnings
from functools import cache
from typing import Any, Self

import sklearn.exceptions

from skunsup._plain import plain, restored
from skunsup._sklearn import DetailedEstimator
from skunsup._version import __version__

VERSION = "_skunsup_version"


class InconsistentVersionWarning(sklearn.exceptions.InconsistentVersionWarning):
    """Warning that an estimator was pickled with another version of skunsup.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.
    current_version, original_version : str
        Versions of skunsup that read and wrote it.
    """

    def __init__(
        self, estimator_name: str, current_version: str, original_version: str
    ) -> None:
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=sklearn.__version__,
            original_sklearn_version=sklearn.__version__,
        )
        self.current_version = current_version
        self.original_version = original_version

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was pickled with skunsup {self.original_version} "
            f"and is read by {self.current_version}. Its results may differ, or it may "
            "not work: use the version that wrote it, or fit anew."
        )


class PickledEstimator(DetailedEstimator):
    """Base of everything that has parameters and can be written to files.

    What pickles and skops write is plain: dicts, lists, numbers, strings and arrays.
    It says which version of skunsup wrote it. Another version warns when it reads it,
    and gives parameters that did not exist then their defaults.
    """

    def _saved(self) -> dict[str, Any]:
        """Return the attributes that a file shall hold."""
        state = dict(super().__getstate__())
        return {**state, VERSION: __version__}

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = plain(self._saved())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        written = state.get(VERSION, "of an unknown version")
        if written != __version__:
            name = type(self).__name__
            warning = InconsistentVersionWarning(name, __version__, written)
            warnings.warn(warning, stacklevel=2)
        attributes = {k: v for k, v in restored(state).items() if k != VERSION}
        self._refuse_methods(attributes)
        super().__setstate__({**_defaults(type(self)), **attributes})  # type: ignore[arg-type]

    def __copy__(self) -> Self:
        return self._with(self._saved())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        memo[id(self)] = made = type(self).__new__(type(self))
        made.__dict__.update(self._with(copy.deepcopy(self._saved(), memo)).__dict__)
        return made

    def _with(self, saved: dict[str, Any]) -> Self:
        """Return an estimator with these attributes."""
        made = type(self).__new__(type(self))
        made.__dict__.update({k: v for k, v in saved.items() if k != VERSION})
        return made

    def _refuse_methods(self, attributes: dict[str, Any]) -> None:
        """Raise ValueError for an attribute that would stand before a method."""
        for name in attributes:
            if inspect.isroutine(getattr(type(self), name, None)):
                raise ValueError(
                    f"The file of a {type(self).__name__} holds an attribute {name!r}, "
                    "which is the name of a method. It was changed: do not use it."
                )


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """Return the defaults of the constructor's parameters, those handed on too."""
    found: dict[str, Any] = {}
    for base in kind.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is None:
            continue
        parameters = inspect.signature(constructor).parameters.values()
        for parameter in parameters:
            if parameter.default is not parameter.empty:
                found.setdefault(parameter.name, parameter.default)
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            break
    return found
