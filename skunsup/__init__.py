"""Deep unsupervised learning for scikit-learn users, on Keras 3.

Autoencoders and their relatives as ordinary scikit-learn estimators. Importing
this package takes milliseconds: Keras and its backend are imported when the
first name is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from skunsup._version import __version__ as __version__

if TYPE_CHECKING:
    from skunsup.inputs import Blocks, Images, Sequences, Table, Text, image_paths
    from skunsup.models import (
        GAN,
        AAEClassifier,
        AAEClustering,
        AdversarialAutoencoder,
        Autoencoder,
        BiGAN,
        DeepEmbeddedClustering,
        NeighborClustering,
        NeighborEmbedding,
        VariationalAutoencoder,
        WassersteinAutoencoder,
    )
    from skunsup.outliers import (
        AAEDetector,
        AutoencoderDetector,
        GANDetector,
        OutlierDetector,
        VAEDetector,
    )
    from skunsup.preprocessing import SlidingWindows, TokenVectorizer

__all__ = [
    "GAN",
    "AAEClassifier",
    "AAEClustering",
    "AAEDetector",
    "AdversarialAutoencoder",
    "Autoencoder",
    "AutoencoderDetector",
    "BiGAN",
    "Blocks",
    "DeepEmbeddedClustering",
    "GANDetector",
    "Images",
    "NeighborClustering",
    "NeighborEmbedding",
    "OutlierDetector",
    "PretrainedFeatures",
    "Sequences",
    "SlidingWindows",
    "Table",
    "Text",
    "TokenVectorizer",
    "VAEDetector",
    "VariationalAutoencoder",
    "WassersteinAutoencoder",
    "fine_tune",
    "image_paths",
]

_HOME = {
    "GAN": "skunsup.models",
    "AAEClassifier": "skunsup.models",
    "AAEClustering": "skunsup.models",
    "AAEDetector": "skunsup.outliers",
    "AdversarialAutoencoder": "skunsup.models",
    "Autoencoder": "skunsup.models",
    "AutoencoderDetector": "skunsup.outliers",
    "BiGAN": "skunsup.models",
    "Blocks": "skunsup.inputs",
    "DeepEmbeddedClustering": "skunsup.models",
    "GANDetector": "skunsup.outliers",
    "Images": "skunsup.inputs",
    "NeighborClustering": "skunsup.models",
    "NeighborEmbedding": "skunsup.models",
    "OutlierDetector": "skunsup.outliers",
    "PretrainedFeatures": "skunsup.transfer",
    "Sequences": "skunsup.inputs",
    "SlidingWindows": "skunsup.preprocessing",
    "Table": "skunsup.inputs",
    "Text": "skunsup.inputs",
    "TokenVectorizer": "skunsup.preprocessing",
    "VAEDetector": "skunsup.outliers",
    "VariationalAutoencoder": "skunsup.models",
    "WassersteinAutoencoder": "skunsup.models",
    "fine_tune": "skunsup.transfer",
    "image_paths": "skunsup.inputs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
