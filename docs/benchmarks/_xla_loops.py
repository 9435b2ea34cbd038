"""The hand-written bound: a whole epoch as one XLA program, Adam written out.

What a specialist would write for exactly this network, with nothing around it:
no callbacks, no validation, no checks. Rows are permuted, get the noise of the
objective as further columns and are cut into a (steps, batch, columns) block on the
host.
"""

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
        weights = self.objective.start(n_features, rng)
        zeros = [np.zeros_like(w) for w in weights]
        return weights, zeros, zeros, np.float32(0)

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

        def scan(step, start, steps):
            steps = [jax.numpy.swapaxes(x, 0, 1) for x in steps]
            states = jax.lax.scan(lambda h, x: (step(h, x),) * 2, start, steps)[1]
            return jax.numpy.swapaxes(states, 0, 1)

        functions = SimpleNamespace(
            relu=jax.nn.relu,
            softplus=jax.nn.softplus,
            exp=jax.numpy.exp,
            square=jax.numpy.square,
            mean=jax.numpy.mean,
            concat=jax.numpy.concatenate,
            stop=jax.lax.stop_gradient,
            sigmoid=jax.nn.sigmoid,
            tanh=jax.numpy.tanh,
            sum=jax.numpy.sum,
            max=jax.numpy.max,
            maximum=jax.numpy.maximum,
            pad=jax.numpy.pad,
            cast=lambda x, kind: x.astype(kind),
            reshape=jax.numpy.reshape,
            split=jax.numpy.split,
            look_up=lambda table, at: table[at],
            negative_log=lambda logits, at: (
                jax.nn.logsumexp(logits, -1)
                - jax.numpy.take_along_axis(logits, at[..., None], -1)[..., 0]
            ),
            scan=scan,
        )

        def loss_of(weights, x):
            return self.objective.value(weights, x, functions)

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

        def scan(step, start, steps):
            length = steps[0].shape[1]
            taken = tf.TensorArray(tf.float32, length, element_shape=start.shape)
            steps = [tf.transpose(x, (1, 0, 2)) for x in steps]

            def turn(i, h, taken):
                h = step(h, [x[i] for x in steps])
                return i + 1, h, taken.write(i, h)

            states = tf.while_loop(
                lambda i, *_: i < length,
                turn,
                (tf.constant(0), start, taken),
                maximum_iterations=length,
            )[2]
            return tf.transpose(states.stack(), (1, 0, 2))

        functions = SimpleNamespace(
            relu=tf.nn.relu,
            softplus=tf.nn.softplus,
            exp=tf.exp,
            square=tf.square,
            mean=tf.reduce_mean,
            concat=tf.concat,
            stop=tf.stop_gradient,
            sigmoid=tf.sigmoid,
            tanh=tf.tanh,
            sum=tf.reduce_sum,
            max=tf.reduce_max,
            maximum=tf.maximum,
            pad=tf.pad,
            cast=tf.cast,
            reshape=tf.reshape,
            split=lambda x, n, axis: tf.split(x, n, axis),
            # A table times one has a gradient that is a dense tensor.
            look_up=lambda table, at: tf.gather(1.0 * table, at),
            negative_log=lambda logits, at: (
                tf.nn.sparse_softmax_cross_entropy_with_logits(at, logits)
            ),
            scan=scan,
        )

        def step(i, state, total, block):
            x = block[i]
            with tf.GradientTape() as tape:
                tape.watch(state[0])
                loss = self.objective.value(state[0], x, functions)
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
