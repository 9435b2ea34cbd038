"""Optimizers move weights as Keras's own do, however the engine calls them."""

import keras
import numpy as np
import pytest
from keras import layers, ops, optimizers

from skunsup import (
    GAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    VariationalAutoencoder,
    WassersteinAutoencoder,
)
from skunsup._training import _train
from skunsup._training._optimizers import is_entrywise, optimizer_config
from skunsup._training._programs import LRUCache

from .helpers import array, on_torch_or_asked, unchanged

QUICK = {
    "n_components": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 3,
    "random_state": 0,
}
ENTRYWISE = {
    "adam": optimizers.Adam(),
    "amsgrad": optimizers.Adam(amsgrad=True, clipvalue=0.01),
    "global norm": optimizers.Adam(global_clipnorm=0.1),
    "sgd": optimizers.SGD(),
    "nesterov": optimizers.SGD(momentum=0.9, nesterov=True),
    "rmsprop": optimizers.RMSprop(centered=True, momentum=0.5),
    "adagrad": optimizers.Adagrad(),
    "adadelta": optimizers.Adadelta(0.1),
    "adamax": optimizers.Adamax(),
    "lion": optimizers.Lion(),
}


class OwnAdam(optimizers.Adam):
    """May do anything with a variable."""


OTHERS = {
    "norm": optimizers.Adam(clipnorm=0.1),
    "decay": optimizers.AdamW(),
    "average": optimizers.Adam(use_ema=True),
    "accumulation": optimizers.Adam(gradient_accumulation_steps=2),
    "scale": optimizers.Adam(loss_scale_factor=2.0),
    "nadam": optimizers.Nadam(),
    "ftrl": optimizers.Ftrl(),
    "adafactor": optimizers.Adafactor(),
    "own": OwnAdam(),
}


def variables():
    return [keras.Variable(np.ones(shape, np.float32)) for shape in [(2, 3), (3,)]]


@pytest.mark.parametrize("name", [*ENTRYWISE, *OTHERS])
def test_which_optimizers_treat_entries_alike(name):
    optimizer = {**ENTRYWISE, **OTHERS}[name]
    assert is_entrywise(optimizer, variables()) == (name in ENTRYWISE)


def test_a_constraint_needs_its_variable():
    constrained = keras.Variable(np.ones((2, 3), np.float32))
    constrained.constraint = keras.constraints.UnitNorm()
    assert not is_entrywise(optimizers.Adam(), [*variables(), constrained])


# Weight decay and learning rates ------------------------------------------------------

NAMES = sorted(
    name.lower()
    for name, kind in vars(optimizers).items()
    if isinstance(kind, type)
    and issubclass(kind, optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
)


def moved(name, weight_decay):
    """A number of a kernel and one of a bias after three steps from 1."""
    kernel = keras.Variable(np.ones((2, 3), np.float32), name="kernel")
    bias = keras.Variable(np.ones(3, np.float32), name="bias")
    recipe = optimizer_config(name, 0.5, weight_decay)
    optimizer = recipe.build([kernel, bias])
    optimizer.learning_rate = recipe.learning_rate
    slopes = [ops.full(variable.shape, 0.1) for variable in (kernel, bias)]
    for _ in range(3):
        optimizer.apply(slopes, [kernel, bias])
    return [float(array(variable).ravel()[0]) for variable in (kernel, bias)]


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_decays_kernels_alone(name):
    own = optimizer_config(name, None, None).config["weight_decay"]
    kernels, biases = zip(*(moved(name, x) for x in (None, 0.0, 0.01)), strict=True)
    assert kernels[2] != kernels[1]
    assert biases[2] == biases[1]
    assert (kernels[0] == kernels[1]) == (own is None)


@on_torch_or_asked
@pytest.mark.parametrize("weight_decay", [None, 0.0, 0.01])
@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_trains_with_every_decay(blobs, name, weight_decay):
    model = Autoencoder(**QUICK, optimizer=name, weight_decay=weight_decay)
    assert np.isfinite(model.fit(blobs).partial_fit(blobs).score(blobs))


def test_no_decay_is_a_decay_of_nothing(blobs):
    codes = [
        Autoencoder(**QUICK, weight_decay=decay).fit(blobs).transform(blobs)
        for decay in (None, 0.0)
    ]
    np.testing.assert_array_equal(*codes)


@pytest.mark.parametrize("rate", [1e39, 1e-46, 1e300, 5e-324, np.float64(1e39)])
@pytest.mark.parametrize("name", ["learning_rate", "discriminator_learning_rate"])
def test_a_rate_beyond_single_precision(blobs, name, rate):
    model = GAN(**QUICK, **{name: rate})
    with (
        unchanged(model),
        pytest.raises(ValueError, match=r"single precision|3\.4e\+38"),
    ):
        model.fit(blobs)


def test_a_rate_beyond_single_precision_in_an_optimizer(blobs):
    with np.errstate(over="ignore"):
        model = Autoencoder(**QUICK, optimizer=optimizers.Adam(1e39))
    with pytest.raises(ValueError, match="learning rate is inf, but expected"):
        model.fit(blobs)


# torch -------------------------------------------------------------------------------


@pytest.fixture
def keras_steps(monkeypatch):
    """Return a function that makes the engine call Keras for each variable and step."""
    if keras.backend.backend() != "torch":
        pytest.skip("the other backends compile the whole step")
    from skunsup._training import _torch

    def switch():
        monkeypatch.setattr(_train, "_trainers", LRUCache(16))
        monkeypatch.setattr(_torch, "is_entrywise", lambda *args: False)

    monkeypatch.setattr(_train, "_trainers", LRUCache(16))
    monkeypatch.setattr(_torch, "UNTRACED_STEPS", 1)
    return switch


@pytest.mark.parametrize("name", ENTRYWISE)
@pytest.mark.parametrize("family", [Autoencoder, GAN])
def test_one_update_is_that_of_every_variable(blobs, keras_steps, family, name):
    """Steps are traced, draws of the GAN included, and repeat Keras's to the bit."""
    model = family(**QUICK, optimizer=ENTRYWISE[name])
    ours = model.fit(blobs).partial_fit(blobs)._state
    keras_steps()
    theirs = model.fit(blobs).partial_fit(blobs)._state
    pairs = [*zip(ours.values, theirs.values, strict=True)]
    pairs += zip(ours.optimizer_values, theirs.optimizer_values, strict=True)
    for a, b in pairs:
        if name == "global norm":  # is summed up in another order
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        else:
            np.testing.assert_array_equal(a, b)


DRAWING = [
    VariationalAutoencoder,
    AdversarialAutoencoder,
    WassersteinAutoencoder,
    BiGAN,
]


@pytest.mark.parametrize("family", DRAWING)
def test_traced_steps_draw_and_move_as_others(blobs, keras_steps, monkeypatch, family):
    from skunsup._training import _torch

    states = []
    for n_untraced in (1, 1000):
        monkeypatch.setattr(_torch, "UNTRACED_STEPS", n_untraced)
        monkeypatch.setattr(_train, "_trainers", LRUCache(16))
        states.append(family(**{**QUICK, "batch_size": 10}).fit(blobs)._state)
    for traced, other in zip(states[0].values, states[1].values, strict=True):
        np.testing.assert_array_equal(traced, other)


class Counted:
    """A squared error that counts its calls."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self, x, output):
        self.n_calls += 1
        return ops.mean(ops.square(x - output), axis=-1)


def with_dropout(n_features, n_outputs):
    return keras.Sequential(
        [keras.Input((n_features,)), layers.Dropout(0.1), layers.Dense(n_outputs)]
    )


@pytest.mark.parametrize(
    ("params", "traced"),
    [({}, True), ({"noise": "swap"}, True), ({"encoder": with_dropout}, False)],
)
def test_steps_are_traced_unless_keras_draws(blobs, keras_steps, params, traced):
    """A trace would repeat what Keras drew in the first step."""
    loss = Counted()
    params = {**QUICK, "noise": None, "batch_size": 10, **params}
    model = Autoencoder(**params, loss=loss)
    model.fit(blobs)
    n_steps = model.n_iter_ * -(-len(blobs) // 10)
    assert (loss.n_calls < n_steps // 2) == traced


def branching(x, output):
    """Punish rows more where the minibatch has a large value."""
    weight = 9.0 if ops.max(x) > 4 else 1.0
    return weight * ops.mean(ops.square(x - output), axis=-1)


def through_numpy(x, output):
    weight = float(ops.convert_to_numpy(x).max())
    return weight * ops.mean(ops.square(x - output), axis=-1)


@pytest.mark.parametrize("loss", [branching, through_numpy])
def test_a_loss_may_look_at_values(blobs, keras_steps, loss):
    model = Autoencoder(**{**QUICK, "batch_size": 5}, loss=loss)
    ours = model.fit(blobs).history_
    keras_steps()
    assert ours == model.fit(blobs).history_
