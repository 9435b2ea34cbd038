"""Clustering by an adversarial autoencoder."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.base import ClusterMixin

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Network
from skunsup._sklearn import StrOptions, integers, reals
from skunsup.inputs import Inputs
from skunsup.models._categorical_estimator import CATEGORICAL, CategoricalEstimator
from skunsup.models._clusters import kmeans_values

KMEANS_ROWS = 10_000


class AAEClustering(ClusterMixin, CategoricalEstimator):
    """Clusters as the category in the code of an adversarial autoencoder.

    The encoder gives probabilities of clusters and a short continuous code, the style;
    the decoder makes the row of both. One discriminator pushes the probabilities to
    one-hot draws of clusters of equal shares, another the styles to a normal
    distribution [1]_. What cannot be told by the style must go into the cluster.

    `transform` gives the probabilities with the style behind them, which
    `inverse_transform` decodes; `sample` decodes draws of both. `score_samples` is the
    logarithm, but for a constant, of the joint density of the row x and its style z:
    log p(z) - n_features loss(x) / (2 e), with p the normal distribution and e the mean
    training loss.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, at most the number of rows.
    n_components : int, default=None
        Width of the continuous part of the code, the style. None means 2, or what an
        own `encoder` returns beside the clusters.
    init : {"k-means", "random"}, default="k-means"
        How the encoder's last layer starts: so that rows fall into the clusters of
        `sklearn.cluster.KMeans`, or at random as in [1]_. An own `encoder` needs
        "random".
    hidden_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one; None for (128, 64), or what `inputs` finds suitable.
    activation : str or callable, default="relu"
        Of the hidden layers: a Keras name or a callable on tensors.
    loss : str, keras.losses.Loss or callable, default="mean_squared_error"
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    adversarial_loss : {"non-saturating", "least-squares", "hinge", "wasserstein"}, \
default="non-saturating"
        What discriminators and encoder play for.
    adversarial_weight : float, default=1.0
        Weight of the term by which the encoder fools the discriminators, in units of
        the reconstruction loss, so that it means the same on any scale of X.
    balance_weight : float, default=1.0
        Weight of the divergence of the shares of clusters in a minibatch from equal
        ones [4]_, in the same units. It keeps clusters in use; 0 as in [1]_.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied, once for the
        discriminators and once for all else.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    discriminator_learning_rate : float or \
keras.optimizers.schedules.LearningRateSchedule, default=None
        Of the discriminators; None means `learning_rate`.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [5]_.
    weight_decay : float, default=None
        Decoupled weight decay of the kernels, not of the biases. None means the
        optimizer's own.
    n_critic : int, default=1
        Steps of the discriminators for one step of all else.
    gradient_penalty : float, default=None
        Weight of the squared distance from 1 of the norm of a discriminator's
        gradient, between real and generated rows [2]_. None means 10 with the
        Wasserstein loss and 0 with the others.
    spectral_normalization : bool, default=True
        Whether the discriminators' own layers are divided by their spectral norms
        [3]_; not those of an own `discriminator`.
    batch_size : int, default=32
        Rows a step. None, or more than there are rows, takes all rows in one step.
    epochs : int or None, default=100
        Passes over the rows, at most; None for as many as `max_steps` takes.
    max_steps : int, default=None
        Minibatches to train on, at most, for a length that suits few rows and many
        alike; the last epoch may be cut short. None means no limit.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        that of reconstruction.
    validation_fraction : float, default=0.1
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int, default=10
        Epochs to wait for a better validation loss.
    tol : float, default=1e-4
        What counts as better, in units of the validation loss.
    noise : {"gaussian", "masking", "swap"} or None, default="gaussian"
        Corrupt the input in training and learn to restore the clean rows: add Gaussian
        noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.5
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_clusters + n_components)
        and returns logits with the style behind them, a decoder is called with
        (n_clusters + n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
    discriminator : keras.Model or callable, default=None
        Own network from styles to hidden features, on which a linear unit is put: an
        unfitted Keras model, or a callable of (n_inputs, None) that returns one.
        Treated as `encoder` and `decoder`.
    category_discriminator : keras.Model or callable, default=None
        Own network in the same way for the clusters.
    discriminator_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of each discriminator; None means
        `hidden_layer_sizes`.
    callbacks : list of keras.callbacks.Callback, default=None
        Copied before use; the used copies are in `callbacks_`. Hooks of minibatches are
        called once for each compiled block of minibatches.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights and the optimizer state of the last call.
    random_state : int, RandomState instance or None, default=None
        Fixes weights, minibatches and noise. An int gives equal results, to the bit, in
        every call on one machine and backend.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each row of the last `fit` or `partial_fit`.
    n_components_ : int
        Width of the whole code, `n_clusters` and style.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator`, `adversarial` and `balance` (weighted); `accuracy_real` and
        `accuracy_fake`, the shares of normal draws and of styles that the discriminator
        tells (0.5 is a draw, 1 means the encoder has lost), `category_accuracy_real`
        and `category_accuracy_fake` of the other discriminator; `spread`, the standard
        deviation of styles relative to the prior's; `usage`, the perplexity of the
        clusters in a minibatch relative to that of equal shares; and `val_loss` if
        rows were held out.
    model_ : keras.Model
        The network, with its parts as attributes.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called in the last fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    Warns
    -----
    ConvergenceWarning
        If the styles lost nearly all of their variance in the course of training.

    See Also
    --------
    AAEClassifier : The same network with some labels.
    AdversarialAutoencoder : The same without clusters.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015, section 5.
    .. [2] Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved training of
       Wasserstein GANs", NeurIPS 2017.
    .. [3] Miyato, Kataoka, Koyama & Yoshida, "Spectral normalization for generative
       adversarial networks", ICLR 2018.
    .. [4] Springenberg, "Unsupervised and semi-supervised learning with categorical
       generative adversarial networks", ICLR 2016.
    .. [5] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AAEClustering
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = AAEClustering(n_clusters=3, epochs=30, random_state=0)
    >>> model.fit_predict(X).shape
    (150,)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **CATEGORICAL,
        "n_clusters": [integers(1)],
        "balance_weight": [reals(0, None, "left")],
        "init": [StrOptions({"k-means", "random"})],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_components: int | None = None,
        init: str = "k-means",
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        adversarial_loss: str = "non-saturating",
        adversarial_weight: float = 1.0,
        balance_weight: float = 1.0,
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = None,
        discriminator_learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        n_critic: int = 1,
        gradient_penalty: float | None = None,
        spectral_normalization: bool = True,
        batch_size: int | None = 32,
        epochs: int | None = 100,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = "gaussian",
        noise_level: float = 0.5,
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        discriminator: keras.Model | Callable | None = None,
        category_discriminator: keras.Model | Callable | None = None,
        discriminator_layer_sizes: int | Sequence[int] | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_components = n_components
        self.init = init
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.adversarial_loss = adversarial_loss
        self.adversarial_weight = adversarial_weight
        self.balance_weight = balance_weight
        self.inputs = inputs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.n_critic = n_critic
        self.gradient_penalty = gradient_penalty
        self.spectral_normalization = spectral_normalization
        self.batch_size = batch_size
        self.epochs = epochs
        self.max_steps = max_steps
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.noise = noise
        self.noise_level = noise_level
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.category_discriminator = category_discriminator
        self.discriminator_layer_sizes = discriminator_layer_sizes
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X` and find the clusters of its rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1; at least `n_clusters` of them.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, a row of
            weight 0 as none, exactly.
        X_val : array-like of shape (n_val, n_features), default=None
            Rows to judge epochs by, instead of a fraction held out of `X`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, or if the loss
            is not finite in the first epoch. The estimator is then as it was before.
        """
        super().fit(X, y, sample_weight=sample_weight, X_val=X_val)
        self.labels_ = self.predict(X)
        return self

    def partial_fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row; in the first call `n_clusters` of them.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`, and if `X` has other columns than before.
        """
        super().partial_fit(X, y, sample_weight=sample_weight)
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Find the cluster of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Rows like those of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Numbers from 0 to `n_clusters` - 1, of the most probable clusters.
        """
        return self._probabilities(X).argmax(axis=1)

    def _categories(self) -> int:
        return int(self.n_clusters)

    def _weights(self) -> dict[str, float]:
        return {"balance_weight": float(self.balance_weight)}

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        self._check_rows(data.sample.n_draws)
        values = architecture.initial_values(network, rng)
        if self.init == "random":
            return values
        if self.encoder is not None:
            raise ValueError(
                "init='k-means' writes weights of the default encoder, but encoder is "
                "your own. Use init='random'."
            )
        drawn = data.sample.draw(min(data.sample.n_draws, KMEANS_ROWS), rng)
        rows, n_distinct = data.rows.take(drawn), len(np.unique(drawn))
        return kmeans_values(architecture, network, values, rows, n_distinct, rng)

    def _check_rows(self, n_rows: int) -> None:
        if n_rows < self.n_clusters:
            raise ValueError(
                f"n_clusters={self.n_clusters}, but X has {n_rows} rows to train on. "
                "Use as many clusters at most, or give more rows."
            )
