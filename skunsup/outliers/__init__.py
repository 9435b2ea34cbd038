"""Outlier detection as a head around a model: threshold, probability, explanation."""

import skunsup._keras_import  # noqa: F401
from skunsup.outliers._adversarial import AAEDetector
from skunsup.outliers._autoencoder import AutoencoderDetector
from skunsup.outliers._bigan import GANDetector
from skunsup.outliers._detector import OutlierDetector
from skunsup.outliers._series import SeriesDetector
from skunsup.outliers._variational import VAEDetector

__all__ = [
    "AAEDetector",
    "AutoencoderDetector",
    "GANDetector",
    "OutlierDetector",
    "SeriesDetector",
    "VAEDetector",
]
