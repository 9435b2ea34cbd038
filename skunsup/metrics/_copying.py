"""Report of whether generated rows copy training rows."""

from typing import Any, NamedTuple

import numpy as np

from skunsup._sklearn import count_rows
from skunsup.metrics._scorers import draw_rows
from skunsup.metrics._vectors import chunks, vectors


class CopyingReport(NamedTuple):
    """Distances of generated rows to the closest training and held-out rows.

    Parameters
    ----------
    share_nearer_to_training : float
        Share of generated rows that are nearer to a training row than to any of as many
        held-out rows; rows at equal distances count half. 0.5 means no copying, 1 that
        every row is nearer to a training row.
    share_identical : float
        Share of generated rows that equal a training row.
    closest_training, closest_held_out : ndarray of shape (n_generated,)
        Distance of each generated row to the closest of these rows ("distance to
        closest record", DCR), from 0 up.
    n_compared : int
        Training rows, and held-out rows, that distances were taken to.

    See Also
    --------
    copying_report : Makes such reports.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup.metrics import CopyingReport
    >>> CopyingReport(0.5, 0.0, np.ones(2), np.ones(2), 100).share_identical
    0.0
    """

    share_nearer_to_training: float
    share_identical: float
    closest_training: np.ndarray
    closest_held_out: np.ndarray
    n_compared: int


def copying_report(
    generator: Any,
    X_train: Any,
    X_held_out: Any,
    *,
    n_samples: int | None = None,
    standardize: bool = True,
    random_state: int | None = 0,
) -> CopyingReport:
    """Compare generated rows with the closest training and the closest held-out rows.

    A generator that has learned the distribution, and not its rows, is as often near to
    a held-out row as to a training row [1]_. Both sets must come from one distribution;
    the larger one is reduced by a random draw to the size of the other, so that neither
    is nearer for being larger.

    The report finds copies. It is no proof of privacy: an attacker may know more than
    distances.

    Parameters
    ----------
    generator : object
        Fitted estimator that `draw_rows` can sample, or generated rows themselves.
    X_train : array-like or DataFrame of shape (n_train, n_features)
        Rows that it was fitted to.
    X_held_out : array-like or DataFrame of shape (n_held_out, n_features)
        Rows of the same distribution that it has not seen.
    n_samples : int or None, default=None
        Rows to generate; None for as many as are held out.
    standardize : bool, default=True
        Whether columns of arrays are divided by their standard deviations in `X_train`.
        DataFrames are treated as `prdc` says.
    random_state : int or None, default=0
        Fixes the draws.

    Returns
    -------
    CopyingReport
        The share of rows nearer to a training row, and the distances.

    Raises
    ------
    ValueError
        If the columns differ.
    TypeError
        If the generator cannot sample.

    See Also
    --------
    prdc : Quality of generated rows.

    References
    ----------
    .. [1] Platzer & Reutterer, "Holdout-based empirical assessment of mixed-type
       synthetic data", Frontiers in Big Data 4, 2021, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KernelDensity
    >>> from skunsup.metrics import copying_report
    >>> X = np.random.default_rng(0).standard_normal((400, 2))
    >>> copies = KernelDensity(bandwidth=0.001).fit(X[:200])
    >>> report = copying_report(copies, X[:200], X[200:])
    >>> bool(report.share_nearer_to_training > 0.95)
    True
    """
    drawn = generator
    if not _is_rows(generator):
        n = count_rows(X_held_out) if n_samples is None else n_samples
        drawn = draw_rows(generator, n, random_state)
    train, held_out, generated = vectors(
        X_train,
        ("X_held_out", X_held_out),
        ("the generated rows", drawn),
        standardize=standardize,
        real_name="X_train",
    )
    rng = np.random.default_rng(random_state)
    n = min(len(train), len(held_out))
    to_all = closest(generated, train)
    to_train = to_all if n == len(train) else closest(generated, _part(train, n, rng))
    to_held = closest(generated, _part(held_out, n, rng))
    nearer = (to_train < to_held) + 0.5 * (to_train == to_held)
    return CopyingReport(
        float(nearer.mean()), float((to_all == 0).mean()), to_train, to_held, n
    )


def closest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each row to the closest of `others`."""
    return np.concatenate([d.min(axis=1) for _, d in chunks(rows, others)])


def _part(rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return rows if n == len(rows) else rows[rng.permutation(len(rows))[:n]]


def _is_rows(generator: Any) -> bool:
    # DataFrames have a method `sample` too.
    return hasattr(generator, "shape") or isinstance(generator, list)
