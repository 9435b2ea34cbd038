"""Training rows of neighbour embeddings: their neighbours and their views."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.neighbors import NearestNeighbors

from skunsup._fit_data import FitData
from skunsup._graph import Neighbors, mutual_neighbors
from skunsup._networks import Likelihood
from skunsup._training import (
    NeighborSampler,
    RowPairs,
    Rows,
    Validation,
    WeightedSampler,
    hstack,
)
from skunsup.models._projection import LearnedProjection
from skunsup.models._views import stored_views


@dataclass(frozen=True)
class NeighborData(FitData):
    """Validated training data with their projection.

    `rows` are pairs of projected rows, or of rows as they are, and `sample` draws them.

    Parameters
    ----------
    projection : LearnedProjection
        What distances are measured on.
    projected : bool
        Whether rows come to the network projected.
    likelihood : Likelihood or None
        What the columns mean of rows that come as they are, whose `corruption` changes
        them in training.
    has_views : bool
        Whether `single` holds views of rows.
    single : Rows
        The rows that pairs are made of.
    neighbors : Neighbors
        Of distinct rows, nearest first.
    origin : array of int, shape (n,)
        Where each distinct row stands in the data.
    whole : Rows
        The data as they are.
    """

    sample: NeighborSampler

    projection: LearnedProjection
    projected: bool
    likelihood: Likelihood | None
    has_views: bool
    single: Rows
    neighbors: Neighbors
    origin: np.ndarray
    whole: Rows

    def pairs(self, columns: np.ndarray | None, with_whole: bool) -> RowPairs:
        """Return the rows of pairs.

        Parameters
        ----------
        columns : array of shape (n, more) or None
            Numbers of the distinct rows, which stand behind each of a pair, whatever
            its view.
        with_whole : bool
            Whether the first row of a pair stands behind it as it is.
        """
        n_views, single = self.sample.n_views, self.single
        if columns is not None:
            behind = np.repeat(columns, n_views, axis=0).astype(np.float32)
            single = hstack(single, behind)
        if not with_whole:
            return RowPairs(single)
        return RowPairs(single, self.whole, np.repeat(self.origin, n_views))

    def unchanged(self, n_neighbors: int) -> "NeighborData":
        """Return pairs of rows without views, of a row and one of its nearest.

        Parameters
        ----------
        n_neighbors : int
            Nearest neighbours that are drawn, each as likely as the others.
        """
        near = self.neighbors.nearest(n_neighbors)
        sample = NeighborSampler(self.sample.sample, near)
        own = np.arange(len(self.origin)) * self.sample.n_views
        return replace(self, single=self.single.part(own), sample=sample)


def paired_rows(
    data: FitData,
    projection: LearnedProjection,
    features: np.ndarray,
    neighbors: Neighbors,
    n_views: int,
    projected: bool,
    rng: np.random.Generator,
) -> NeighborData:
    """Return the data that pairs of neighbours are drawn from.

    Parameters
    ----------
    data : FitData
        Rows and their sample.
    projection : LearnedProjection
        Of rows.
    features : array of shape (n, width), float32
        Projections of the distinct rows.
    neighbors : Neighbors
        Of them; mutual ones are drawn.
    n_views : int
        Views of a row, itself among them, where they are stored.
    projected : bool
        Whether rows come to the network projected.
    rng : numpy.random.Generator
        Seeds the views.
    """
    sample = data.sample
    assert isinstance(sample, WeightedSampler)
    seen = data.inputs.view_likelihood() if n_views > 1 else None
    stored = 1
    if not projected:
        single = data.rows.part(sample.index)
    elif seen is None:
        single = Rows(features)
    else:
        views = stored_views(data.rows, sample.index, seen, projection, n_views, rng)
        stored = views.shape[1]
        single = Rows(views.reshape(-1, views.shape[2]))
    counted = WeightedSampler(np.arange(len(features)), sample.weight)
    return NeighborData(
        RowPairs(single),
        NeighborSampler(counted, mutual_neighbors(neighbors), stored),
        _validation(data, projection, features, projected),
        data.inputs,
        data.dtype,
        projection,
        projected,
        None if projected else seen or data.inputs.likelihood_,
        stored > 1,
        single,
        neighbors,
        sample.index,
        data.rows,
    )


def _validation(
    data: FitData,
    projection: LearnedProjection,
    features: np.ndarray,
    projected: bool,
) -> Validation | None:
    """Return the rows to judge epochs by, each with the training row nearest to it."""
    given = data.validation
    if given is None:
        return None
    held = given.rows
    own = projection.all_of(held, np.arange(held.n))
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(features)
    near = search.kneighbors(own, return_distance=False)[:, 0]
    if projected:
        pairs = hstack(Rows(own), features[near])
    else:
        pairs = hstack(held, data.rows.take(data.sample.index[near]))
    sample = WeightedSampler(np.arange(held.n), given.sample.weight)
    return replace(given, rows=pairs, sample=sample)
