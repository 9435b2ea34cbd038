"""Microseconds a training step of the diffusion model takes, here and by hand.

Gaussian float32 rows, three hidden layers of 256, Adam at 1e-3, minibatches of 256.
Beside `DiffusionModel` the same objective on the same backend, JAX, as a hand-written
XLA loop: a `jax.lax.scan` over the steps with `jax.random`, Adam written out, nothing
around it. Both are compiled before anything is timed; then fits of as many steps take
turns, and medians are shown, in seconds of the processor. One thread::

    OMP_NUM_THREADS=1 python docs/benchmarks/diffusion_speed.py
"""

import argparse
import os
import time

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)

import jax
import jax.numpy as jnp
import numpy as np

from skunsup import DiffusionModel

WIDTH, LEVELS, BATCH, N_ROWS = 256, 64, 256, 10_000
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def start(d, rng):
    """Return kernels and biases: of the level, the first layer, three layers, out."""
    shapes = [(LEVELS, LEVELS)] * 2 + [(d, WIDTH)]
    shapes += [(WIDTH, WIDTH), (LEVELS, WIDTH)] * 3 + [(WIDTH, d)]
    kernels = [rng.normal(size=s) / np.sqrt(s[0]) for s in shapes]
    biases = [np.zeros(s[1]) for s in shapes]
    return [jnp.asarray(a, jnp.float32) for a in (*kernels, *biases)]


def network(weights, x, sigma):
    """Output of the network for rows with noise."""
    half = len(weights) // 2
    kernels, biases = weights[:half], weights[half:]
    angles = 0.25 * jnp.log(sigma) * jnp.geomspace(0.5, 16.0, LEVELS // 2)
    level = jnp.concatenate([jnp.cos(angles), jnp.sin(angles)], axis=1)
    for k, b in zip(kernels[:2], biases[:2], strict=True):
        level = jax.nn.silu(level @ k + b)
    h = x @ kernels[2] + biases[2]
    for i in range(3, 9, 2):
        h = jax.nn.silu(h @ kernels[i] + biases[i] + level @ kernels[i + 1])
    return h @ kernels[9] + biases[9]


def loss(weights, x, key):
    """Return the mean squared error of a minibatch."""
    first, second = jax.random.split(key)
    n = len(x)
    share = (jnp.arange(n) + jax.random.uniform(first, (n,))) / n
    normal = jax.scipy.stats.norm.ppf(jnp.clip(share, 1e-6, 1 - 1e-6))
    sigma = jnp.exp(-1.0 + 1.4 * normal)[:, None]
    z = jax.random.normal(second, x.shape)
    c = jax.lax.rsqrt(1 + sigma**2)
    s = sigma * c
    return jnp.mean((network(weights, c * x + s * z, sigma) - (c * z - s * x)) ** 2)


@jax.jit
def epoch(state, blocks, key):
    """Take a step on each minibatch of `blocks`."""

    def step(state, given):
        (weights, first, second, t), (x, key) = state, given
        value, slopes = jax.value_and_grad(loss)(weights, x, key)
        t = t + 1
        rate = 1e-3 * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
        first = [m + (1 - BETA_1) * (g - m) for m, g in zip(first, slopes, strict=True)]
        second = [
            v + (1 - BETA_2) * (g * g - v) for v, g in zip(second, slopes, strict=True)
        ]
        weights = [
            w - rate * m / (jnp.sqrt(v) + EPSILON)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return (weights, first, second, t), value

    keys = jax.random.split(key, len(blocks))
    return jax.lax.scan(step, state, (blocks, keys))


def by_hand(X, epochs, seed=0):
    """Train as a specialist would."""
    rng = np.random.default_rng(seed)
    weights = start(X.shape[1], rng)
    zeros = [jnp.zeros_like(w) for w in weights]
    state = (weights, zeros, zeros, jnp.float32(0))
    steps = -(-len(X) // BATCH)
    for i in range(epochs):
        order = np.resize(rng.permutation(len(X)), steps * BATCH)
        blocks = X[order].reshape(steps, BATCH, -1)
        state, losses = epoch(state, blocks, jax.random.key(i))
    return float(losses[-1])


def ours(X, epochs):
    """Train the estimator."""
    model = DiffusionModel(
        epochs=epochs,
        learning_rate=1e-3,
        learning_rate_schedule="constant",
        random_state=0,
    )
    model.fit(X)


def main():
    """Print a row of a table for each number of columns."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--columns", type=int, nargs="+", default=[6, 16, 32])
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--repeats", type=int, default=5)
    options = options.parse_args()
    n_steps = options.epochs * -(-N_ROWS // BATCH)
    print("| columns | skunsup, µs | by hand, µs | ratio |\n|---|---|---|---|")
    for d in options.columns:
        X = np.random.default_rng(0).normal(size=(N_ROWS, d)).astype(np.float32)
        times = {ours: [], by_hand: []}
        for i in range(options.repeats + 1):
            for train, taken in times.items():
                began = time.process_time()
                train(X, options.epochs)
                if i:  # the first compiles
                    taken.append((time.process_time() - began) / n_steps * 1e6)
        a, b = (float(np.median(taken)) for taken in times.values())
        print(f"| {d} | {a:.0f} | {b:.0f} | {a / b:.2f} |", flush=True)


if __name__ == "__main__":
    main()
