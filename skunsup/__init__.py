"""Deep unsupervised learning for scikit-learn users, on Keras 3.

Autoencoders and their relatives as ordinary scikit-learn estimators. Importing
this package takes milliseconds: Keras and its backend are imported when the
first name is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skunsup.models import Autoencoder
    from skunsup.outliers import AutoencoderDetector, OutlierDetector

__version__ = "0.1.0"

__all__ = ["Autoencoder", "AutoencoderDetector", "OutlierDetector"]

_HOME = {
    "Autoencoder": "skunsup.models",
    "AutoencoderDetector": "skunsup.outliers",
    "OutlierDetector": "skunsup.outliers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
