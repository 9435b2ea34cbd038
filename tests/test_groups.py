"""Every gradient reaches the network it should, at its own pace and rate."""

import pickle

import keras
import numpy as np
import pytest
from keras.optimizers.schedules import PiecewiseConstantDecay
from sklearn.base import is_classifier

from skunsup import (
    GAN,
    AAEClassifier,
    AAEClustering,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
)
from skunsup._training import compilations
from skunsup.models._adversarial_estimator import AdversarialEstimator

from .estimators import estimator_classes

FAMILIES = [AdversarialAutoencoder, BiGAN, GAN]
EVERY = [cls for cls in estimator_classes() if issubclass(cls, AdversarialEstimator)]
CRITIC = ("discriminator", "head")
PLAYERS = {
    AdversarialAutoencoder: ("encoder", "decoder"),
    BiGAN: ("encoder", "decoder"),
    GAN: ("generator",),
}
STILL = 1e-30  # moves a bias of 0 so far, and a kernel not at all
STEP = {
    "n_components": 2,
    "hidden_layer_sizes": (16,),
    "batch_size": None,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "random_state": 0,
}


def weights(model, parts):
    """Trainable weights of parts of a fitted network."""
    network = model.model_
    return [
        np.array(keras.ops.convert_to_numpy(variable.value))
        for part in parts
        for variable in getattr(network, part).trainable_variables
    ]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def still(before, after):
    return max(np.abs(a - b).max() for a, b in zip(before, after, strict=True)) < 1e-25


def close(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def by_group(model):
    """The weights of the critic and of the players, as the network names them."""
    return tuple(weights(model, group.parts) for group in model.model_.groups)


def one_step(model, X):
    """Take a step; a classifier knows every label."""
    labels = (np.arange(len(X)) % 2,) if is_classifier(model) else ()
    return model.partial_fit(X, *labels)


def started(family, X, **params):
    """The weights of a fitted model that has not moved yet."""
    model = one_step(family(**{**STEP, **params, "learning_rate": STILL}), X)
    return by_group(model)


def stepped(family, X, n_steps=1, **params):
    """The weights of the critic and of the players after some steps."""
    model = family(**{**STEP, **params})
    for _ in range(n_steps):
        one_step(model, X)
    return by_group(model)


def test_every_adversarial_model_is_found():
    assert {*FAMILIES, AAEClustering, AAEClassifier} <= {*EVERY}


# Who is moved ------------------------------------------------------------------------


@pytest.mark.parametrize("family", EVERY)
def test_a_rate_of_nothing_moves_nothing(blobs, family):
    start = started(family, blobs)
    rates = {"learning_rate": STILL}
    critic, players = stepped(family, blobs, 3, **rates)
    assert still(critic, start[0])
    assert still(players, start[1])


@pytest.mark.parametrize("family", EVERY)
def test_the_discriminators_optimizer_moves_it_alone(blobs, family):
    start = started(family, blobs)
    rates = {"learning_rate": STILL, "discriminator_learning_rate": 0.1}
    critic, players = stepped(family, blobs, **rates)
    assert still(players, start[1])
    assert not still(critic, start[0])


@pytest.mark.parametrize("family", EVERY)
def test_the_others_optimizer_moves_them_alone(blobs, family):
    start = started(family, blobs)
    rates = {"discriminator_learning_rate": STILL}
    critic, players = stepped(family, blobs, **rates)
    assert still(critic, start[0])
    assert not still(players, start[1])


@pytest.mark.parametrize("family", EVERY)
def test_penalties_of_the_discriminator_move_it_alone(blobs, family):
    weak, strong = (
        stepped(family, blobs, gradient_penalty=weight) for weight in (0.0, 9.0)
    )
    close(weak[1], strong[1])
    assert not np.allclose(weak[0][0], strong[0][0], rtol=0.01)


@pytest.mark.parametrize(
    ("family", "weight"),
    [
        (AdversarialAutoencoder, "adversarial_weight"),
        (BiGAN, "reconstruction_weight"),
    ],
)
def test_losses_of_the_others_move_them_alone(blobs, family, weight):
    weak, strong = stepped(family, blobs), stepped(family, blobs, **{weight: 9.0})
    close(weak[0], strong[0])
    assert not np.allclose(weak[1][0], strong[1][0], rtol=0.01)


@pytest.mark.parametrize("family", [BiGAN, GAN])
def test_the_game_is_not_one_sum(blobs, family):
    """Critic and players want opposite things, which in one sum would cancel.

    The Wasserstein losses of BiGAN sum to nothing. Those of a GAN sum to minus the mean
    logit of real rows, whose slope by the last bias is -1; the critic's own is 0.
    """
    given = {"adversarial_loss": "wasserstein", "gradient_penalty": 0.0}
    start, moved = started(family, blobs, **given), stepped(family, blobs, **given)
    for before, after in zip(start, moved, strict=True):
        assert np.abs(after[0] - before[0]).max() > 1e-4
    np.testing.assert_allclose(moved[0][-1], start[0][-1], atol=1e-6)


def test_without_an_adversary_the_halves_are_an_autoencoder(blobs):
    plain = Autoencoder(**STEP).partial_fit(blobs)
    _, players = stepped(AdversarialAutoencoder, blobs, adversarial_weight=0.0)
    close(players, weights(plain, ("encoder", "decoder")))
    _, players = stepped(AdversarialAutoencoder, blobs, adversarial_weight=9.0)
    assert not np.allclose(players[0], weights(plain, ("encoder",))[0], rtol=0.01)


# Pace --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_n_critic_lets_the_others_wait(blobs, family):
    model = family(**STEP, n_critic=3)
    before, moves = started(family, blobs, n_critic=3), []
    for _ in range(7):
        model.partial_fit(blobs)
        after = weights(model, CRITIC), weights(model, PLAYERS[family])
        moves.append([not same(a, b) for a, b in zip(before, after, strict=True)])
        before = after
        model = pickle.loads(pickle.dumps(model))
    assert [critic for critic, _ in moves] == [True] * 7
    assert [player for _, player in moves] == [False, False, True] * 2 + [False]


@pytest.mark.parametrize("family", FAMILIES)
def test_n_critic_counts_on_between_calls(blobs, family):
    """Seven full-batch epochs are seven calls."""
    params = {**STEP, "n_critic": 3}
    whole = family(**params, epochs=7).fit(blobs)
    critic, players = stepped(family, blobs, 7, n_critic=3)
    assert same(critic, weights(whole, CRITIC))
    assert same(players, weights(whole, PLAYERS[family]))


def test_n_critic_compiles_once_whatever_the_step(blobs):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow says how often XLA compiled")
    metric = pytest.importorskip("tensorflow.python.framework.test_util").TestDelta
    model = GAN(**STEP, n_critic=3).partial_fit(blobs)
    compiled = metric("/tensorflow/core/xla_compilations", "")
    compiled.Reset()
    for _ in range(4):
        model.partial_fit(blobs)
    assert compiled.Get() == 0


# Rates -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_each_rate_is_honoured(blobs, family):
    start = started(family, blobs)
    once = stepped(family, blobs)
    twice = stepped(family, blobs, discriminator_learning_rate=0.2)
    close(twice[1], once[1])
    for a, b, c in zip(start[0], once[0], twice[0], strict=True):
        np.testing.assert_allclose(c - a, 2 * (b - a), rtol=1e-3, atol=1e-6)
    faster = stepped(family, blobs, learning_rate=0.2, discriminator_learning_rate=0.1)
    close(faster[0], once[0])
    for a, b, c in zip(start[1], once[1], faster[1], strict=True):
        np.testing.assert_allclose(c - a, 2 * (b - a), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_discriminators_rate_is_that_of_all_else_by_default(blobs, family):
    alone = stepped(family, blobs)
    both = stepped(family, blobs, discriminator_learning_rate=STEP["learning_rate"])
    for ours, theirs in zip(alone, both, strict=True):
        assert same(ours, theirs)


def test_rates_share_one_program(blobs):
    GAN(**STEP).partial_fit(blobs)
    before = compilations()
    for rate in (0.3, 0.4):
        GAN(**{**STEP, "learning_rate": rate}).partial_fit(blobs)
        GAN(**STEP, discriminator_learning_rate=rate).partial_fit(blobs)
    assert compilations() == before


class Rates(keras.callbacks.Callback):
    """Sets the discriminator's rate at the start of each epoch."""

    def __init__(self, rates):
        super().__init__()
        self.rates = rates

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = self.rates[epoch]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_callback_changes_all_rates_in_proportion(blobs, family):
    rates = {"learning_rate": 0.1, "discriminator_learning_rate": 0.2}
    slowed = family(**{**STEP, **rates}, epochs=2, callbacks=Rates([0.1, 0.1]))
    halves = {name: rate / 2 for name, rate in rates.items()}
    slow = family(**{**STEP, **halves}, epochs=2)
    for parts in (CRITIC, PLAYERS[family]):
        close(weights(slowed.fit(blobs), parts), weights(slow.fit(blobs), parts))


def test_rates_rise_from_nothing(blobs):
    """A warm-up may start at 0, from which no proportion leads back."""
    warmed = GAN(**STEP, epochs=2, callbacks=Rates([0.0, 0.1])).fit(blobs)
    start = started(GAN, blobs)
    assert not still(weights(warmed, PLAYERS[GAN]), start[1])


def test_a_callback_leaves_a_schedule_alone(blobs):
    nothing = PiecewiseConstantDecay([1], [0.0, 0.0])
    given = {"learning_rate": nothing, "discriminator_learning_rate": 0.2}
    model = GAN(**{**STEP, **given}, epochs=2, callbacks=Rates([0.1, 0.1])).fit(blobs)
    assert still(weights(model, PLAYERS[GAN]), started(GAN, blobs)[1])


def test_frozen_players_leave_the_discriminator_to_train(blobs):
    fixed = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    fixed.trainable = False
    model = GAN(**STEP, generator=fixed).partial_fit(blobs)
    first = weights(model, CRITIC)
    model.partial_fit(blobs)
    assert not still(weights(model, CRITIC), first)
    for ours, theirs in zip(
        model.model_.generator.get_weights(), fixed.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_plateau_slows_all(blobs):
    plateau = keras.callbacks.ReduceLROnPlateau(
        "loss", factor=1e-6, min_delta=1e9, patience=1, min_lr=0
    )
    stopped = GAN(**STEP, ema=0.0, epochs=6, callbacks=plateau).fit(blobs)
    short = GAN(**STEP, ema=0.0, epochs=2).fit(blobs)
    for parts in (CRITIC, PLAYERS[GAN]):
        for a, b in zip(weights(stopped, parts), weights(short, parts), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4)
