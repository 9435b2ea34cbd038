"""The moving average of weights, and what stands for what in training."""

import numpy as np
import pytest

from skunsup import GAN, Autoencoder
from skunsup._training import _train
from skunsup._training._optimizers import is_entrywise

DECAY = 0.9
PARAMS = {"hidden_layer_sizes": (8,), "batch_size": 20, "random_state": 0}


def trainer_of(model):
    architecture = model._network.architecture
    return _train._trainer_alone(architecture, model._optimizer_configs())


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_average_follows_the_weights(blobs, optimizer):
    model = Autoencoder(2, ema=DECAY, optimizer=optimizer, epochs=1, **PARAMS)
    trainer = trainer_of(model.fit(blobs))
    (own,) = trainer.groups
    assert is_entrywise(trainer.optimizers[0], own) == (optimizer == "adam")
    start = [np.zeros_like(value) + 0.1 for value in model._network.values]
    trainer.load(start, trainer.fresh(start))
    block, expected = blobs.astype(np.float32).reshape(3, 20, 6), start
    for step in range(1, 6):
        trainer.run(block, 1)
        share = min(DECAY, (1 + step) / (10 + step))
        weights = trainer.optimizer_values()[-len(own) :]
        expected = [
            share * average + (1 - share) * weight
            for average, weight in zip(expected, weights, strict=True)
        ]
        for average, value in zip(trainer.values(), expected, strict=True):
            np.testing.assert_allclose(average, value, atol=1e-6)
    assert np.abs(weights[0] - expected[0]).max() > 1e-4


def test_weights_are_those_without_an_average(blobs):
    plain = Autoencoder(2, epochs=3, **PARAMS).fit(blobs)
    model = Autoencoder(2, ema=DECAY, epochs=3, **PARAMS).fit(blobs)
    n = len(plain._state.values)
    for one, other in zip(
        plain._state.values, model._state.optimizer_values[-n:], strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert np.abs(plain.transform(blobs) - model.transform(blobs)).max() > 1e-3


def test_training_goes_on_from_the_weights(blobs):
    params = {"ema": DECAY, "warm_start": True, **PARAMS}
    twice = Autoencoder(2, epochs=2, **params).fit(blobs).fit(blobs)
    whole = Autoencoder(2, epochs=4, **params).fit(blobs)
    for one, other in zip(twice._state.values, whole._state.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    streamed = Autoencoder(2, **params).partial_fit(blobs).partial_fit(blobs)
    assert np.isfinite(streamed.transform(blobs)).all()


def test_the_discriminator_has_no_average(blobs):
    trainer = trainer_of(GAN(epochs=1, **PARAMS).fit(blobs))
    assert [len(averages) for averages in trainer.averages] == [0, 4]
