"""Clustering by an adversarial autoencoder."""

import numpy as np

from skunsup._fit_data import FitData
from skunsup._networks import Architecture, Network
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup.inputs import Dense, Table, as_kind
from skunsup.models._categorical_estimator import CategoricalEstimator
from skunsup.models._categories import CategoricalPrior
from skunsup.models._clusterer import Clusterer
from skunsup.models._clusters import check_rows, cluster_values, kmeans_clusters

KMEANS_ROWS = 10_000
TABLE_WEIGHT = 10.0  # as the labels of AAEClassifier
OWN_ENCODER = (
    "init='k-means' writes weights of the default encoder, but encoder is your own. "
    "Use init='random'."
)


@parameters
class AAEClustering(CategoricalEstimator, Clusterer):
    """Clusters as the category in the code of an adversarial autoencoder.

    The encoder gives probabilities of clusters and a short continuous code, the style;
    the decoder makes the row of both. One discriminator pushes the probabilities to
    one-hot draws of clusters, another the styles to a normal distribution [1]_. What
    cannot be told by the style must go into the cluster. Clusters of tables are those
    of k-means; other rows may leave them, towards clusters of equal shares.

    `transform` gives the probabilities with the style behind them, which
    `inverse_transform` decodes; `sample` decodes draws of both. `score_samples` is the
    logarithm, but for a constant, of the joint density of the row x and its style z:
    log p(z) - n_features loss(x) / (2 e), with p the normal distribution and e the mean
    training loss.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at most the number of rows.
    n_components : int
        Width of the continuous part of the code, the style. None means 2, or what an
        own `encoder` returns beside the clusters.
    balance_weight : float
        Weight of the divergence of the proportions of clusters in a minibatch from
        equal ones [2]_, in the same units. It keeps clusters in use; 0 as in [1]_. None
        means 1, or 0 with an `init_weight`.
    init : {"k-means", "random"}
        Start of the encoder's last layer: so that rows fall into the clusters of
        `sklearn.cluster.KMeans`, or at random as in [1]_. An own `encoder` needs
        "random".
    init_weight : float
        Weight of the cross-entropy of the probabilities to the clusters of `KMeans`, in
        the same units. Above 0, training keeps these clusters, and their shares take
        the place of equal ones. None means 10 for numbers and tables, and 0 for other
        kinds of rows and without `KMeans`.
    encoder, decoder : keras.Model or callable
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_clusters + n_components)
        and returns logits with the style behind them, a decoder is called with
        (n_clusters + n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each row of the last `fit` or `partial_fit`.
    weights_ : ndarray of shape (n_clusters,)
        Share of each cluster in the draws of `sample`.
    n_components_ : int
        Width of the whole code, `n_clusters` and style.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator`, `adversarial`, and, where they have a weight, `balance` and
        `clustering` (weighted); `accuracy_real` and
        `accuracy_fake`, the shares of normal draws and of styles that the discriminator
        recognises (about 0.5 if it cannot tell them apart, near 1 if styles do not
        follow the normal distribution), `category_accuracy_real` and
        `category_accuracy_fake` of the other discriminator; `spread`, the standard
        deviation of styles relative to the prior's; `usage`, the perplexity of the
        clusters in a minibatch relative to that of equal shares; and `val_loss` if
        rows were held out.

    Warns
    -----
    ConvergenceWarning
        If the styles lost nearly all of their variance in the course of training, or if
        a discriminator recognised more than 99 % of one kind, and 75 % of both, in the
        last tenth of the epochs.

    See Also
    --------
    AAEClassifier : The same network with some labels.
    AdversarialAutoencoder : The same without clusters.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015, section 5.
    .. [2] Springenberg, "Unsupervised and semi-supervised learning with categorical
       generative adversarial networks", ICLR 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AAEClustering
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> model = AAEClustering(n_clusters=3, epochs=30, random_state=0)
    >>> model.fit_predict(X).shape
    (150,)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    n_clusters: int = parameter([integers(1)], default=8, kw_only=False)
    n_components: int | None = parameter(default=None)
    balance_weight: float | None = parameter(
        [reals(0, None, "left"), None], default=None
    )
    init: str = parameter([StrOptions({"k-means", "random"})], default="k-means")
    init_weight: float | None = parameter([reals(0, None, "left"), None], default=None)

    _watched = {"": "styles", "category_": "categories"}  # noqa: RUF012

    def _categories(self) -> int:
        return int(self.n_clusters)

    def _weights(self) -> dict[str, float]:
        weight = self.init_weight
        if weight is None:
            table = isinstance(as_kind(self.inputs), Dense | Table)
            weight = TABLE_WEIGHT if table and self.init == "k-means" else 0.0
        balance = self.balance_weight
        if balance is None:
            balance = 0.0 if weight else 1.0
        weights = {"balance_weight": balance, "init_weight": weight}
        return {name: float(each) for name, each in weights.items() if each}

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        k = self._categories()
        check_rows(k, data.sample.n_draws)
        values = architecture.initial_values(network, rng)
        self.weights_ = np.full(k, 1.0 / k)
        if self.init == "random":
            return values
        if self.encoder is not None:
            raise ValueError(OWN_ENCODER)
        drawn = data.sample.draw(min(data.sample.n_draws, KMEANS_ROWS), rng)
        rows, n_distinct = data.rows.take(drawn), len(np.unique(drawn))
        clusters = kmeans_clusters(rows, k, n_distinct, rng)
        values = cluster_values(architecture, network, values, rows, clusters.labels)
        if "init_weight" in architecture.settings:
            self.weights_ = np.bincount(clusters.labels, minlength=k) / len(rows)
            centers, scale = clusters.centers, np.array(clusters.scale)
            architecture.put_own(network, values, centers=centers, scale=scale)
        return values

    def _prior(self) -> CategoricalPrior:
        return CategoricalPrior(self.n_components_, tuple(self.weights_))
