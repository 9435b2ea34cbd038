"""Precision, recall, density and coverage of generated rows."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from skunsup._docstrings import documented
from skunsup.metrics._vectors import chunks, vectors

SAMPLES = """
Parameters
----------
X_real : array-like or DataFrame of shape (n_real, n_features)
    Real rows.
X_generated : array-like or DataFrame of shape (n_generated, n_features)
    Generated rows.
**options : object
    `n_neighbors`, `standardize` and `features` of `prdc`.

Returns
-------
float
    In [0, 1], 1 is best.

See Also
--------
prdc : The definition, and all four measures at once.
"""


def prdc(
    X_real: Any,
    X_generated: Any,
    *,
    n_neighbors: int = 5,
    standardize: bool = True,
    features: Callable[[Any], Any] | None = None,
) -> dict[str, float]:
    """Compute precision, recall, density and coverage of generated rows.

    Around each row lies the ball that reaches its `n_neighbors`-th nearest neighbour
    among rows of the same set. *Precision* is the share of generated rows in the ball
    of any real row, *recall* the share of real rows in the ball of any generated row
    [1]_. *Density* is the number of balls of real rows that hold a generated row,
    relative to `n_neighbors`, and *coverage* the share of real rows whose ball holds a
    generated row [2]_. Precision and density say whether generated rows look real,
    recall and coverage whether they are as varied.

    Compare with real rows that were not trained on, and as many generated as real rows:
    all four depend on the numbers of rows.

    Parameters
    ----------
    X_real : array-like or DataFrame of shape (n_real, n_features)
        Real rows. Arrays of more dimensions, such as images, are made flat.
    X_generated : array-like or DataFrame of shape (n_generated, n_features)
        Generated rows with the same columns.
    n_neighbors : int, default=5
        Neighbour that a ball reaches, from 1 to the number of rows of either set
        minus 1.
    standardize : bool, default=True
        Whether columns of arrays are divided by their standard deviations in `X_real`.
        Of DataFrames, numbers always are, and categories are one-hot, such that two
        different ones have distance 1.
    features : callable, default=None
        Function of rows that returns the numbers between which distances are taken,
        such as the `transform` of a fitted model.

    Returns
    -------
    dict of str to float
        `precision`, `recall` and `coverage` in [0, 1], and `density` from 0 up, 1 if
        generated rows lie as real ones do.

    Raises
    ------
    ValueError
        If the columns differ, or there are not more than `n_neighbors` rows.

    See Also
    --------
    two_sample_auroc : How well a classifier tells generated from real rows.
    make_sample_scorer : Use in `GridSearchCV`.

    Notes
    -----
    A row on the edge of a ball lies in it, as in [1]_; the reference implementation of
    [2]_ leaves it out. That matters where rows occur several times, as in tables of
    whole numbers and categories.

    References
    ----------
    .. [1] Kynkaanniemi, Karras, Laine, Lehtinen & Aila, "Improved precision and recall
       metric for assessing generative models", NeurIPS 2019, eq. 1-2.
    .. [2] Naeem, Oh, Uh, Choi & Yoo, "Reliable fidelity and diversity metrics for
       generative models", ICML 2020, eq. 3-4.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup.metrics import prdc
    >>> X = np.random.default_rng(0).standard_normal((2000, 3))
    >>> good = prdc(X[:1000], X[1000:])
    >>> bool(good["coverage"] > 0.9)
    True
    >>> narrow = prdc(X[:1000], 0.3 * X[1000:])
    >>> bool(narrow["precision"] > good["precision"])
    True
    >>> bool(narrow["recall"] < 0.5 * good["recall"])
    True
    """
    real, generated = vectors(
        X_real,
        ("X_generated", X_generated),
        standardize=standardize,
        features=features,
    )
    for name, rows in (("X_real", real), ("X_generated", generated)):
        _check_neighbors(n_neighbors, name, len(rows))
    real_radius = radii(real, n_neighbors)
    generated_radius = radii(generated, n_neighbors)
    within = np.zeros(len(generated))  # in how many balls of real rows
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for at, distance in chunks(real, generated):
        inside = distance <= real_radius[at, None]
        within += inside.sum(axis=0)
        covered[at] = inside.any(axis=1)
        recalled[at] = (distance <= generated_radius).any(axis=1)
    return {
        "precision": float((within > 0).mean()),
        "recall": float(recalled.mean()),
        "density": float(within.mean() / n_neighbors),
        "coverage": float(covered.mean()),
    }


@documented(SAMPLES)
def sample_precision(X_real: Any, X_generated: Any, **options: Any) -> float:
    """Share of generated rows that lie among real rows.

    Examples
    --------
    >>> from skunsup.metrics import sample_precision
    >>> sample_precision([[0], [1], [2]], [[1], [9], [9]], n_neighbors=1)
    0.3333333333333333
    """
    return prdc(X_real, X_generated, **options)["precision"]


@documented(SAMPLES)
def sample_recall(X_real: Any, X_generated: Any, **options: Any) -> float:
    """Share of real rows that lie among generated rows.

    Examples
    --------
    >>> from skunsup.metrics import sample_recall
    >>> sample_recall([[0], [1], [2]], [[0], [0], [0.5]], n_neighbors=1)
    0.6666666666666666
    """
    return prdc(X_real, X_generated, **options)["recall"]


@documented(SAMPLES)
def sample_density(X_real: Any, X_generated: Any, **options: Any) -> float:
    """Mean number of balls of real rows that hold a generated row, over `n_neighbors`.

    Returns
    -------
    float
        From 0 up; 1 if generated rows lie as real ones do.

    Examples
    --------
    >>> from skunsup.metrics import sample_density
    >>> sample_density([[0], [1], [2]], [[0], [1], [9]], n_neighbors=1)
    1.6666666666666667
    """
    return prdc(X_real, X_generated, **options)["density"]


@documented(SAMPLES)
def sample_coverage(X_real: Any, X_generated: Any, **options: Any) -> float:
    """Share of real rows with a generated row among their nearest neighbours.

    Returns
    -------
    float
        In [0, 1], 1 is best. With as many rows of the same distribution about
        1 - 0.5 ** n_neighbors.

    Examples
    --------
    >>> from skunsup.metrics import sample_coverage
    >>> sample_coverage([[0], [1], [5]], [[0.2], [0.3], [20]], n_neighbors=1)
    0.6666666666666666
    """
    return prdc(X_real, X_generated, **options)["coverage"]


def radii(rows: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Distance of each row from its `n_neighbors`-th nearest among the others."""
    found = np.empty(len(rows))
    for at, distance in chunks(rows, rows):
        # The nearest is the row itself.
        found[at] = np.partition(distance, n_neighbors, axis=1)[:, n_neighbors]
    return found


def _check_neighbors(n_neighbors: Any, name: str, n: int) -> None:
    if not isinstance(n_neighbors, Integral) or n_neighbors < 1:
        raise ValueError(
            f"n_neighbors={n_neighbors!r}, but expected a whole number from 1 up."
        )
    if n <= int(n_neighbors):
        raise ValueError(
            f"{name} has {n} rows, but n_neighbors={n_neighbors} needs at least "
            f"{n_neighbors + 1}. Give more rows, or a smaller n_neighbors."
        )
