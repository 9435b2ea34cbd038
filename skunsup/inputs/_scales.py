"""Columns of very unlike scale, of which a network learns the largest alone."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup._networks import LOSS_DOMAINS
from skunsup._training import Rows

# Squares of columns so much smaller are a 250,000th of the loss: in a test of eight
# columns on two factors, 0.87 of the variance of the small ones was restored at a
# ratio of 300 and none at 1,000. Bytes differ by 255 at most.
UNLIKE = 500.0
MOST_NUMBERS = 2**19  # looked at
NAMED = 3

MESSAGE = (
    "The columns of X are of very unlike scale: values are about {large}, but {small}. "
    "The loss, and so the network, will be about the large ones alone. Put "
    "StandardScaler in front, in a Pipeline, or give inputs=Table(), which scales."
)
# What scaling would take out of the domain, by parameter.
COUNTED = {
    "likelihood": ("multinomial", "bernoulli"),
    "loss": tuple(LOSS_DOMAINS),
}


def warn_of_scales(estimator: Any, rows: Rows) -> None:
    """Warn where columns differ in scale by more than `UNLIKE`.

    A column is large by the median of its absolute values, which a few outliers do not
    move, and small by the root mean square of those that are not 0, so that rare
    pixels, words and categories are not. Losses of counts and shares, which must not be
    scaled, are passed over, and so are models that scale columns themselves.

    Parameters
    ----------
    estimator : object
        Whose data they are.
    rows : Rows
        Training data; some of the rows, spread evenly, are looked at.
    """
    counted = any(getattr(estimator, k, None) in v for k, v in COUNTED.items())
    scales = getattr(estimator, "_scales_columns", False)
    if counted or scales or not hasattr(estimator, "inputs"):
        return
    middle, spread = _scales(rows)
    ordered = np.argsort(spread, kind="stable")
    small = [j for j in ordered if UNLIKE * spread[j] < middle.max()][:NAMED]
    if not small:
        return
    ordered = np.argsort(-middle, kind="stable")
    large = [j for j in ordered if middle[j] > UNLIKE * spread[small[0]]][:NAMED]
    names = getattr(estimator, "feature_names_in_", range(rows.d))
    message = MESSAGE.format(
        large=_listed(large, names, middle), small=_listed(small, names, spread)
    )
    warnings.warn(message, UserWarning, stacklevel=2)


def _scales(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the median size of each column, and the root mean square without zeros."""
    n = min(rows.n, max(1, MOST_NUMBERS // rows.d))
    sizes = np.abs(rows.take(np.linspace(0, rows.n - 1, n).astype(int)))
    counts = np.count_nonzero(sizes, axis=0)
    squares = np.square(sizes, dtype=np.float64).sum(axis=0)
    spread = np.sqrt(squares / np.maximum(counts, 1))
    return np.median(sizes, axis=0), np.where(counts > 0, spread, np.inf)


def _listed(columns: Sequence[int], names: Sequence[Any], scales: np.ndarray) -> str:
    shown = (f"{scales[j]:.3g} in column {_name(names[j])}" for j in columns)
    return ", ".join(shown)


def _name(name: Any) -> str:
    return repr(str(name)) if isinstance(name, str) else str(name)
