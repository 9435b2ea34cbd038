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
    unchanged_on_error,
    validated,
)
from skunsup._training import EnsembleConfig, Rows, weighted_sample
from skunsup._training_parameters import TrainingParameters
from skunsup._validation import check_weights
from skunsup.inputs import Inputs
from skunsup.models._latent import LatentTransformer
from skunsup.outliers._detector import CONTAMINATION, Detector
from skunsup.outliers._ensemble import EnsembleOutput, EnsembleScorer
from skunsup.outliers._scores import SCORES, fit_score

N_COMPONENTS = 16
MOST_REFERENCE_NUMBERS = 2**24
# By `novelty`. The more neighbours are asked for, the more each row of reference costs.
MOST_REFERENCE_ROWS = {True: 3_000, False: 1_000}
# What `None` stands for, by `novelty`.
N_NEIGHBORS = {True: 1, False: 0.03}
SUPPORT_FRACTION = {True: 1.0, False: 0.8}
MAX_SAMPLES = {True: 0.5, False: 1.0}

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
    scoring : {"hybrid", "residual", "neighbors", "reconstruction"}
        What makes a row an outlier. "residual": the Mahalanobis distance of what the
        network leaves unexplained [1]_. "neighbors": the distance to neighbour number
        `n_neighbors` among at most 1,000 training rows (3,000 with `novelty`) [2]_, by
        columns in standard deviations, or as normal scores where their tails are heavy.
        "hybrid": the geometric mean of these two, in which neighbours weigh three times
        as much. "reconstruction": minus the score of the model.
    novelty : bool
        Whether the training rows are known to be normal, as in scikit-learn's
        LocalOutlierFactor. It sets what None means for `support_fraction` and
        `n_neighbors`, and makes at least two networks learn, each on half of the rows,
        so that a training row is judged by one that did not see it. Either way new rows
        can be scored, and a training row is never its own neighbour.
    support_fraction : float
        Proportion in [0.5, 1] of the training rows, those with the lowest scores, that
        the score is fitted to, as in scikit-learn's MinCovDet. None means 0.8, or 1
        with `novelty`.
    n_neighbors : int or float
        Number of the neighbour, or a fraction in (0, 1) of the rows to look among. None
        means 0.03, or 1 with `novelty`.

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
    """

    contamination: str | float = parameter("auto", CONTAMINATION, kw_only=False)
    scoring: str = parameter("hybrid", [StrOptions(set(SCORES))])
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
    epochs : int
        Passes over the rows, at most. None means as many as `max_steps` takes.
    max_steps : int
        Minibatches to train on, at most; the last epoch may be cut short. None means
        1,000 where `epochs` is None too, else no limit.

    Attributes
    ----------
    n_components_ : int
        Width of the code.
    """

    n_components: int | None = parameter(None)
    hidden_layer_sizes: int | Sequence[int] | None = parameter((64,))
    activation: str | Callable = parameter("swish")
    learning_rate: Any = parameter(2e-3)
    batch_size: int | None = parameter(128)
    epochs: int | None = parameter(None)


class FlatDetector(Detector, DetectionParameters):
    """Base of the detectors that have a model's parameters as their own.

    A subclass names its model and derives from the groups of the model's parameters and
    from `DetectorDefaults`. Where neither `epochs` nor `max_steps`
    is given, it trains for `_steps` minibatches, by `novelty`. `_side_by_side` says
    whether its model can be trained several times in one program.
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
        with unchanged_on_error(self):
            model = self._scorer()
            rows = learn_rows(model, X)
            self._check_distance(inputs_of(model))
            members = self._ensemble(self._before())
            self._models = self._fitted(members, model, rows, sample_weight, X_val)
            self.estimator_ = model
            self._take_columns()
            self.n_iter_, self.history_ = model.n_iter_, model.history_
            self.n_components_ = network_of(model).architecture.n_components
            self._learn_score(members, rows, sample_weight)
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

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _scorer(self, place: int = 0) -> Any:
        names = (field.name for field in fields(self._model))
        params = {name: getattr(self, name) for name in names}
        if params["n_components"] is None and params["encoder"] is None:
            params["n_components"] = N_COMPONENTS
        if params["epochs"] is None and params["max_steps"] is None:
            params["max_steps"] = self._steps[bool(self.novelty)]
        if params["learning_rate_schedule"] is None:
            own = isinstance(self.learning_rate, LearningRateSchedule)
            params["learning_rate_schedule"] = "constant" if own else "cosine"
        last = getattr(self, "_models", ())[place : place + 1]
        if self.warm_start and last:
            return copy.deepcopy(last[0]).set_params(**params)
        return self._model(**params)

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
        return EnsembleConfig(2, MAX_SAMPLES[True], 1.0, self._seed(before))

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
            last = each is models[-1]
            fit_rows(each, rows, sample_weight=own, X_val=X_val, preliminary=not last)
        return models

    def _learn_score(
        self, members: EnsembleConfig | None, rows: Rows, sample_weight: Any
    ) -> None:
        """Fit the score to reference rows drawn from the training rows."""
        rng = make_generator(self.random_state)
        sample = weighted_sample(rows, check_weights(sample_weight, rows.n))
        networks = [network_of(model) for model in self._models]
        parted = members is not None and members.max_samples < 1.0
        known = rows.hashes[sample.index] if parted else None
        self._ensemble_scorer = EnsembleScorer(networks, members, known)
        novel = bool(self.novelty)
        most = max(2, MOST_REFERENCE_NUMBERS // rows.d)
        most = min(sample.n_draws, MOST_REFERENCE_ROWS[novel], most)
        drawn = sample.draw(most, rng)
        k = N_NEIGHBORS[novel] if self.n_neighbors is None else self.n_neighbors
        given = self.support_fraction
        support = SUPPORT_FRACTION[novel] if given is None else float(given)
        score = SCORES[self.scoring](getattr(self, "loss", None), k)
        self._score = fit_score(score, self._view(rows, drawn), support)

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

    def _views(self, rows: Rows) -> Iterator[EnsembleOutput]:
        return (self._view(rows, at) for at in rows.block_slices())

    def _view(self, rows: Rows, at: slice | np.ndarray) -> EnsembleOutput:
        return self._ensemble_scorer.view(rows.take(at), rows.hashes[at])
