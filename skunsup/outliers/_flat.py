"""The detectors that have a model's parameters as their own."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import (
    details_html,
    fit_rows,
    inputs_of,
    learn_rows,
    network_of,
    read_rows,
    same_inputs,
)
from skunsup._parameters import parameter, parameters
from skunsup._random import draw_seed, make_generator
from skunsup._sklearn import (
    StrOptions,
    integers,
    reals,
    validated,
)
from skunsup._training import EnsembleConfig, Rows, weighted_sample
from skunsup._training_parameters import TrainingParameters
from skunsup._validation import check_weights
from skunsup.inputs import Inputs
from skunsup.models._latent import LatentTransformer
from skunsup.outliers._combined import SCORES, made_score
from skunsup.outliers._detector import CONTAMINATION, Detector
from skunsup.outliers._ensemble import EnsembleOutput, EnsembleScorer
from skunsup.outliers._scores import Score
from skunsup.outliers._threshold import weighted_quantile
from skunsup.outliers._trimming import usual_neighbors

N_COMPONENTS = 16
SEVERAL = 1.5  # steps of all networks of a detector, relative to those of a model
BATCH_SIZE = 128  # of numbers, where the user leaves it open
MOST_REFERENCE_NUMBERS = 2**24
# By `novelty`. The more neighbours are asked for, the more each row of reference costs.
MOST_REFERENCE_ROWS = {True: 3_000, False: 1_000}
# What `None` stands for, by `novelty`.
N_NEIGHBORS = {True: 1, False: 20}
SUPPORT_FRACTION = {True: 1.0, False: 0.8}
MAX_SAMPLES = 0.5
SCORING: dict[bool, str | tuple[str, ...]] = {
    True: "hybrid",
    False: ("residual", "neighbors", "covariance"),
}

WHOLE = (
    "A detector measures by default how far apart rows are, but rows of "
    "inputs={inputs} are whole tokens, which have no distance. Use "
    "scoring='reconstruction'."
)


@parameters
class DetectionParameters:
    """Detection.

    Parameters
    ----------
    contamination : "auto" or float
        A float in (0, 0.5] makes that fraction of the training rows outliers. "auto"
        puts the threshold where clean data would be flagged at a rate of 1 %; see
        :class:`OutlierDetector`.
    scoring : str or sequence of str
        Score that makes a row an outlier. "residual": the Mahalanobis distance of the
        residual [1]_. "neighbors": the distance to neighbour number
        `n_neighbors` among at most 1,000 training rows (3,000 with `novelty`) [2]_, by
        columns in standard deviations, or as normal scores where their tails are heavy.
        "covariance": the Mahalanobis distance of the row, by a robust covariance that
        is shrunk [3]_ [4]_. "columns": the sum of the tail probabilities of the columns
        [5]_. A sequence of these four is the sum of their tail probabilities, minus
        the logarithm of each. "hybrid": the geometric mean of residual and neighbours,
        in which neighbours weigh three times as much. "reconstruction": minus the score
        of the model. None means ("residual", "neighbors", "covariance"), or "hybrid"
        with `novelty`.
    novelty : bool
        True if the training rows are known to be normal, as in scikit-learn's
        LocalOutlierFactor. It sets what None means for `scoring`, `support_fraction`
        and `n_neighbors`, and makes at least two networks learn, each on half of the
        rows, so that a training row is judged by one that did not see it. Either way
        new rows can be scored, and a training row is never its own neighbour.
    support_fraction : float
        Proportion in [0.5, 1] of the training rows that networks and scores learn from,
        as in scikit-learn's MinCovDet: those nearest to their neighbours among the 60 %
        of the rows that an isolation forest [6]_ finds the least outlying. None means
        0.8, or 1 with `novelty`. With `scoring="reconstruction"` it is always 1.
    n_neighbors : int or float
        Number of the neighbour, or a fraction in (0, 1) of the rows to look among. None
        means 20, which a small group of outliers does not fill, or 1 with `novelty`.

    Attributes
    ----------
    offset_ : float
        `decision_function` is `score_samples` minus this.

    References
    ----------
    .. [1] Denouden, Salay, Czarnecki, Abdelzad, Phan & Vernekar, "Improving
       reconstruction autoencoder out-of-distribution detection with Mahalanobis
       distance", arXiv:1812.02765, 2018.
    .. [2] Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
       large data sets", SIGMOD 2000.
    .. [3] Rousseeuw & Van Driessen, "A fast algorithm for the minimum covariance
       determinant estimator", Technometrics 41, 1999.
    .. [4] Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance
       matrices", Journal of Multivariate Analysis 88, 2004.
    .. [5] Li, Zhao, Hu, Botta, Ionescu & Chen, "ECOD: unsupervised outlier detection
       using empirical cumulative distribution functions", IEEE TKDE, 2022.
    .. [6] Liu, Ting & Zhou, "Isolation forest", ICDM 2008.
    """

    contamination: str | float = parameter("auto", CONTAMINATION, kw_only=False)
    scoring: str | Sequence[str] | None = parameter(
        None, [StrOptions(set(SCORES)), list, tuple, None]
    )
    novelty: bool = parameter(False, ["boolean"])
    support_fraction: float | None = parameter(None, [reals(0.5, 1, "both"), None])
    n_neighbors: float | None = parameter(
        None, [integers(1), reals(0, 1, "neither"), None]
    )


@parameters
class DetectorDefaults(TrainingParameters):
    """Defaults that suit detection.

    Parameters
    ----------
    n_components : int
        Width of the code. None means 16, or what an own `encoder` returns. With noise
        in the input, a code wider than the data is not a copy of them.
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear model.
    batch_size : int, "auto" or None
        Rows a step. "auto" means 128, or what suits images and texts, see
        :class:`Images` and :class:`Text`. None, or more than there are rows, takes all
        rows in one step.
    epochs : int, "auto" or None
        Passes over the rows, at most. None means as many as `max_steps` takes, "auto"
        as many as the model trains by default.
    max_steps : int
        Minibatches to train on, at most; the last epoch may be cut short. None means
        1,000 where `epochs` is None too, else no limit. Of images and texts it then is
        at most what a model trains for by default; several networks of one detector
        have half as many again in all.

    Attributes
    ----------
    n_components_ : int
        Width of the code.
    """

    n_components: int | None = parameter(None)
    hidden_layer_sizes: int | Sequence[int] | None = parameter((64,))
    activation: str | Callable = parameter("swish")
    learning_rate: Any = parameter(2e-3)
    epochs: int | str | None = parameter(None)


class FlatDetector(Detector, DetectionParameters):
    """Base of the detectors that have a model's parameters as their own.

    A subclass names its model and derives from the groups of the model's parameters and
    from `DetectorDefaults`. Where neither `epochs` nor `max_steps` is given, it trains
    for `_steps` minibatches, by `novelty`, or for fewer of data whose kind says so.
    `_side_by_side` says whether its model can be trained several times in one program.
    """

    _model: ClassVar[type[LatentTransformer]]
    _steps: ClassVar[dict[bool, int]] = {True: 1000, False: 1000}
    _side_by_side: ClassVar[bool] = False

    @validated(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train the model on `X` and learn where normal ends.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1; most of them should be normal.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, in training
            and for the threshold.
        X_val : array-like of shape (n_val, n_features), default=None
            Rows to judge epochs by, instead of a fraction held out of `X`.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError
            As the model's `fit` does; the detector is then as it was before.
        """
        with self._fitting():
            self._check_processes()
            model = self._scorer()
            rows = learn_rows(model, X)
            self._check_distance(inputs_of(model))
            score = self._unfitted_score()
            members = self._ensemble(self._before())
            self._set_length(model, members)
            weight = check_weights(sample_weight, rows.n)
            drawn = self._reference(rows, weight)
            kept = self._kept(rows, weight, drawn, inputs_of(model))
            usual = sample_weight if kept.all() else _ones(weight, kept) * kept
            self._models = self._fitted(members, model, rows, usual, X_val)
            self.estimator_ = model
            self._take_columns()
            self.n_iter_, self.history_ = model.n_iter_, model.history_
            self.n_components_ = network_of(model).architecture.n_components
            self._learn_views(members, rows, usual)
            self._score = score.fit(self._view(rows, drawn), kept[drawn])
            self._learn_threshold(self._row_scores(rows), sample_weight)
        return self

    @property
    def model_(self) -> keras.Model:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self.estimator_.model_

    @property
    def callbacks_(self) -> list[keras.callbacks.Callback]:
        """Copies of `callbacks` that were called in the last fit."""
        check_is_fitted(self)
        return self.estimator_.callbacks_

    def _details_html(self) -> str:
        known = hasattr(self, "estimator_")
        return details_html(self.estimator_) if known else ""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _scorer(self, place: int = 0) -> Any:
        own, names = self.get_params(deep=False), [f.name for f in fields(self._model)]
        params = {name: own[name] for name in names if name in own}
        if params["n_components"] is None and params["encoder"] is None:
            params["n_components"] = N_COMPONENTS
        if params["learning_rate_schedule"] is None:
            own = isinstance(self.learning_rate, LearningRateSchedule)
            params["learning_rate_schedule"] = "constant" if own else "cosine"
        last = getattr(self, "_models", ())[place : place + 1]
        if self.warm_start and last:
            return copy.deepcopy(last[0]).set_params(**params)
        return self._model(**params)

    def _set_length(self, model: Any, members: EnsembleConfig | None) -> None:
        """Set minibatches and steps that are left open, by the kind of data."""
        kind = inputs_of(model).training_
        if model.batch_size == "auto" and kind.max_steps is None:
            model.batch_size = BATCH_SIZE
        if model.epochs is None and model.max_steps is None:
            model.max_steps = self._steps[bool(self.novelty)]
            if kind.max_steps is not None:
                n_networks = 1 if members is None else members.n_members
                share = 1.0 if n_networks == 1 else SEVERAL / n_networks
                most = int(share * kind.max_steps)
                model.max_steps = min(model.max_steps, max(most, 1))

    def _all_normal(self) -> bool:
        return bool(self.novelty)

    def _before(self) -> EnsembleConfig | None:
        """Return which network saw which rows in the fit that a warm start goes on."""
        viewer = getattr(self, "_ensemble_scorer", None)
        return viewer.members if self.warm_start and viewer is not None else None

    def _ensemble(self, before: EnsembleConfig | None) -> EnsembleConfig | None:
        """Return which of several networks sees which rows; None for one network.

        Where the training rows are normal, each of two networks judges the half that
        the other saw, so that their scores compare with those of new rows.
        """
        if not self.novelty:
            return None
        return EnsembleConfig(2, MAX_SAMPLES, 1.0, self._seed(before))

    def _seed(self, before: EnsembleConfig | None) -> int:
        if before is not None:
            return before.seed
        return draw_seed(make_generator(self.random_state))

    def _check_distance(self, inputs: Inputs) -> None:
        known = inputs.likelihood_
        measures = self.scoring != "reconstruction"
        if measures and known is not None and not known.smooth:
            raise ValueError(WHOLE.format(inputs=self.inputs))

    def _fitted(
        self,
        members: EnsembleConfig | None,
        model: Any,
        rows: Rows,
        sample_weight: Any,
        X_val: Any,
    ) -> list[Any]:
        """Return the fitted models: several where they are trained one by one."""
        if members is None or self._side_by_side:
            fit_rows(
                model, rows, sample_weight=sample_weight, X_val=X_val, members=members
            )
            return [model]
        weight = check_weights(sample_weight, rows.n)
        weight = np.ones(rows.n) if weight is None else weight
        models = [model, *(self._scorer(at) for at in range(1, members.n_members))]
        for each, sees in zip(models, members.sees(rows.hashes).T, strict=True):
            own = weight * sees
            # With very few rows a network may be dealt one, or none.
            own = own if np.count_nonzero(own) > 1 else weight
            same_inputs(each, model)
            if each is not model:  # whose length is set
                self._set_length(each, members)
            last = each is models[-1]
            fit_rows(each, rows, sample_weight=own, X_val=X_val, preliminary=not last)
        return models

    def _reference(self, rows: Rows, weight: np.ndarray | None) -> np.ndarray:
        """Draw the rows that scores are fitted to, as many as memory is meant for."""
        sample = weighted_sample(rows, weight)
        most = max(2, MOST_REFERENCE_NUMBERS // rows.d)
        most = min(sample.n_draws, MOST_REFERENCE_ROWS[bool(self.novelty)], most)
        return sample.draw(most, make_generator(self.random_state))

    def _kept(
        self, rows: Rows, weight: np.ndarray | None, drawn: np.ndarray, inputs: Inputs
    ) -> np.ndarray:
        """Return which rows networks and scores shall learn from.

        Those nearest to their neighbours among the rows that a forest keeps.
        """
        support = self._support()
        if support == 1.0 or self.scoring == "reconstruction":
            return np.ones(rows.n, bool)
        scorer = EnsembleScorer([], None, None, inputs.likelihood_)
        view = self._view(rows, drawn, scorer)
        seed = draw_seed(make_generator(self.random_state))
        score = usual_neighbors(view, self._k(), seed)
        views = self._views(rows, scorer)
        anomaly = np.concatenate([score.anomaly(view) for view in views])
        kept: np.ndarray = anomaly <= weighted_quantile(anomaly, weight, support)
        seen = kept if weight is None else kept & (weight > 0)
        return kept if seen.sum() > 1 else np.ones(rows.n, bool)

    def _support(self) -> float:
        given = self.support_fraction
        return SUPPORT_FRACTION[bool(self.novelty)] if given is None else float(given)

    def _k(self) -> float:
        given = self.n_neighbors
        return N_NEIGHBORS[bool(self.novelty)] if given is None else given

    def _unfitted_score(self) -> Score:
        scoring = SCORING[bool(self.novelty)] if self.scoring is None else self.scoring
        return made_score(scoring, getattr(self, "loss", None), self._k())

    def _learn_views(
        self, members: EnsembleConfig | None, rows: Rows, weight: Any
    ) -> None:
        """Note which network learned from which rows."""
        networks = [network_of(model) for model in self._models]
        known = None
        if members is not None and members.max_samples < 1.0:
            trained = weighted_sample(rows, check_weights(weight, rows.n))
            known = rows.hashes[trained.index]
        likelihood = inputs_of(self.estimator_).likelihood_
        self._ensemble_scorer = EnsembleScorer(networks, members, known, likelihood)

    def _scores(self, X: Any) -> np.ndarray:
        return self._row_scores(read_rows(self.estimator_, X))

    def _row_scores(self, rows: Rows) -> np.ndarray:
        blocks = [self._score.anomaly(view) for view in self._views(rows)]
        # Rounded, since products of matrices differ in their last digits with the place
        # of a row among others.
        return -np.concatenate(blocks).astype(np.float32).astype(np.float64)

    def _shares(self, X: Any) -> np.ndarray:
        views = self._views(read_rows(self.estimator_, X))
        shares = np.concatenate([self._score.shares(view) for view in views])
        likelihood = inputs_of(self.estimator_).likelihood_
        if likelihood is None or shares.shape[1] != likelihood.n_columns:
            return shares
        return likelihood.pooled(shares)

    def _views(
        self, rows: Rows, scorer: EnsembleScorer | None = None
    ) -> Iterator[EnsembleOutput]:
        return (self._view(rows, at, scorer) for at in rows.block_slices())

    def _view(
        self, rows: Rows, at: slice | np.ndarray, scorer: EnsembleScorer | None = None
    ) -> EnsembleOutput:
        scorer = self._ensemble_scorer if scorer is None else scorer
        return scorer.view(rows.take(at), rows.hashes[at])


def _ones(weight: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows)) if weight is None else weight
