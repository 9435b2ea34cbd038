"""The hand-written bound: a whole epoch as one XLA program, Adam written out.

What a specialist would write for exactly this network, with nothing around it:
no callbacks, no validation, no checks. Rows are permuted, get the noise of the
objective as further columns and are cut into a (steps, batch, columns) block on the
host.
"""

import itertools
from types import SimpleNamespace
from typing import ClassVar

import _objectives
import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class XLALoop:
    """One compiled epoch, its state and the block of minibatches.

    Parameters
    ----------
    task : _peers.Task
        The network and its training.
    objective : class of `_objectives`, default=Reconstruction
        What is minimised.
    """

    def __init__(self, task, objective=_objectives.Reconstruction):
        self.task = task
        self.objective = objective(task)
        self.state = None

    def fit(self, X):
        """Train from the present state, compiling at the first call."""
        rng = np.random.default_rng(0)
        if self.state is None:
            self.state = self._initial_state(X.shape[1], rng)
        for _ in range(self.task.epochs):
            self.state, loss = self._epoch(self.state, self._block(X, rng))
        return float(loss)

    def _block(self, X, rng):
        steps = -(-len(X) // self.task.batch_size)
        order = np.resize(rng.permutation(len(X)), steps * self.task.batch_size)
        rows = X[order]
        if self.objective.n_noise:
            shape = (len(rows), self.objective.n_noise)
            noise = rng.standard_normal(shape, dtype=np.float32)
            rows = np.concatenate([rows, noise], axis=1)
        return rows.reshape(steps, self.task.batch_size, rows.shape[1])

    def _initial_state(self, n_features, rng):
        weights = []
        for widths in self.objective.stacks(n_features):
            for fan_in, fan_out in itertools.pairwise(widths):
                limit = np.sqrt(6.0 / (fan_in + fan_out))
                kernel = rng.uniform(-limit, limit, (fan_in, fan_out))
                weights += [kernel.astype(np.float32), np.zeros(fan_out, np.float32)]
        zeros = [np.zeros_like(w) for w in weights]
        return weights, zeros, zeros, np.float32(0)

    def _loss(self, weights, x, f):
        """Return the loss on a minibatch whose last columns are noise."""
        n_features = x.shape[1] - self.objective.n_noise
        stacks, start = [], 0
        for widths in self.objective.stacks(n_features):
            end = start + 2 * (len(widths) - 1)
            stacks.append(weights[start:end])
            start = end
        return self.objective.loss(stacks, x[:, :n_features], x[:, n_features:], f)

    def _adam(self, state, gradients, sqrt):
        """Return the state after one step (Kingma & Ba 2015, algorithm 1)."""
        weights, first, second, t = state
        t = t + 1
        rate = self.task.learning_rate * sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
        first = [
            m + (1 - BETA_1) * (g - m) for m, g in zip(first, gradients, strict=True)
        ]
        second = [
            v + (1 - BETA_2) * (g * g - v)
            for v, g in zip(second, gradients, strict=True)
        ]
        weights = [
            w - rate * m / (sqrt(v) + EPSILON)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return weights, first, second, t


class JAXLoop(XLALoop):
    """`jax.lax.scan` over the minibatches of an epoch."""

    modules: ClassVar = ("jax",)

    def __init__(self, task, objective=_objectives.Reconstruction):
        import jax

        super().__init__(task, objective)
        functions = SimpleNamespace(
            relu=jax.nn.relu,
            softplus=jax.nn.softplus,
            exp=jax.numpy.exp,
            square=jax.numpy.square,
            mean=jax.numpy.mean,
            concat=jax.numpy.concatenate,
            stop=jax.lax.stop_gradient,
        )

        def loss_of(weights, x):
            return self._loss(weights, x, functions)

        def step(state, x):
            loss, gradients = jax.value_and_grad(loss_of)(state[0], x)
            return self._adam(state, gradients, jax.numpy.sqrt), loss

        def epoch(state, block):
            state, losses = jax.lax.scan(step, state, block)
            return state, losses.mean()

        self._epoch = jax.jit(epoch)


class TensorFlowLoop(XLALoop):
    """`tf.while_loop` over the minibatches of an epoch, compiled by XLA."""

    modules: ClassVar = ("tensorflow",)

    def __init__(self, task, objective=_objectives.Reconstruction):
        import tensorflow as tf

        super().__init__(task, objective)
        functions = SimpleNamespace(
            relu=tf.nn.relu,
            softplus=tf.nn.softplus,
            exp=tf.exp,
            square=tf.square,
            mean=tf.reduce_mean,
            concat=tf.concat,
            stop=tf.stop_gradient,
        )

        def step(i, state, total, block):
            x = block[i]
            with tf.GradientTape() as tape:
                tape.watch(state[0])
                loss = self._loss(state[0], x, functions)
            state = self._adam(state, tape.gradient(loss, state[0]), tf.sqrt)
            return i + 1, state, total + loss

        @tf.function(jit_compile=True, autograph=False)
        def epoch(state, block):
            steps = block.shape[0]
            _, state, total = tf.while_loop(
                lambda i, state, total: i < steps,
                lambda i, state, total: step(i, state, total, block),
                (tf.constant(0), state, tf.constant(0.0)),
            )
            return state, total / steps

        self._epoch = lambda state, block: epoch(state, tf.constant(block))

    def _initial_state(self, n_features, rng):
        import tensorflow as tf

        state = super()._initial_state(n_features, rng)
        return tf.nest.map_structure(tf.constant, state)


LOOPS = {
    "xla-loop-tensorflow": (TensorFlowLoop, "tensorflow"),
    "xla-loop-jax": (JAXLoop, "jax"),
}
