"""The network of the generative adversarial network."""

from typing import Any

import keras
import numpy as np
from keras import ops

from skunsup._networks import (
    Group,
    generator_loss,
    noise_state,
    normal,
    squared_distances,
)
from skunsup.models._adversary import Adversary, spread

N_COMPARED = 256


@keras.saving.register_keras_serializable(package="skunsup")
class GANNetwork(Adversary):
    """Generator and discriminator.

    Objective: the loss of the discriminator on rows and on generated rows that it takes
    as given, plus that of the generator before a discriminator that it takes as given.

    Parameters
    ----------
    generator, discriminator, head : keras.Model
        Noise to rows; the discriminator's hidden layers and its linear unit.
    n_components : int
        Width of the noise.
    adversarial_loss : str
        As `generator_loss` takes it.
    gradient_penalty : float
        Its weight.
    n_critic : int
        Steps of the discriminator for one of the generator.
    """

    own_terms = ("discriminator", "generator")

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.noise_state = noise_state()
        self.groups = (
            Group(("discriminator", "head")),
            Group(("generator",), self.settings["n_critic"]),
        )
        rng = np.random.default_rng(0)
        noise = rng.standard_normal((N_COMPARED, self.settings["n_components"]))
        self.noise = noise.astype(np.float32)

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the discriminator and of the generator, then the metrics."""
        shape = (ops.shape(x)[0], self.settings["n_components"])
        noise = normal(shape, self.noise_state)
        fake = self.hidden(self.rows(self.generator(noise, training=True)), x)
        own, metrics = self.discriminator_terms(x, fake)
        kind = self.settings["adversarial_loss"]
        adversarial = generator_loss(kind, self.discriminate_frozen(fake))
        return [own, adversarial, *metrics, spread(fake, x)]

    def decode(self, noise: Any) -> Any:
        """Rows of noise."""
        return self.rows(self.generator(noise, training=False))

    def features(self, x: Any) -> Any:
        """Last hidden features of the discriminator."""
        return self.discriminator(x, training=False)

    def row_score(self, x: Any) -> Any:
        """Logits of rows."""
        return self.discriminate(x)

    def row_loss(self, x: Any) -> Any:
        """Share of each row in the energy distance between `x` and generated rows.

        2 E|x - g| - E|g - g'| with 256 fixed rows g (Szekely & Rizzo 2013, eq. 5),
        without the term of the data alone, which training cannot move.
        """
        fake = self.decode(ops.convert_to_tensor(self.noise))
        across = ops.mean(ops.sqrt(squared_distances(x, fake)), axis=-1)
        among = ops.mean(ops.sqrt(squared_distances(fake, fake)))
        return 2.0 * across - among

    def call(self, x: Any, training: bool = False) -> Any:
        """Judge rows, as Keras users expect of the model."""
        return self.discriminate(x, training=training)
