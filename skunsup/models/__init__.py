"""One model, one file: its Keras network and its estimator side by side."""

import skunsup._keras_import  # noqa: F401
from skunsup.models._adversarial import AdversarialAutoencoder
from skunsup.models._autoencoder import Autoencoder
from skunsup.models._bigan import BiGAN
from skunsup.models._classifier import AAEClassifier
from skunsup.models._clustering import AAEClustering
from skunsup.models._deep_clustering import DeepEmbeddedClustering
from skunsup.models._gan import GAN
from skunsup.models._neighbor_clustering import NeighborClustering
from skunsup.models._neighbor_embedding import NeighborEmbedding
from skunsup.models._variational import VariationalAutoencoder
from skunsup.models._wasserstein import WassersteinAutoencoder

__all__ = [
    "GAN",
    "AAEClassifier",
    "AAEClustering",
    "AdversarialAutoencoder",
    "Autoencoder",
    "BiGAN",
    "DeepEmbeddedClustering",
    "NeighborClustering",
    "NeighborEmbedding",
    "VariationalAutoencoder",
    "WassersteinAutoencoder",
]
