"""Outlier detection as a head around a model: threshold, probability, explanation."""

from skunsup.outliers._autoencoder import AutoencoderDetector
from skunsup.outliers._detector import OutlierDetector

__all__ = ["AutoencoderDetector", "OutlierDetector"]
