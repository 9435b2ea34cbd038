"""Deep unsupervised learning for scikit-learn users, on Keras 3.

Autoencoders and their relatives as ordinary scikit-learn estimators. Importing
this package takes milliseconds: Keras and its backend are imported when the
first name is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skunsup.models import (
        GAN,
        AdversarialAutoencoder,
        Autoencoder,
        BiGAN,
        VariationalAutoencoder,
        WassersteinAutoencoder,
    )
    from skunsup.outliers import AutoencoderDetector, OutlierDetector

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "AdversarialAutoencoder",
    "Autoencoder",
    "AutoencoderDetector",
    "BiGAN",
    "OutlierDetector",
    "VariationalAutoencoder",
    "WassersteinAutoencoder",
]

_HOME = {
    "GAN": "skunsup.models",
    "AdversarialAutoencoder": "skunsup.models",
    "Autoencoder": "skunsup.models",
    "AutoencoderDetector": "skunsup.outliers",
    "BiGAN": "skunsup.models",
    "OutlierDetector": "skunsup.outliers",
    "VariationalAutoencoder": "skunsup.models",
    "WassersteinAutoencoder": "skunsup.models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
