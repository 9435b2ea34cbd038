"""Milliseconds a step of a convolutional autoencoder takes, here and elsewhere.

5,000 grey images of 28 x 28 pixels, convolutions of 32 and 64 filters (3 x 3, stride
2), a code of 16, and the mirror image; Adam, minibatches of 128. The loops are written
by hand for exactly this network: a compiled program for each step with the convolutions
of Keras ("step"), or one for a whole epoch ("epoch"), on TensorFlow and on JAX; and a
plain loop in torch. pythae trains its AE with the same layers of torch. Each subject
fits once to build and compile; then fits of two epochs are timed and the median is
divided by the number of minibatches. Each runs in its own process, with the libraries'
own number of threads and with one; the faster is shown.

Run it on an otherwise idle machine::

    python docs/benchmarks/image_speed.py --output image_speed.json
"""

import json

import _common
import _pythae
import numpy as np

N_IMAGES, SIZE, BATCH, EPOCHS, CODE = 5_000, 28, 128, 2, 16
STEPS = EPOCHS * -(-N_IMAGES // BATCH)
REFERENCES = ("skunsup-tensorflow", "skunsup-jax")


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=3)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options)))
        return
    runs = _common.run_each(
        __file__, options.only or SUBJECTS, [], backend, options.threads
    )
    print(report(runs))
    _common.store(options.output, runs=runs)


def backend(subject):
    """Return the Keras backend of a subject."""
    name = subject.rsplit("-", 1)[-1]
    return name if name in ("tensorflow", "jax", "torch") else "torch"


def measure(options):
    """Time repeated fits of one subject."""
    X = np.random.default_rng(0).random((N_IMAGES, SIZE, SIZE, 1), np.float32)
    fit = SUBJECTS[options.subject]()
    fit(X)
    fits = [_common.seconds(lambda: fit(X)) for _ in range(options.repeats)]
    return {"milliseconds": 1e3 * sorted(fits)[len(fits) // 2] / STEPS}


def ours():
    """Return the fit of an Autoencoder."""
    from skunsup import Autoencoder, Images

    model = Autoencoder(
        CODE,
        hidden_layer_sizes=(),
        inputs=Images(),
        batch_size=BATCH,
        epochs=EPOCHS,
        random_state=0,
    )
    return model.fit


def halves():
    """Return encoder and decoder, of the layers of Keras."""
    import keras
    from keras import layers

    conv = {"kernel_size": 3, "strides": 2, "padding": "same"}
    encoder = [
        layers.Conv2D(32, **conv, activation="relu"),
        layers.Conv2D(64, **conv, activation="relu"),
        layers.Flatten(),
        layers.Dense(CODE),
    ]
    decoder = [
        layers.Dense(7 * 7 * 64, activation="relu"),
        layers.Reshape((7, 7, 64)),
        layers.Conv2DTranspose(32, **conv, activation="relu"),
        layers.Conv2DTranspose(1, **conv),
    ]
    return (
        keras.Sequential([keras.Input((SIZE, SIZE, 1)), *encoder]),
        keras.Sequential([keras.Input((CODE,)), *decoder]),
    )


def keras_fit():
    """Return Keras's own fit."""
    import keras

    model = keras.Sequential(halves())
    model.compile("adam", "mse")
    return lambda X: model.fit(X, X, batch_size=BATCH, epochs=EPOCHS, verbose=0)


def minibatches(X):
    """Return the minibatches of an epoch in one array."""
    order = np.resize(np.random.permutation(len(X)), -(-len(X) // BATCH) * BATCH)  # noqa: NPY002
    return X[order].reshape(-1, BATCH, SIZE, SIZE, 1)


def tensorflow_loop(whole_epoch):
    """Return a fit by compiled steps, or compiled epochs."""
    import keras
    import tensorflow as tf

    encoder, decoder = halves()
    weights = encoder.trainable_variables + decoder.trainable_variables
    optimizer = keras.optimizers.Adam()
    optimizer.build(weights)

    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
        optimizer.apply(tape.gradient(loss, weights), weights)

    @tf.function(jit_compile=True, autograph=False)
    def epoch(block):
        def body(i):
            step(block[i])
            return i + 1

        tf.while_loop(lambda i: i < block.shape[0], body, (tf.constant(0),))

    compiled = tf.function(step, jit_compile=True, autograph=False)

    def fit(X):
        for _ in range(EPOCHS):
            block = tf.constant(minibatches(X))
            if whole_epoch:
                epoch(block)
                continue
            for x in block:
                compiled(x)

    return fit


def jax_loop(whole_epoch):
    """Return a fit by compiled steps, or compiled epochs."""
    import jax
    import jax.numpy as jnp

    encoder, decoder = halves()
    n = len(encoder.trainable_variables)

    def loss_of(weights, x):
        code, _ = encoder.stateless_call(weights[:n], [], x)
        output, _ = decoder.stateless_call(weights[n:], [], code)
        return jnp.mean((output - x) ** 2)

    def step(state, x):
        weights, first, second, t = state
        slopes = jax.grad(loss_of)(weights, x)
        t = t + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, slopes, strict=True)]
        second = [
            0.999 * v + 0.001 * g * g for v, g in zip(second, slopes, strict=True)
        ]
        weights = [
            w - rate * m / (jnp.sqrt(v) + 1e-7)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return (weights, first, second, t), None

    compiled = jax.jit(lambda state, x: step(state, x)[0])
    epoch = jax.jit(lambda state, block: jax.lax.scan(step, state, block)[0])
    start = [v.value for m in (encoder, decoder) for v in m.trainable_variables]
    zeros = [jnp.zeros_like(w) for w in start]

    def fit(X):
        state = (start, zeros, zeros, jnp.float32(0))
        for _ in range(EPOCHS):
            block = minibatches(X)
            if whole_epoch:
                state = epoch(state, block)
                continue
            for x in block:
                state = compiled(state, x)
        jax.block_until_ready(state)

    return fit


def torch_halves():
    """Return encoder and decoder, of the layers of torch."""
    from torch import nn

    encoder = nn.Sequential(
        nn.Conv2d(1, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(7 * 7 * 64, CODE),
    )
    decoder = nn.Sequential(
        nn.Linear(CODE, 7 * 7 * 64),
        nn.ReLU(),
        nn.Unflatten(1, (64, 7, 7)),
        nn.ConvTranspose2d(64, 32, 3, 2, 1, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 3, 2, 1, 1),
    )
    return encoder, decoder


def torch_loop():
    """Return a fit by a plain loop."""
    import torch

    model = torch.nn.Sequential(*torch_halves())
    optimizer = torch.optim.Adam(model.parameters())

    def fit(X):
        for _ in range(EPOCHS):
            for x in torch.from_numpy(minibatches(X)):
                rows = x.reshape(BATCH, 1, SIZE, SIZE)
                optimizer.zero_grad()
                loss = ((model(rows) - rows) ** 2).mean()
                loss.backward()
                optimizer.step()

    return fit


def pythae():
    """Return the fit of pythae's AE."""
    from pythae.models import AE, AEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainerConfig

    to_code, to_image = torch_halves()

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.layers = to_code

        def forward(self, x):
            return ModelOutput(embedding=self.layers(x))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = to_image

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    model = AE(AEConfig((1, SIZE, SIZE), CODE), Encoder(), Decoder())

    def fit(X):
        images = X.reshape(-1, 1, SIZE, SIZE)
        _pythae.train(
            model, images, BaseTrainerConfig, BATCH, EPOCHS, learning_rate=1e-3
        )

    return fit


SUBJECTS = {
    "skunsup-tensorflow": ours,
    "skunsup-jax": ours,
    "step-tensorflow": lambda: tensorflow_loop(False),
    "epoch-tensorflow": lambda: tensorflow_loop(True),
    "step-jax": lambda: jax_loop(False),
    "epoch-jax": lambda: jax_loop(True),
    "keras-tensorflow": keras_fit,
    "keras-jax": keras_fit,
    "loop-torch": torch_loop,
    "pythae": pythae,
}


def report(runs):
    """Return the table: a row a subject, and how many times skunsup's time it takes."""
    times = {
        name: _common.best([r for r in runs if r["subject"] == name], "milliseconds")
        for name in dict.fromkeys(run["subject"] for run in runs)
    }
    header = ["subject", "ms a step", *(f"times {name}" for name in REFERENCES)]
    rows = [
        [name, took, *(took / times.get(r, float("nan")) for r in REFERENCES)]
        for name, took in times.items()
    ]
    return _common.table(header, rows)


if __name__ == "__main__":
    main()
