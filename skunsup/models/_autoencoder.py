"""The autoencoder."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from sklearn.base import BaseEstimator

from skunsup._estimator import FitData
from skunsup._networks import Architecture, Network, pca_values
from skunsup._sklearn import StrOptions, reals
from skunsup.inputs import Inputs
from skunsup.models._code import CodeNetwork
from skunsup.models._latent import LatentTransformer
from skunsup.models._parts import (
    CODE,
    LOSS,
    NOISE,
    checked_noise_level,
    decoder_part,
    encoder_part,
    reconstruction,
)
from skunsup.models._start_values import fitted_values, layerwise_values

PCA_ROWS = 20_000


@keras.saving.register_keras_serializable(package="skunsup")
class AutoencoderNetwork(CodeNetwork):
    """Encoder and decoder trained to return what went in.

    Objective: mean over the minibatch of loss(x, decode(encode(corrupt(x)))), plus
    `l1_penalty` times the mean absolute sum of the code.

    Parameters
    ----------
    encoder, decoder : keras.Model
        The two halves.
    loss, noise, noise_level
        See `CodeNetwork`.
    l1_penalty : float
        Weight of the sparsity term.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        loss: Any = "mean_squared_error",
        noise: str | None = None,
        noise_level: float = 0.1,
        l1_penalty: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {"encoder": encoder, "decoder": decoder},
            {
                "loss": loss,
                "noise": noise,
                "noise_level": noise_level,
                "l1_penalty": l1_penalty,
            },
            **kwargs,
        )
        self.own_terms = ("reconstruction", *(("sparsity",) if l1_penalty else ()))

    def loss_terms(self, x: Any) -> list[Any]:
        """Reconstruction and sparsity of the minibatch `x`."""
        code, loss = self.code_and_loss(x)
        terms = [loss]
        if self.settings["l1_penalty"]:
            size = ops.mean(ops.sum(ops.abs(code), axis=-1))
            terms.append(self.settings["l1_penalty"] * size)
        return terms


class Autoencoder(LatentTransformer):
    """Nonlinear dimension reduction by a network that learns to copy its input.

    The encoder maps each row to a short code, the decoder maps the code back, and both
    are trained to make the way there and back lose little [1]_. `transform` gives
    codes, `inverse_transform` decodes them, and `score_samples` tells how well a row
    survives, which is low for rows unlike the training data. With a linear network and
    the squared error this is PCA.

    Parameters
    ----------
    n_components : int, default=None
        Width of the code. None means 2, or what an own `encoder` returns.
    hidden_layer_sizes : int or sequence of int, default=None
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear one; None for (128, 64), or what `inputs` finds suitable.
    activation : str or callable, default="relu"
        Of the hidden layers: a Keras name or a callable on tensors. Code and output are
        linear.
    loss : str, keras.losses.Loss or callable, default="mean_squared_error"
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    inputs : Images, Sequences, Text, Table, Blocks or None, default=None
        What a row of X is, which chooses networks and likelihood. None for numbers.
    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        A Keras name, configuration or instance; an instance is copied.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
default=None
        None means the optimizer's own, 0.001 for Adam. Fits that differ in a constant
        rate share one compiled program.
    learning_rate_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to nothing, in short pieces of constant rate [4]_.
    weight_decay : float, default=None
        Decoupled weight decay [3]_ of the kernels, not of the biases. None means the
        optimizer's own.
    batch_size : int, default=32
        Rows a step. None, or more than there are rows, takes all rows in one step; 1
        trains on one row at a time.
    epochs : int or None, default=100
        Passes over the rows, at most; None for as many as `max_steps` takes. Where
        `batch_size` does not divide the number of rows, the last minibatch is filled up
        with rows drawn a second time.
    max_steps : int, default=None
        Minibatches to train on, at most, for a length that suits few rows and many
        alike; the last epoch may be cut short. None means no limit.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights.
    validation_fraction : float, default=0.1
        In (0, 1). Only used with early stopping and without `X_val`.
    n_iter_no_change : int, default=10
        Epochs to wait for a better validation loss.
    tol : float, default=1e-4
        What counts as better, in units of the loss.
    noise : {"gaussian", "masking", "swap"}, default=None
        Corrupt the input in training and learn to restore the clean rows [2]_: add
        Gaussian noise, set cells to 0, or swap cells with another row of the minibatch.
    noise_level : float, default=0.1
        Standard deviation of Gaussian noise in the units of X, or else the probability
        that a cell is hit.
    l1_penalty : float, default=0.0
        Weight of the mean absolute sum of the code in the loss: a sparse autoencoder.
    init : {"random", "pca", "layerwise"} or fitted model, default="random"
        Where the weights start: Glorot-uniform; or such that the network reconstructs
        the training rows as PCA with `n_components` does, before the first step, which
        needs hidden layers of at least `n_components` units; or trained layer by layer
        [5]_, each for `epochs` and `max_steps`, which helps deep networks of sigmoids;
        or those of a fitted model with the same widths, best given as
        `sklearn.frozen.FrozenEstimator(model)`, since `clone` would unfit the model.
    encoder, decoder : keras.Model or callable, default=None
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_components), a decoder
        with (n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.
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
    n_components_ : int
        Width of the code.
    n_iter_ : int
        Epochs run.
    history_ : dict of str to list of float
        One entry an epoch: `loss` as trained on (noisy, with penalties), its terms if
        there are several, and `val_loss` (clean, without) if rows were held out.
    model_ : keras.Model
        The network, with `encoder` and `decoder`.
    callbacks_ : list of keras.callbacks.Callback
        The copies of `callbacks` that were called in the last fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    See Also
    --------
    sklearn.decomposition.PCA : The linear case in closed form.
    AutoencoderDetector : Outlier detection by this model.

    References
    ----------
    .. [1] Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural
       networks", Science 313, 2006.
    .. [2] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.
    .. [3] Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
    .. [4] Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [5] Bengio, Lamblin, Popovici & Larochelle, "Greedy layer-wise training of deep
       networks", NeurIPS 19, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import Autoencoder
    >>> X = load_iris().data
    >>> codes = make_pipeline(
    ...     StandardScaler(), Autoencoder(n_components=2, epochs=30, random_state=0)
    ... ).fit_transform(X)
    >>> codes.shape
    (150, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **LatentTransformer._shared_constraints,
        **CODE,
        **LOSS,
        **NOISE,
        "l1_penalty": [reals(0, None, "left")],
        "init": [StrOptions({"random", "pca", "layerwise"}), BaseEstimator],
    }

    def __init__(
        self,
        n_components: int | None = None,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        activation: str | Callable = "relu",
        loss: str | keras.losses.Loss | Callable = "mean_squared_error",
        inputs: Inputs | None = None,
        optimizer: str | dict | keras.optimizers.Optimizer = "adam",
        learning_rate: Any = None,
        learning_rate_schedule: str = "constant",
        weight_decay: float | None = None,
        batch_size: int | None = 32,
        epochs: int | None = 100,
        max_steps: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        noise: str | None = None,
        noise_level: float = 0.1,
        l1_penalty: float = 0.0,
        init: str | BaseEstimator = "random",
        encoder: keras.Model | Callable | None = None,
        decoder: keras.Model | Callable | None = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.inputs = inputs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.max_steps = max_steps
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.noise = noise
        self.noise_level = noise_level
        self.l1_penalty = l1_penalty
        self.init = init
        self.encoder = encoder
        self.decoder = decoder
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, data: FitData) -> Architecture:
        loss, output_activation = reconstruction(self.loss, data)
        encoder = encoder_part(self, data.layout)
        n_components = encoder.n_outputs
        decoder = decoder_part(self, n_components, data.layout, output_activation)
        settings = {
            "loss": loss,
            "noise": self.noise,
            "noise_level": checked_noise_level(self.noise, self.noise_level),
            "l1_penalty": float(self.l1_penalty),
        }
        parts = {"encoder": encoder, "decoder": decoder}
        return self._made(AutoencoderNetwork, parts, settings, n_components, data)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        values = architecture.initial_values(network, rng)
        if isinstance(self.init, BaseEstimator):
            return fitted_values(self.init, architecture, network, values)
        if self.init == "random":
            return values
        parts = architecture.parts
        if not all(hasattr(part, "stack") for part in parts.values()):
            raise ValueError(
                f"init={self.init!r} writes the weights of the default network, but "
                "encoder or decoder is your own. Use init='random', or "
                "hidden_layer_sizes."
            )
        if data.layout.n_outputs != data.layout.n_columns:
            raise ValueError(
                f"init={self.init!r} starts from networks that copy rows of numbers, "
                f"which those of inputs={self.inputs!r} do not. Use init='random'."
            )
        if self.init == "layerwise":
            plan, recipes = self._plan(stopping=False), self._recipes()
            return layerwise_values(
                architecture, network, values, data, recipes, plan, rng
            )
        drawn = data.sample.draw(min(data.sample.n_draws, PCA_ROWS), rng)
        return pca_values(architecture, network, values, data.rows.take(drawn))
