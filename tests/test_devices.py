"""Several devices: JAX cuts minibatches among them, other backends refuse."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from skunsup import Autoencoder
from skunsup._training._backend import backend

on_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="JAX alone has several devices"
)
PROGRAM = """
import json, keras, numpy as np
from skunsup import GAN, Autoencoder, VariationalAutoencoder

X = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
SMALL = {"batch_size": 32, "epochs": 1, "random_state": 0}
DENSE = {"hidden_layer_sizes": (8,), **SMALL}
found = {}

def fitted():
    kinds = Autoencoder(2, **DENSE), VariationalAutoencoder(2, **DENSE), GAN(2, **SMALL)
    return [model.fit(X)._network.values for model in kinds]

one = fitted()
keras.distribution.set_distribution(keras.distribution.DataParallel())
four = fitted()
found["apart"] = max(
    float(np.abs(a - b).max()) for m, n in zip(one, four) for a, b in zip(m, n)
)
try:
    Autoencoder(2, **{**DENSE, "batch_size": 30}).fit(X)
except ValueError as error:
    found["indivisible"] = str(error)
mesh = keras.distribution.DeviceMesh((4,), ["model"])
layout = keras.distribution.LayoutMap(mesh)
other = keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="model")
keras.distribution.set_distribution(other)
try:
    Autoencoder(2, **DENSE).fit(X)
except ValueError as error:
    found["model parallel"] = str(error)
keras.distribution.set_distribution(None)
again = Autoencoder(2, **DENSE).fit(X)._network.values
found["as before"] = all(np.array_equal(a, b) for a, b in zip(again, one[0]))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def on_four_devices():
    """Return what a process with four virtual devices found."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} "
    flags += "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@on_jax
def test_an_epoch_on_four_devices_is_that_on_one(on_four_devices):
    assert 0 < on_four_devices["apart"] < 1e-6  # sums in another order, so not equal
    assert on_four_devices["as before"]


@on_jax
def test_devices_must_divide_a_minibatch(on_four_devices):
    message = on_four_devices["indivisible"]
    assert "30 rows cannot be cut among the 4 devices" in message
    assert "such as 32" in message


@on_jax
def test_networks_are_not_cut(on_four_devices):
    assert "set to ModelParallel" in on_four_devices["model parallel"]


@on_jax
def test_several_processes_are_refused(monkeypatch):
    import jax

    one = keras.distribution.DataParallel(devices=["cpu:0"])
    monkeypatch.setattr(keras.distribution, "distribution", lambda: one)
    assert len(backend().placement()) == 1
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match="spans 2 processes"):
        backend().placement()


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has them")
def test_other_backends_refuse_several_devices(monkeypatch):
    monkeypatch.setattr(keras.distribution, "distribution", lambda: object())
    with pytest.raises(ValueError, match=r"uses one device\. Set KERAS_BACKEND=jax"):
        Autoencoder(2, epochs=1).fit(np.eye(4))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch's processes")
def test_processes_of_torch_are_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    with pytest.raises(ValueError, match="joins 2 processes"):
        Autoencoder(2, epochs=1).fit(np.eye(4))
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 1)
    Autoencoder(2, epochs=1).fit(np.eye(4))
