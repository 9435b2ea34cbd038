"""Estimators in pickles: what version wrote them, and what parameters came later."""

import inspect
import warnings
from functools import cache
from typing import Any

import sklearn.exceptions
from sklearn.base import BaseEstimator

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


class PickledEstimator(BaseEstimator):
    """Base of everything that has parameters and can be pickled.

    A pickle says which version of skunsup wrote it. Another version warns when it reads
    it, and gives parameters that did not exist then their defaults.
    """

    def _saved(self) -> dict[str, Any]:
        """Return the attributes that a pickle shall hold."""
        return dict(super().__getstate__())

    def __getstate__(self) -> dict[str, Any]:
        return {**self._saved(), VERSION: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        written = state.get(VERSION, "of an unknown version")
        if written != __version__:
            name = type(self).__name__
            warning = InconsistentVersionWarning(name, __version__, written)
            warnings.warn(warning, stacklevel=2)
        attributes = {k: v for k, v in state.items() if k != VERSION}
        super().__setstate__({**_defaults(type(self)), **attributes})  # type: ignore[arg-type]


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
