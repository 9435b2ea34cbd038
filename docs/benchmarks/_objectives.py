"""Objectives of the hand-written loops, one class a family, without a framework.

Each has the widths of its stacks of dense layers, the number of normal numbers that a
row needs in a step, and a loss of (stacks, rows, noise, functions); the functions are
those of JAX or of TensorFlow. No gradient reaches what a term takes as given, so one
Adam over all weights trains every network as an Adam of its own would.
"""

import itertools

import numpy as np


def dense(weights, x, f):
    """Apply dense layers, relu between them."""
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = f.relu(x @ kernel + bias)
    return x @ weights[-2] + weights[-1]


def glorot(shape, rng):
    """Return a kernel to start from (Glorot & Bengio 2010, eq. 16)."""
    limit = np.sqrt(6.0 / sum(shape))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def given(weights, f):
    """Return weights that no gradient reaches."""
    return [f.stop(weight) for weight in weights]


def judged(judge, real, fake, f):
    """Return the loss of a discriminator on rows that it takes as given."""
    n = real.shape[0]
    logits = dense(judge, f.concat([f.stop(real), f.stop(fake)], 0), f)
    return f.mean(f.softplus(-logits[:n])) + f.mean(f.softplus(logits[n:]))


class Objective:
    """The widths of the parts that families share."""

    n_noise = 0

    def __init__(self, task):
        self.task = task

    def start(self, n_features, rng):
        """Return kernels and biases to start from."""
        weights = []
        for widths in self.stacks(n_features):
            for shape in itertools.pairwise(widths):
                weights += [glorot(shape, rng), np.zeros(shape[1], np.float32)]
        return weights

    def value(self, weights, x, f):
        """Return the loss on a minibatch whose last columns are noise."""
        n_features = x.shape[1] - self.n_noise
        stacks, start = [], 0
        for widths in self.stacks(n_features):
            end = start + 2 * (len(widths) - 1)
            stacks.append(weights[start:end])
            start = end
        return self.loss(stacks, x[:, :n_features], x[:, n_features:], f)

    def encoder(self, n_features, per_component=1):
        """Widths from rows to codes."""
        return (n_features, *self.task.hidden, per_component * self.task.n_components)

    def decoder(self, n_features):
        """Widths from codes to rows."""
        return (self.task.n_components, *self.task.hidden[::-1], n_features)

    def discriminator(self, n_inputs):
        """Widths to a logit."""
        return (n_inputs, *self.task.hidden, 1)


class Reconstruction(Objective):
    """Autoencoder: squared error."""

    def stacks(self, n_features):
        """Widths of encoder and decoder."""
        return [self.encoder(n_features), self.decoder(n_features)]

    def loss(self, stacks, x, noise, f):
        """Mean squared error."""
        encoder, decoder = stacks
        return f.mean(f.square(dense(decoder, dense(encoder, x, f), f) - x))


class Noisy(Objective):
    """Objectives that draw a normal number for each component."""

    def __init__(self, task):
        super().__init__(task)
        self.n_noise = task.n_components


class Variational(Noisy):
    """VAE with a Gaussian likelihood of variance 1."""

    def stacks(self, n_features):
        """Widths of encoder and decoder."""
        return [self.encoder(n_features, 2), self.decoder(n_features)]

    def loss(self, stacks, x, noise, f):
        """Minus the evidence lower bound, but for its constant."""
        encoder, decoder = stacks
        both = dense(encoder, x, f)
        mean, log_variance = both[:, : self.n_noise], both[:, self.n_noise :]
        z = mean + f.exp(0.5 * log_variance) * noise
        kl = f.square(mean) + f.exp(log_variance) - 1.0 - log_variance
        error = f.mean(f.square(dense(decoder, z, f) - x))
        return 0.5 * x.shape[1] * error + 0.5 * self.n_noise * f.mean(kl)


class AdversarialCode(Noisy):
    """AAE with a normal prior and the non-saturating loss."""

    def stacks(self, n_features):
        """Widths of encoder, decoder and discriminator."""
        judge = self.discriminator(self.task.n_components)
        return [self.encoder(n_features), self.decoder(n_features), judge]

    def loss(self, stacks, x, noise, f):
        """Reconstruct, tell draws from codes, fool."""
        encoder, decoder, judge = stacks
        code = dense(encoder, x, f)
        error = f.mean(f.square(dense(decoder, code, f) - x))
        fooling = f.mean(f.softplus(-dense(given(judge, f), code, f)))
        return error + judged(judge, noise, code, f) + fooling


class Adversarial(Noisy):
    """GAN with the non-saturating loss."""

    def stacks(self, n_features):
        """Widths of generator and discriminator."""
        return [self.decoder(n_features), self.discriminator(n_features)]

    def loss(self, stacks, x, noise, f):
        """Tell rows from generated ones, fool."""
        generator, judge = stacks
        fake = dense(generator, noise, f)
        fooling = f.mean(f.softplus(-dense(given(judge, f), fake, f)))
        return judged(judge, x, fake, f) + fooling


class Bidirectional(Noisy):
    """BiGAN with the non-saturating loss."""

    def stacks(self, n_features):
        """Widths of encoder, decoder and discriminator of pairs."""
        judge = self.discriminator(n_features + self.task.n_components)
        return [self.encoder(n_features), self.decoder(n_features), judge]

    def loss(self, stacks, x, noise, f):
        """Tell encoded from decoded pairs, fool both ways."""
        encoder, decoder, judge = stacks
        real = f.concat([x, dense(encoder, x, f)], 1)
        fake = f.concat([dense(decoder, noise, f), noise], 1)
        fixed = given(judge, f)
        fooling = f.mean(f.softplus(-dense(fixed, fake, f)))
        fooling = fooling + f.mean(f.softplus(dense(fixed, real, f)))
        return judged(judge, real, fake, f) + fooling


class Recurrent:
    """Autoencoder of steps: a gated recurrent unit reads, another unfolds the code."""

    n_noise = 0
    units, hidden = 64, 64

    def __init__(self, task):
        self.task = task

    def shapes(self, n_features):
        """Shapes of all weights, those of biases with one number."""
        length, width, n_outputs = self.sizes(n_features)
        n, hidden, gates = self.task.n_components, self.hidden, 3 * self.units
        return {
            **layer("reads", width, gates),
            "reads, state": (self.units, gates),
            **layer("narrow", self.units, hidden),
            **layer("code", hidden, n),
            **layer("wide", n, hidden),
            **layer("unfolds", hidden, gates),
            "places": (length, gates),
            **layer("first", hidden, self.units),
            "unfolds, state": (self.units, gates),
            **layer("out", self.units, n_outputs),
        }

    def start(self, n_features, rng):
        """Return kernels and biases to start from."""
        return [
            glorot(shape, rng) if len(shape) > 1 else np.zeros(shape, np.float32)
            for shape in self.shapes(n_features).values()
        ]

    def value(self, weights, x, f):
        """Return the loss on a minibatch."""
        names = self.shapes(x.shape[1])
        return self.loss(dict(zip(names, weights, strict=True)), x, f)

    def outputs(self, w, steps, seen, f):
        """Return the outputs at each step, made of the code of all `steps`."""
        gates = affine(w, "reads", steps)
        nothing = f.sum(gates[:, :, : self.units], 1) * 0.0
        h = unrolled(w["reads, state"], nothing, [gates, *seen], f)[:, -1]
        code = affine(w, "code", f.relu(affine(w, "narrow", h)))
        x = f.relu(affine(w, "wide", code))
        gates = affine(w, "unfolds", x)[:, None] + w["places"]
        first = f.tanh(affine(w, "first", x))
        return affine(w, "out", unrolled(w["unfolds, state"], first, [gates], f))


class Waves(Recurrent):
    """Sequences of one length, one number a step: squared error."""

    def sizes(self, n_features):
        """Steps, numbers in each, and outputs at each."""
        return n_features, 1, 1

    def loss(self, w, x, f):
        """Mean squared error."""
        steps = x[:, :, None]
        return f.mean(f.square(self.outputs(w, steps, [], f) - steps))


class Words(Recurrent):
    """Ids of tokens, 0 behind their end: cross-entropy up to the end."""

    n_tokens, embedding_dim = 5_000, 64

    def sizes(self, n_features):
        """Steps, numbers in each, and outputs at each."""
        return n_features, self.embedding_dim, self.n_tokens

    def shapes(self, n_features):
        """Shapes of all weights."""
        return {
            "table": (self.n_tokens, self.embedding_dim),
            **super().shapes(n_features),
        }

    def loss(self, w, x, f):
        """Mean over the tokens of a text, then over texts."""
        ids = f.cast(x, "int32")
        seen = f.cast(x > 0.5, "float32")
        steps = f.look_up(w["table"], ids) * seen[..., None]
        losses = f.negative_log(self.outputs(w, steps, [seen[..., None]], f), ids)
        counts = f.concat([seen[:, :1] * 0.0 + 1.0, seen[:, :-1]], 1)
        return f.mean(f.sum(losses * counts, 1) / f.sum(counts, 1))


class ConvolvedWords(Words):
    """The same by dilated convolutions with residual connections, as of `Text`.

    Each is one product of a matrix with the steps that it sees side by side, since XLA
    computes its own convolutions many times slower in a loop on a CPU.
    """

    kernel_size, n_layers = 3, 4

    def shapes(self, n_features):
        """Shapes of all weights."""
        units, hidden = self.units, self.hidden
        of_layers = {}
        for name in ("reads", "unfolds"):
            for at in range(self.n_layers):
                of_layers |= layer(f"{name} {at}", self.kernel_size * units, units)
        return {
            "table": (self.n_tokens, self.embedding_dim),
            **of_layers,
            **layer("narrow", 3 * units + 1, hidden),
            **layer("code", hidden, self.task.n_components),
            **layer("wide", self.task.n_components, hidden),
            **layer("first", hidden, units),
            "places": (n_features, units),
            **layer("out", units, self.n_tokens),
        }

    def outputs(self, w, steps, seen, f):
        """Return the outputs at each step, made of the code of all `steps`."""
        x, (seen,) = steps, seen
        for at in range(self.n_layers):
            x = x + self.convolved(w, f"reads {at}", x, 2**at, True, f)
        x = f.relu(affine(w, "narrow", self.pooled(x, seen, f)))
        x = f.relu(affine(w, "wide", affine(w, "code", x)))
        x = affine(w, "first", x)[:, None] + w["places"]
        for at in reversed(range(self.n_layers)):
            x = x + self.convolved(w, f"unfolds {at}", x, 2**at, False, f)
        return affine(w, "out", x)

    def convolved(self, w, name, x, by, causal, f):
        """Apply a convolution whose taps are `by` steps apart."""
        length, around = x.shape[1], by * (self.kernel_size - 1)
        before = around if causal else around // 2
        padded = f.pad(x, [(0, 0), (before, around - before), (0, 0)])
        taps = [padded[:, i * by : i * by + length] for i in range(self.kernel_size)]
        return f.relu(affine(w, name, f.concat(taps, -1)))

    def pooled(self, x, seen, f):
        """Return mean, maximum and last of the steps there are, and their share."""
        n_seen = f.sum(seen, 1)
        last = f.sum(x * (seen - f.pad(seen[:, 1:], [(0, 0), (0, 1), (0, 0)])), 1)
        x = x * seen
        mean = f.sum(x, 1) / f.maximum(n_seen, 1.0)
        share = n_seen / seen.shape[1]
        return f.concat([mean, f.max(x, 1), last, share], -1)


def layer(name, n_inputs, n_outputs):
    """Return the shapes of a kernel and of its bias."""
    return {name: (n_inputs, n_outputs), f"{name}, bias": (n_outputs,)}


def affine(w, name, x):
    """Apply a fully connected layer to the last axis."""
    return x @ w[name] + w[f"{name}, bias"]


def unrolled(kernel, start, steps, f):
    """Return the states of a gated recurrent unit, (n, steps, units).

    Parameters
    ----------
    kernel : tensor of shape (units, 3 * units)
        Of the state.
    start : tensor of shape (n, units)
        The first state.
    steps : list of tensors of shape (n, steps, ...)
        What inputs say to the gates, and where steps may be missing, which there are.
    f : SimpleNamespace
        Functions.
    """

    def step(h, x):
        gates, heard = f.split(x[0], 3, -1), f.split(h @ kernel, 3, -1)
        keep = f.sigmoid(gates[0] + heard[0])
        reset = f.sigmoid(gates[1] + heard[1])
        proposed = f.tanh(gates[2] + reset * heard[2])
        new = proposed + keep * (h - proposed)
        return h + x[1] * (new - h) if len(x) > 1 else new

    return f.scan(step, start, steps)


FAMILIES = {
    "vae": Variational,
    "aae": AdversarialCode,
    "gan": Adversarial,
    "bigan": Bidirectional,
}
