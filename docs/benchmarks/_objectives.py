"""What the hand-written loops minimise, one class a family, without a framework.

Each has the widths of its stacks of dense layers, the number of normal numbers that a
row needs in a step, and a loss of (stacks, rows, noise, functions); the functions are
those of JAX or of TensorFlow. No gradient reaches what a term takes as given, so one
Adam over all weights trains every network as an Adam of its own would.
"""


def dense(weights, x, f):
    """Apply dense layers, relu between them."""
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = f.relu(x @ kernel + bias)
    return x @ weights[-2] + weights[-1]


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


FAMILIES = {
    "vae": Variational,
    "aae": AdversarialCode,
    "gan": Adversarial,
    "bigan": Bidirectional,
}
