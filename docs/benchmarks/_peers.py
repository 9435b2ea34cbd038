"""The subjects of the speed benchmarks: their names, their task and their data."""

import importlib
from dataclasses import dataclass

import _libraries
import numpy as np


@dataclass(frozen=True)
class Task:
    """An autoencoder and its training.

    Parameters
    ----------
    batch_size : int
        Rows in a minibatch.
    epochs : int
        Passes over the rows.
    hidden : tuple of int
        Hidden layers of the encoder; the decoder mirrors them.
    n_components : int
        Size of the linear code.
    learning_rate : float
        Of Adam.
    """

    batch_size: int = 32
    epochs: int = 10
    hidden: tuple[int, ...] = (64, 32)
    n_components: int = 8
    learning_rate: float = 1e-3

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of all layers between input and output."""
        return (*self.hidden, self.n_components, *self.hidden[::-1])

    def activations(self) -> list[str | None]:
        """Name the activation of each layer of `sizes`: relu but for the code."""
        middle = len(self.hidden)
        return [None if i == middle else "relu" for i in range(len(self.sizes))]


# Subject on the command line -> its class and its Keras backend.
PEERS = {
    "skunsup-tensorflow": (_libraries.Skunsup, "tensorflow"),
    "skunsup-jax": (_libraries.Skunsup, "jax"),
    "skunsup-torch": (_libraries.Skunsup, "torch"),
    "keras-tensorflow": (_libraries.KerasFit, "tensorflow"),
    "keras-jax": (_libraries.KerasFit, "jax"),
    "keras-torch": (_libraries.KerasFit, "torch"),
    "scikeras": (_libraries.Scikeras, "tensorflow"),
    "pyod": (_libraries.PyOD, None),
    "pyod-plain": (_libraries.PyODPlain, None),
    "mlp": (_libraries.MLP, None),
    "torch-loop": (_libraries.TorchLoop, None),
    "pca": (_libraries.PCAReconstruction, None),
}


def load(subject):
    """Import what a subject needs and return its class, so that no timing does."""
    peer, _ = PEERS[subject]
    for module in peer.modules:
        importlib.import_module(module)
    return peer


def backend(subject):
    """Return the Keras backend of a subject, None if it has none."""
    return PEERS[subject][1]


def gaussian(n_rows, n_features):
    """Return float32 standard normal rows, the same ones each time."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_rows, n_features), dtype=np.float32)
