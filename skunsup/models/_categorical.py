"""The network of adversarial autoencoders whose code has a category."""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._networks import Group, generator_loss, squared_distances
from skunsup.models._adversary import METRICS, Adversary, spread
from skunsup.models._categories import cross_entropy, imbalance, usage
from skunsup.models._prior import PriorNetwork, rescale

TERMS = {
    "balance_weight": "balance",
    "init_weight": "clustering",
    "label_weight": "classification",
}
CATEGORY_METRICS = ("category_accuracy_real", "category_accuracy_fake", "usage")


@keras.saving.register_keras_serializable(package="skunsup")
class CategoricalNetwork(Adversary, PriorNetwork):
    """Autoencoder with a category and a style, which two discriminators watch.

    The encoder gives probabilities of categories and, behind them, a continuous code;
    the decoder takes both. Objective: mean reconstruction loss; plus the losses of two
    discriminators, of one-hot draws of categories and the probabilities, and of normal
    draws and the continuous codes, which they take as given; plus `adversarial_weight`
    times the losses of the encoder, that either be taken for draws; and perhaps
    `balance_weight` times the `imbalance` of the probabilities, and `init_weight` times
    their cross-entropy to the nearest of `centers`; and where rows have labels, plus
    `label_weight` times the cross-entropy of the probabilities of labelled rows
    (Makhzani et al. 2015, sections 4 and 5); the weights are in units of the
    reconstruction loss.

    With labels, a minibatch has the columns of a row, those of a labelled row and the
    number of its label, -1 for none. Labels, or nearest centres, are then the draws of
    categories.

    Parameters
    ----------
    encoder, decoder, discriminator, head, category_discriminator, category_head : \
keras.Model
        The two halves; hidden layers and linear unit of each discriminator.
    prior : CategoricalPrior
        Of the codes.
    n_features : int
        Width of rows.
    adversarial_loss : str
        As `generator_loss` takes it.
    adversarial_weight, gradient_penalty : float
        Weights of the encoder's adversarial losses and of the gradient penalty.
    n_critic : int
        Steps of the discriminators for one step of the halves.
    balance_weight : float or None
        Weight of the `imbalance` of categories in a minibatch; None for no such term.
    init_weight : float or None
        Weight of the cross-entropy to the nearest centres; None for no such term.
    label_weight : float or None
        Weight of the cross-entropy; None where there are no labels.
    loss, noise, noise_level
        See `CodeNetwork`.
    """

    own_terms: tuple[str, ...] = ("reconstruction", "discriminator", "adversarial")
    own_metrics = (*METRICS, *CATEGORY_METRICS)

    defaults: ClassVar[dict[str, Any]] = {
        **PriorNetwork.defaults,
        **Adversary.defaults,
        "adversarial_weight": 1.0,
        "balance_weight": None,
        "init_weight": None,
        "label_weight": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.n_categories = len(self.settings["prior"].shares)
        halves = ("encoder", "decoder")
        discriminators = tuple(name for name in self.part_names if name not in halves)
        self.groups = (
            Group(discriminators),
            Group(halves, self.settings["n_critic"]),
        )
        more = [TERMS[name] for name in TERMS if self.settings[name] is not None]
        self.own_terms = (*self.own_terms, *more)
        if self.settings["init_weight"] is not None:
            shape = (self.n_categories, self.settings["n_features"])
            add = partial(self.add_weight, initializer="ones", trainable=False)
            self.centers = add(name="centers", shape=shape)
            self.scale = add(name="scale", shape=())

    def loss_terms(self, x: Any) -> list[Any]:
        """Losses of the halves, of the discriminators and of the encoder, metrics."""
        rows = x[:, : self.settings["n_features"]]
        code, loss, unit = self.code_and_error(rows)
        draws, one_hot = self.prior_draws(code), self._targets(x, rows)
        if one_hot is not None:
            draws = self._with_labels(draws, one_hot)
        more = [
            self.settings[name] * rescale(term, unit)
            for name, term in self._category_terms(x, code, one_hot)
        ]
        own, adversarial, metrics = self._adversarial_terms(draws, code)
        weighted = self.settings["adversarial_weight"] * rescale(adversarial, unit)
        return [loss, own, weighted, *more, *metrics]

    def _targets(self, x: Any, rows: Any) -> Any:
        """Categories of rows, one-hot: labels or nearest centres; None for neither."""
        if self.settings["label_weight"] is not None:
            return self._one_hot(x[:, -1])
        if self.settings["init_weight"] is None:
            return None
        centers, scale = map(ops.convert_to_tensor, (self.centers, self.scale))
        distances = squared_distances(rows * scale, centers)
        return ops.one_hot(ops.argmin(distances, axis=-1), self.n_categories)

    def _category_terms(
        self, x: Any, code: Any, one_hot: Any
    ) -> Iterator[tuple[str, Any]]:
        """Name of the weight of each further term, and the term."""
        given = code[:, : self.n_categories]
        if self.settings["balance_weight"] is not None:
            yield "balance_weight", imbalance(given)
        if self.settings["init_weight"] is not None:
            yield "init_weight", cross_entropy(one_hot, given)
        if self.settings["label_weight"] is not None:
            yield "label_weight", self._classification(x, one_hot)

    def _adversarial_terms(self, draws: Any, code: Any) -> tuple[Any, Any, list[Any]]:
        """Losses of the discriminators and of the encoder, and the metrics."""
        k, kind = self.n_categories, self.settings["adversarial_loss"]
        own, metrics = self.discriminator_terms(draws[:, k:], code[:, k:])
        also, more = self.discriminator_terms(draws[:, :k], code[:, :k], "category_")
        adversarial = generator_loss(kind, self.discriminate_frozen(code[:, k:]))
        adversarial += generator_loss(
            kind, self.discriminate_frozen(code[:, :k], "category_")
        )
        size = spread(code[:, k:], draws[:, k:])
        return own + also, adversarial, [*metrics, size, *more, usage(code[:, :k])]

    def _classification(self, x: Any, one_hot: Any) -> Any:
        """Mean cross-entropy of the labelled rows beside those of a minibatch."""
        n = self.settings["n_features"]
        seen = self.seen(x[:, n : 2 * n])
        given = self.encoder(seen, training=True)[:, : self.n_categories]
        return cross_entropy(one_hot, given)

    def _one_hot(self, label: Any) -> Any:
        """Rows of zeros where a label is unknown."""
        categories = ops.arange(self.n_categories, dtype="float32")
        return ops.cast(label[:, None] == categories[None], "float32")

    def _with_labels(self, draws: Any, one_hot: Any) -> Any:
        k = self.n_categories
        known = ops.sum(one_hot, axis=1, keepdims=True)
        category = one_hot + (1.0 - known) * draws[:, :k]
        return ops.concatenate([category, draws[:, k:]], axis=-1)

    def probabilities(self, x: Any) -> Any:
        """Probability of each category, of rows."""
        return self.encode(x)[:, : self.n_categories]
