"""One model, one file: its Keras network and its estimator side by side."""

from skunsup.models._autoencoder import Autoencoder

__all__ = ["Autoencoder"]
