"""Scorers for the model selection of estimators that generate rows."""

import inspect
from collections.abc import Callable
from typing import Any

from sklearn.pipeline import Pipeline

from skunsup._sklearn import count_rows
from skunsup.metrics._manifold import sample_coverage, sample_density
from skunsup.metrics._two_samples import two_sample_auroc


def draw_rows(estimator: Any, n_samples: int, random_state: Any = None) -> Any:
    """Draw rows from any fitted estimator with a method `sample`.

    Parameters
    ----------
    estimator : object
        Has `sample(n_samples)`: a model of skunsup, `KernelDensity` or
        `GaussianMixture`, of whose rows and components the rows are returned. Of a
        `Pipeline`, the last step draws, and the steps before take the rows back by
        `inverse_transform`.
    n_samples : int
        Number of rows.
    random_state : int, RandomState instance or None, default=None
        Given to `sample` if it has that parameter.

    Returns
    -------
    array or DataFrame of shape (n_samples, n_features)
        Rows in the units of the training data.

    Raises
    ------
    TypeError
        If the estimator cannot sample, or a step before it has no way back.

    See Also
    --------
    make_sample_scorer : Scores estimators by such rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.mixture import GaussianMixture
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup.metrics import draw_rows
    >>> model = make_pipeline(StandardScaler(), GaussianMixture(3, random_state=0))
    >>> draw_rows(model.fit(load_iris().data), 5).shape
    (5, 4)
    """
    before, model = None, estimator
    if isinstance(estimator, Pipeline):
        before, model = estimator[:-1], estimator[-1]
    sample = getattr(model, "sample", None)
    if sample is None:
        raise TypeError(
            f"{type(model).__name__} has no method sample. Give an estimator that "
            "generates rows, such as VariationalAutoencoder or GaussianMixture."
        )
    options = {}
    if "random_state" in inspect.signature(sample).parameters:
        options["random_state"] = random_state
    rows = sample(n_samples, **options)
    if isinstance(rows, tuple):
        rows = rows[0]
    return rows if before is None or not len(before) else _back(before, rows)


def _back(before: Pipeline, rows: Any) -> Any:
    for name, step in before.steps:
        if step not in (None, "passthrough") and not hasattr(step, "inverse_transform"):
            raise TypeError(
                f"Step {name!r} of the pipeline, {type(step).__name__}, has no "
                "inverse_transform, so generated rows cannot be compared with X. Use "
                "transformers that have one, or inputs=Table() for mixed columns."
            )
    return before.inverse_transform(rows)


class SampleScorer:
    """Scorer of an estimator by the rows that it generates.

    Made by `make_sample_scorer`. It is called as scikit-learn calls scorers, with an
    estimator, rows that the estimator was not fitted to, and labels that are ignored.

    Parameters
    ----------
    metric : callable
        Function of (X_real, X_generated) and of `options`.
    greater_is_better : bool
        False changes the sign of the metric.
    n_samples : int or None
        Generated rows; None for as many as there are real ones.
    random_state : int or None
        Fixes the draws.
    options : dict
        Further arguments of `metric`.

    See Also
    --------
    make_sample_scorer : Makes scorers.

    Examples
    --------
    >>> from skunsup.metrics import coverage_scorer
    >>> coverage_scorer
    make_sample_scorer(sample_coverage)
    """

    def __init__(
        self,
        metric: Callable[..., float],
        greater_is_better: bool,
        n_samples: int | None,
        random_state: int | None,
        options: dict[str, Any],
    ) -> None:
        self.metric, self.greater_is_better = metric, greater_is_better
        self.n_samples, self.random_state = n_samples, random_state
        self.options = options

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score a fitted estimator, higher for better rows.

        Parameters
        ----------
        estimator : object
            As `draw_rows` takes it.
        X : array-like or DataFrame of shape (n_samples, n_features)
            Real rows.
        y : None
            Ignored.

        Returns
        -------
        float
            The metric, with the sign changed where lower values are better.
        """
        n = count_rows(X) if self.n_samples is None else self.n_samples
        drawn = draw_rows(estimator, n, self.random_state)
        value = float(self.metric(X, drawn, **self.options))
        return value if self.greater_is_better else -value

    def __repr__(self) -> str:
        given = [getattr(self.metric, "__name__", repr(self.metric))]
        given += [] if self.greater_is_better else ["greater_is_better=False"]
        given += [f"{name}={value!r}" for name, value in self.options.items()]
        return f"make_sample_scorer({', '.join(given)})"


def make_sample_scorer(
    metric: Callable[..., float],
    *,
    greater_is_better: bool = True,
    n_samples: int | None = None,
    random_state: int | None = 0,
    **options: Any,
) -> SampleScorer:
    """Make a scorer of generated rows for `GridSearchCV` and `cross_validate`.

    Parameters
    ----------
    metric : callable
        Function of ``(X_real, X_generated, **options)`` that returns a float, such as
        those of this module.
    greater_is_better : bool, default=True
        Whether higher values of the metric are better; if not, its sign is changed.
    n_samples : int or None, default=None
        Generated rows; None for as many as there are rows to compare with.
    random_state : int or None, default=0
        Given to `sample`; None for other draws in every call.
    **options : object
        Further arguments of `metric`.

    Returns
    -------
    SampleScorer
        Callable of (estimator, X, y=None).

    See Also
    --------
    coverage_scorer : The scorer of `sample_coverage`.
    two_sample_scorer : Minus `two_sample_auroc`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.mixture import GaussianMixture
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skunsup.metrics import make_sample_scorer, sample_coverage
    >>> scorer = make_sample_scorer(sample_coverage, n_neighbors=3)
    >>> grid = {"n_components": [1, 3]}
    >>> search = GridSearchCV(GaussianMixture(random_state=0), grid, scoring=scorer)
    >>> search.fit(load_iris().data).best_params_
    {'n_components': 3}
    """
    if not callable(metric):
        raise TypeError(
            f"metric={metric!r}, but expected a function of (X_real, X_generated), "
            "such as sample_coverage."
        )
    return SampleScorer(metric, greater_is_better, n_samples, random_state, options)


coverage_scorer = make_sample_scorer(sample_coverage)
density_scorer = make_sample_scorer(sample_density)
two_sample_scorer = make_sample_scorer(two_sample_auroc, greater_is_better=False)
