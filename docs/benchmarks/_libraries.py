"""The same autoencoder as the libraries' own documentation would write it.

Each class is built with a `_peers.Task`, learns with ``fit(X)`` and is scored with
``score(X)``, which is the library's own call for new rows: `score_samples` or
`decision_function` where there is one, else its `predict` alone. ``modules`` names
what must be imported before anything is timed.

A second ``fit`` of one object finds whatever the library lets a user keep from
the first, so a built Keras model and its traced functions are used again. A new
object starts from nothing.
"""

import warnings
from typing import ClassVar

import numpy as np


class Skunsup:
    """`skunsup.Autoencoder`; a new estimator each fit."""

    modules: ClassVar = ("keras", "skunsup.models")

    def __init__(self, task):
        self.task = task

    def fit(self, X):
        """Construct and fit."""
        from skunsup import Autoencoder

        self.model = Autoencoder(
            self.task.n_components,
            hidden_layer_sizes=self.task.hidden,
            learning_rate=self.task.learning_rate,
            batch_size=self.task.batch_size,
            epochs=self.task.epochs,
            random_state=0,
        ).fit(X)

    def score(self, X):
        """Return minus the reconstruction error of each row."""
        return self.model.score_samples(X)


def keras_autoencoder(n_features, task):
    """Build the network with the Keras functional API, as tutorials do."""
    import keras

    inputs = x = keras.Input((n_features,))
    for size, activation in zip(task.sizes, task.activations(), strict=True):
        x = keras.layers.Dense(size, activation=activation)(x)
    return keras.Model(inputs, keras.layers.Dense(n_features)(x))


class KerasFit:
    """``compile``, ``fit(X, X)``, ``predict``; the built model is kept."""

    modules: ClassVar = ("keras",)

    def __init__(self, task):
        self.task = task
        self.model = None

    def fit(self, X):
        """Build and compile at the first call, then train."""
        import keras

        if self.model is None:
            self.model = keras_autoencoder(X.shape[1], self.task)
            self.model.compile(
                optimizer=keras.optimizers.Adam(self.task.learning_rate), loss="mse"
            )
        self.model.fit(
            X,
            X,
            batch_size=self.task.batch_size,
            epochs=self.task.epochs,
            verbose=0,
        )

    def score(self, X):
        """Return the reconstruction."""
        return self.model.predict(X, verbose=0)


class Scikeras:
    """`scikeras.wrappers.KerasRegressor`; ``warm_start`` keeps the built model."""

    modules: ClassVar = ("scikeras.wrappers",)

    def __init__(self, task):
        from scikeras.wrappers import KerasRegressor

        self.model = KerasRegressor(
            model=lambda meta: keras_autoencoder(meta["n_features_in_"], task),
            loss="mse",
            optimizer="adam",
            optimizer__learning_rate=task.learning_rate,
            batch_size=task.batch_size,
            epochs=task.epochs,
            warm_start=True,
            verbose=0,
        )

    def fit(self, X):
        """Train from rows to themselves."""
        self.model.fit(X, X)

    def score(self, X):
        """Return the reconstruction."""
        return self.model.predict(X, verbose=0)


class PyOD:
    """`pyod.models.auto_encoder.AutoEncoder` with this network.

    Parameters
    ----------
    task : Task
        The network and its training.
    **parameters : object
        Passed on; PyOD's defaults add batch normalisation and dropout.
    """

    modules: ClassVar = ("pyod.models.auto_encoder",)

    def __init__(self, task, **parameters):
        from pyod.models.auto_encoder import AutoEncoder

        self.model = AutoEncoder(
            hidden_neuron_list=[*task.hidden, task.n_components],
            batch_size=task.batch_size,
            epoch_num=task.epochs,
            lr=task.learning_rate,
            verbose=0,
            **parameters,
        )

    def fit(self, X):
        """Train, which in PyOD also scores the training rows."""
        self.model.fit(X)

    def score(self, X):
        """Return the outlier score of each row."""
        return self.model.decision_function(X)


class PyODPlain(PyOD):
    """The same without batch normalisation and dropout: exactly the network."""

    def __init__(self, task):
        super().__init__(task, batch_norm=False, dropout_rate=0.0)


class MLP:
    """`sklearn.neural_network.MLPRegressor` from rows to themselves.

    It has one activation for all hidden layers, so its code is relu, too.
    """

    modules: ClassVar = ("sklearn.neural_network",)

    def __init__(self, task):
        from sklearn.neural_network import MLPRegressor

        self.model = MLPRegressor(
            hidden_layer_sizes=task.sizes,
            alpha=0.0,
            learning_rate_init=task.learning_rate,
            batch_size=task.batch_size,
            max_iter=task.epochs,
            tol=0.0,
            n_iter_no_change=10**6,
            random_state=0,
        )

    def fit(self, X):
        """Train, deaf to the warning that the epochs are over."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model.fit(X, X)

    def score(self, X):
        """Return the reconstruction."""
        return self.model.predict(X)


class TorchLoop:
    """A plain loop in torch, rows permuted as one tensor, without a DataLoader."""

    modules: ClassVar = ("torch",)

    def __init__(self, task):
        self.task = task

    def fit(self, X):
        """Build the network and train it."""
        import torch

        rows = torch.from_numpy(X)
        self.model = self._build(X.shape[1])
        adam = torch.optim.Adam(self.model.parameters(), lr=self.task.learning_rate)
        for _ in range(self.task.epochs):
            for index in torch.randperm(len(rows)).split(self.task.batch_size):
                x = rows[index]
                adam.zero_grad()
                torch.nn.functional.mse_loss(self.model(x), x).backward()
                adam.step()

    def _build(self, n_features):
        from torch import nn

        layers, width = [], n_features
        for size, activation in zip(
            self.task.sizes, self.task.activations(), strict=True
        ):
            layers += [nn.Linear(width, size), *([nn.ReLU()] if activation else [])]
            width = size
        return nn.Sequential(*layers, nn.Linear(width, n_features))

    def score(self, X):
        """Return the reconstruction."""
        import torch

        with torch.no_grad():
            return self.model(torch.from_numpy(X)).numpy()


class PCAReconstruction:
    """`sklearn.decomposition.PCA` with as many components, for scale."""

    modules: ClassVar = ("sklearn.decomposition",)

    def __init__(self, task):
        from sklearn.decomposition import PCA

        self.model = PCA(task.n_components)

    def fit(self, X):
        """Decompose."""
        self.model.fit(X)

    def score(self, X):
        """Return the reconstruction error of each row."""
        again = self.model.inverse_transform(self.model.transform(X))
        return np.square(again - X).mean(axis=1)
