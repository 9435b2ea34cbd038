"""Projected views of images, made once."""

from typing import Any

import keras
import numpy as np

from skunsup._networks import (
    N_DRAWS,
    Architecture,
    Augmentation,
    Likelihood,
    Network,
    ProjectionSpec,
)
from skunsup._training import FittedNetwork, Rows, shared_network
from skunsup.models._projection import LearnedProjection, blocks

VIEW_BYTES = 2**29  # of all views together, at most
FEWEST_VIEWS = 2


@keras.saving.register_keras_serializable(package="skunsup")
class ViewNetwork(Network):
    """Random changes of images, then a projection.

    Parameters
    ----------
    projection : keras.Model
        Of rows of pixels.
    """

    def view(self, x: Any) -> Any:
        """Projections of changed rows, behind which stand the random numbers."""
        assert isinstance(self.augmentation, Augmentation)
        pixels, numbers = x[..., :-N_DRAWS], x[..., -N_DRAWS:]
        return self.projection(self.augmentation.drawn(pixels, numbers))

    def call(self, x: Any, training: bool = False) -> Any:
        """Project rows as they are."""
        return self.projection(x)


def stored_views(
    rows: Rows,
    index: np.ndarray,
    likelihood: Likelihood,
    projection: LearnedProjection,
    n_views: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return projected views of rows, shape (n, up to n_views, width), float32.

    They are made once, since training sees a row a few hundred times, and to change it
    anew each time takes twice as long as the step that it is for.

    Parameters
    ----------
    rows : Rows
        Pixels.
    index : array of int, shape (n,)
        Which of them.
    likelihood : Likelihood
        Its `corruption` is an `Augmentation`.
    projection : LearnedProjection
        Of rows.
    n_views : int
        Views of a row, the first of which is the row itself; fewer where they would
        take too much memory.
    rng : numpy.random.Generator
        Draws the changes.
    """
    n, width = len(index), len(projection.offset)
    n_views = min(n_views, max(FEWEST_VIEWS, VIEW_BYTES // (4 * n * width)))
    views = np.empty((n, n_views, width), np.float32)
    fitted = _view_network(likelihood, projection)
    for at in blocks(n, rows.d):
        block = rows.take(index[at])
        views[at, 0] = projection.apply(block)
        for v in range(1, n_views):
            numbers = rng.random((len(block), N_DRAWS), np.float32)
            views[at, v] = fitted.compute("view", Rows(np.hstack([block, numbers])))
    return views


def _view_network(
    likelihood: Likelihood, projection: LearnedProjection
) -> FittedNetwork:
    n_inputs, width = projection.kernel.shape
    part = ProjectionSpec(n_inputs, width, projection.unit_rows)
    architecture = Architecture(
        ViewNetwork,
        {"projection": part},
        {},
        part.n_outputs,
        likelihood=likelihood,
    )
    network = shared_network(architecture)
    values = architecture.initial_values(network, np.random.default_rng(0))
    own = [projection.kernel, projection.offset]
    architecture.put(network, values, "projection", own)
    return FittedNetwork(architecture, values)
