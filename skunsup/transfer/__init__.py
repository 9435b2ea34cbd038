"""Transfer learning: networks that were trained on other data, or without labels."""

import skunsup._keras_import  # noqa: F401
from skunsup.transfer._fine_tune import fine_tune
from skunsup.transfer._pretrained import PretrainedFeatures

__all__ = ["PretrainedFeatures", "fine_tune"]
