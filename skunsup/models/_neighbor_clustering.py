"""Clustering by a neighbour embedding."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import xlogy

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._fit_data import FitData, TrainingTask
from skunsup._networks import Architecture
from skunsup._parameters import parameters
from skunsup._training import TrainingState
from skunsup.models._cluster_network import ClusterNetwork
from skunsup.models._cluster_training import (
    ClusterData,
    centres,
    cluster_numbers,
    found_clusters,
    head_labels,
    representatives,
    train_head,
    with_head,
)
from skunsup.models._clusterer import SoftClusterer
from skunsup.models._neighbor_estimator import NeighborEstimator
from skunsup.models._neighbor_parameters import NeighborClusterParameters
from skunsup.models._pair_training import continued, own_outputs, with_columns

ROUND_METRICS = ("euclidean", "cosine")  # by which a normal distribution is round


@parameters
class NeighborClustering(SoftClusterer, NeighborEstimator, NeighborClusterParameters):
    """Clusters of rows whose neighbours belong together, by a network.

    A network learns codes in which neighbours are near, as `NeighborEmbedding` does.
    The rows are divided so that the cluster of a row says much of the clusters of its
    neighbours in the code, or, where each cluster looks like a normal distribution, by
    a mixture of these. Then a head on the code learns these clusters, in half as
    many steps as came before, while the codes go on learning; halfway the head's own
    clusters take the place of the first ones, as in [1]_. `predict` is the head, so
    that new rows need one pass through a small network.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each row of the last `fit` or `partial_fit`.
    n_clusters_ : int
        Number of clusters.
    cluster_representatives_ : ndarray of shape (`n_clusters_`,)
        For each cluster, the number of the row whose code is nearest to the mean code
        of the cluster; -1 for a cluster into which no row falls.
    edge_information_ : float
        Mutual information of the clusters at the two ends of an edge, in nats, one of
        the two numbers by which the clusters were chosen among candidates for the same
        code. It compares fits on the same rows with
        as many clusters, though only roughly.
    history_ : dict of str to list of float
        One entry an epoch of both trainings: `loss`, the sum of its terms `contrast`
        and `cross_entropy`, of which the second is 0 in the first training; and
        `val_loss` if rows were held out.

    See Also
    --------
    NeighborEmbedding : The codes alone.
    AAEClustering : Clusters with codes from which rows can be made.
    sklearn.cluster.KMeans : Round clusters of rows as they are.

    Notes
    -----
    Candidates for the clusters are k-means, from several starts, on spectral
    coordinates [2]_ of the graph of neighbours among codes, and of this with the graph
    of neighbours among rows, and on rows as they are; then each row moves to the
    cluster that its edges make most likely [3]_. They are judged by the mutual
    information I of the clusters at the two ends of an edge of both graphs together,
    and the entropy H of the clusters. I alone prefers clusters of like sizes: two
    halves of a large group to that group and a small one. So all candidates whose I / H
    is within 3 % of the greatest count as level, and of these the one with the greatest
    I is taken. Each graph is the sum of those of 10, 20 and 50 neighbours, though of no
    more than an average cluster has rows. Of more than 20,000 distinct rows, so many
    are drawn for this; the others take part in the training.

    The neighbours do not tell stretched groups that touch. So mixtures of so many
    normal distributions, of one more and of twice as many are fitted to up to 2,000
    distinct rows, each of which counts once, as distances are measured on them. If the
    first has the best Bayesian information criterion [4]_, its clusters are taken,
    unless their I / H is more than 0.2 below that of the candidate. Kinds of
    covariances count whose parameters are at most an eighth of the numbers in these
    rows. With a `metric` other than Euclidean or cosine, and for images that are
    shifted, turned or scaled in training, mixtures and k-means on rows are left out:
    rows that are near are not alike then.

    A number of clusters is chosen by the greatest I - 0.75 H. It is a guide and no
    measurement: it finds groups that are set apart, so classes that touch count as
    one, and groups of fewer than 20 rows are too small for it.

    Clusters are groups that are set apart from others, and need not be what somebody
    else calls classes. `NeighborEmbedding` says what distances are measured on. With a
    warm start and in `partial_fit`, the clusters of the last call stand, and the
    network goes on learning from what it says itself of the rows. `partial_fit` needs
    two distinct rows at least.

    Training aims at a probability of 0.9 for the cluster of a row: probabilities tell
    likely from unlikely clusters, and are no frequencies.

    References
    ----------
    .. [1] Van Gansbeke, Vandenhende, Georgoulis, et al., "SCAN: Learning to classify
       images without labels", ECCV 2020.
    .. [2] Ng, Jordan & Weiss, "On spectral clustering: Analysis and an algorithm",
       NeurIPS 2001.
    .. [3] Karrer & Newman, "Stochastic blockmodels and community structure in
       networks", Physical Review E 83, 2011.
    .. [4] Fraley & Raftery, "Model-based clustering, discriminant analysis, and density
       estimation", Journal of the American Statistical Association 97, 2002.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import NeighborClustering
    >>> X = load_digits().data / 16
    >>> model = NeighborClustering(n_clusters=10, max_steps=50, random_state=0)
    >>> model.fit_predict(X).shape
    (1797,)
    >>> model.predict_proba(X[:5]).shape
    (5, 10)
    """

    _width = 32
    _probability_method = "probabilities"

    @documented(ROWS)
    def score(self, X: Any, y: Any = None) -> float:
        """Measure the mutual information of rows and clusters, for model selection.

        The entropy of the mean probabilities less the mean entropy of the
        probabilities, in nats (Bridle, Heading & MacKay 1992): clusters that are told
        with certainty, and of equal shares, have most of it.

        Returns
        -------
        float
            From 0 to the logarithm of `n_clusters_`. Higher is better among models with
            as many clusters.
        """
        given = self.predict_proba(X)
        return float(_entropy(given.mean(axis=0)) - _entropy(given).mean())

    def _prepared(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> FitData:
        paired = self._paired(data, previous, rng)
        n = len(paired.origin)
        numbers = cluster_numbers(self.n_clusters, n if previous is None else None)
        if previous is not None and self.n_clusters_ in numbers:
            numbers = [self.n_clusters_]
        return ClusterData(**vars(paired), numbers=tuple(numbers))

    def _architecture(self, data: FitData) -> Architecture:
        assert isinstance(data, ClusterData)
        return self._pair_network(ClusterNetwork, data, head=(max(data.numbers),))

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        data, architecture = task.data, task.architecture
        assert isinstance(data, ClusterData)
        if task.going_on:
            codes = own_outputs(architecture, task.start.values, data)
            labels = head_labels(architecture, task.start.values, codes)
            state = with_columns(task, labels[:, None]).run()
        else:
            architecture, state = self._found(task, data)
        self._describe(architecture, state, data)
        return architecture, state

    def _found(
        self, task: TrainingTask, data: ClusterData
    ) -> tuple[Architecture, TrainingState]:
        """Train the embedding, find clusters in it, and train the head on them."""
        unknown = np.full((len(data.origin), 1), -1)
        state = continued(task, task.start, unknown)
        codes = own_outputs(task.architecture, state.values, data)
        viewed = data.inputs.view_likelihood() is not None
        labels, k, self.edge_information_ = found_clusters(
            codes,
            data,
            state.rng,
            alike=self.metric in ROUND_METRICS and not viewed,
        )
        means = centres(codes, labels, data.sample.sample.weight, k)
        kernel = means.T / self.temperature
        architecture, values = with_head(task.architecture, state.values, kernel)
        task = replace(task, architecture=architecture)
        start = replace(state, values=values, optimizer_values=None)
        return architecture, train_head(task, start, labels)

    def _describe(
        self, architecture: Architecture, state: TrainingState, data: ClusterData
    ) -> None:
        """Publish the number of clusters and the rows nearest to their centres."""
        codes = own_outputs(architecture, state.values, data)
        labels = head_labels(architecture, state.values, codes)
        k = architecture.parts["head"].n_outputs
        weight = data.sample.sample.weight
        nearest = representatives(codes, labels, weight, k)
        self.n_clusters_ = k
        self.cluster_representatives_ = np.where(nearest < 0, -1, data.origin[nearest])


def _entropy(shares: np.ndarray) -> np.ndarray:
    """Entropy in nats of distributions in the last axis."""
    entropy: np.ndarray = -xlogy(shares, shares).sum(axis=-1)
    return entropy
