"""Spectral normalisation: of each kind of layer, and of whole discriminators."""

import keras
import numpy as np
import pandas as pd
import pytest

from skunsup import GAN, BiGAN, Blocks, Images, Sequences, Table
from skunsup._networks._spectral import SpectralDense, normalized
from skunsup.inputs.images._layers import StridedConv2D
from skunsup.inputs.sequences._layers import DilatedConv1D

from .helpers import array, on_torch_or_asked, tensor

LAYERS = {
    "dense": (SpectralDense(4), keras.layers.Dense(4), (6,)),
    "images": (StridedConv2D(4, 3, spectral=True), StridedConv2D(4, 3), (5, 6, 2)),
    "steps": (DilatedConv1D(4, 3, 2, spectral=True), DilatedConv1D(4, 3, 2), (7, 2)),
}
QUICK = {"n_components": 4, "hidden_layer_sizes": 8, "epochs": 20, "random_state": 0}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_has_norm_one(kind):
    layer, plain, shape = LAYERS[kind]
    rng = np.random.default_rng(0)
    x = tensor(rng.normal(size=(3, *shape)))
    layer(x), plain(x)
    kernel, bias = rng.normal(size=layer.kernel.shape), rng.normal(size=4)
    layer.set_weights([kernel, bias, np.ones(4)])
    for _ in range(100):
        layer(x, training=True)
    norm = np.linalg.norm(kernel.reshape(-1, 4), 2)
    plain.set_weights([kernel / norm, bias])
    np.testing.assert_allclose(array(layer(x)), array(plain(x)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_norm_is_followed_in_training_alone(kind):
    layer, _, shape = LAYERS[kind]
    x = tensor(np.random.default_rng(0).normal(size=(3, *shape)))
    layer(x)
    kernel = np.random.default_rng(1).normal(size=layer.kernel.shape)
    layer.set_weights([kernel, np.zeros(4), np.ones(4)])
    layer(x, training=False)
    np.testing.assert_array_equal(array(layer.direction.value), np.ones(4))
    layer(x, training=True)
    assert not np.array_equal(array(layer.direction.value), np.ones(4))


@pytest.fixture(scope="module")
def kinds(digits):
    """Data of each kind, and the inputs that read them."""
    images = digits[:200].reshape(-1, 8, 8)
    rng = np.random.default_rng(0)
    names = rng.integers(0, 30, 200).astype(str)
    table = pd.DataFrame({"name": names, "number": rng.normal(size=200)})
    blocks = pd.DataFrame({"image": list(images), "number": rng.normal(size=200)})
    parts = [("image", Images(), "image"), ("number", None, ["number"])]
    return {
        "images": (images, Images()),
        "sequences": (images, Sequences("conv", units=8)),
        "table": (table, Table(encoding="embedding")),
        "blocks": (blocks, Blocks(parts)),
    }


@pytest.mark.parametrize("family", [GAN, BiGAN])
@pytest.mark.parametrize("kind", ["images", "sequences", "table", "blocks"])
@on_torch_or_asked
def test_every_kernel_of_a_discriminator_is_divided(family, kind, kinds):
    X, inputs = kinds[kind]
    model = family(**QUICK, inputs=inputs, spectral_normalization=True).fit(X)
    found = [*kernels(model.model_.discriminator), *kernels(model.model_.head)]
    assert len(found) > 2
    for layer in found:
        kernel = array(layer.kernel.value)
        kernel = kernel.reshape(-1, kernel.shape[-1])
        divided = array(normalized(tensor(kernel), layer.direction, False))
        assert 1 <= np.linalg.norm(divided, 2) * (1 + 1e-5) < 1.3
    assert np.std(model.score_samples(X)) > 0


def kernels(layer):
    """Return the layers with kernels, those of models within models too."""
    if isinstance(layer, keras.Model):
        return [one for part in layer.layers for one in kernels(part)]
    return [layer] if hasattr(layer, "kernel") else []
