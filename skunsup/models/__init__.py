"""One model, one file: its Keras network and its estimator side by side."""

import skunsup._keras_import  # noqa: F401
from skunsup.models._adversarial import AdversarialAutoencoder as AdversarialAutoencoder
from skunsup.models._autoencoder import Autoencoder as Autoencoder
from skunsup.models._bigan import BiGAN as BiGAN
from skunsup.models._classifier import AAEClassifier as AAEClassifier
from skunsup.models._clustering import AAEClustering as AAEClustering
from skunsup.models._deep_clustering import (
    DeepEmbeddedClustering as DeepEmbeddedClustering,
)
from skunsup.models._diffusion import DiffusionModel as DiffusionModel
from skunsup.models._gan import GAN as GAN
from skunsup.models._neighbor_clustering import NeighborClustering as NeighborClustering
from skunsup.models._neighbor_embedding import NeighborEmbedding as NeighborEmbedding
from skunsup.models._variational import VariationalAutoencoder as VariationalAutoencoder
from skunsup.models._wasserstein import WassersteinAutoencoder as WassersteinAutoencoder
