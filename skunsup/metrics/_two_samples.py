"""Two-sample tests of real and generated rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skunsup.metrics._vectors import vectors


def two_sample_auroc(
    X_real: Any,
    X_generated: Any,
    *,
    classifier: Any = None,
    n_splits: int = 3,
    features: Callable[[Any], Any] | None = None,
    random_state: int | None = 0,
) -> float:
    """Measure how well a classifier tells generated from real rows.

    The area under the ROC curve on rows that the classifier was not trained on: 0.5 if
    it cannot tell them, 1 if it always can [1]_. Compare with real rows that the
    generator was not trained on, and with as many generated rows.

    Parameters
    ----------
    X_real : array-like or DataFrame of shape (n_real, n_features)
        Real rows.
    X_generated : array-like or DataFrame of shape (n_generated, n_features)
        Generated rows with the same columns.
    classifier : classifier of scikit-learn, default=None
        It is cloned for each fold and sees numbers alone: those of `prdc`. None means
        `HistGradientBoostingClassifier`.
    n_splits : int, default=3
        Folds of the cross-validation, at least 2.
    features : callable, default=None
        Function of rows that returns the numbers to compare in their place.
    random_state : int or None, default=0
        Fixes the folds, and the default classifier.

    Returns
    -------
    float
        Mean over the folds, in [0, 1]; 0.5 is best.

    Raises
    ------
    ValueError
        If the columns differ, or there are fewer than `n_splits` rows of a kind.

    See Also
    --------
    prdc : Which rows are unlike: generated ones from real ones, or the reverse.
    two_sample_scorer : The same as a scorer of scikit-learn.

    References
    ----------
    .. [1] Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup.metrics import two_sample_auroc
    >>> X = np.random.default_rng(0).standard_normal((600, 2))
    >>> bool(two_sample_auroc(X[:300], X[300:]) < 0.6)
    True
    >>> bool(two_sample_auroc(X[:300], X[300:] + 5) > 0.99)
    True
    """
    parts = vectors(
        X_real, ("X_generated", X_generated), standardize=False, features=features
    )
    for name, rows in zip(("X_real", "X_generated"), parts, strict=True):
        if len(rows) < n_splits:
            raise ValueError(
                f"{name} has {len(rows)} rows, fewer than n_splits={n_splits}. Give "
                "more rows, or fewer splits."
            )
    if classifier is None:
        classifier = HistGradientBoostingClassifier(random_state=random_state)
    label = np.repeat([0, 1], [len(rows) for rows in parts])
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    found = cross_val_score(
        clone(classifier), np.concatenate(parts), label, cv=folds, scoring="roc_auc"
    )
    return float(found.mean())


def frechet_distance(
    X_real: Any,
    X_generated: Any,
    *,
    standardize: bool = True,
    features: Callable[[Any], Any] | None = None,
) -> float:
    """Squared Frechet distance of normal distributions fitted to both sets of rows.

    ``|m - m'|^2 + tr(C + C' - 2 (C C')^0.5)``, with the means m and covariances C of
    the two sets [1]_. Of images it is taken between features of a network that was
    trained for something else [2]_: give them by `features`.

    Parameters
    ----------
    X_real : array-like or DataFrame of shape (n_real, n_features)
        Real rows.
    X_generated : array-like or DataFrame of shape (n_generated, n_features)
        Generated rows with the same columns.
    standardize : bool, default=True
        Whether columns of arrays are divided by their standard deviations in `X_real`.
    features : callable, default=None
        Function of rows that returns the numbers to compare in their place.

    Returns
    -------
    float
        From 0 up; 0 is best. It is biased upwards, the more the fewer rows there are:
        compare values for equally many rows only.

    Raises
    ------
    ValueError
        If the columns differ, or there are fewer than 2 rows.

    See Also
    --------
    prdc : Measures that tell what is wrong.

    References
    ----------
    .. [1] Dowson & Landau, "The Frechet distance between multivariate normal
       distributions", Journal of Multivariate Analysis 12, 1982.
    .. [2] Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter, "GANs trained by a two
       time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017.

    Examples
    --------
    >>> from skunsup.metrics import frechet_distance
    >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]], standardize=False)
    9.0
    """
    real, generated = vectors(
        X_real, ("X_generated", X_generated), standardize=standardize, features=features
    )
    for name, rows in (("X_real", real), ("X_generated", generated)):
        if len(rows) < 2:
            raise ValueError(f"{name} has {len(rows)} rows, but at least 2 are needed.")
    shift = real.mean(axis=0) - generated.mean(axis=0)
    one, other = (np.atleast_2d(np.cov(rows.T)) for rows in (real, generated))
    root = _square_root(one)
    cross = np.linalg.eigvalsh(root @ other @ root)
    overlap = np.sqrt(np.maximum(cross, 0.0)).sum()
    distance = shift @ shift + np.trace(one) + np.trace(other) - 2.0 * overlap
    return max(float(distance), 0.0)


def _square_root(matrix: np.ndarray) -> np.ndarray:
    values, directions = np.linalg.eigh(matrix)
    return (directions * np.sqrt(np.maximum(values, 0.0))) @ directions.T
