"""The detectors that have a model's parameters as their own."""

import copy
from dataclasses import fields
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._estimator import (
    details_html,
    fit_rows,
    inputs_of,
    learn_rows,
    network_of,
    read_rows,
    same_inputs,
)
from skunsup._random import draw_seed, make_generator
from skunsup._sklearn import validated
from skunsup._training import (
    EnsembleConfig,
    Rows,
    check_rows_of_each,
    joint_rows,
    share_generator,
    weighted_sample,
)
from skunsup._validation import check_weights
from skunsup.inputs import Inputs
from skunsup.models._latent import LatentTransformer
from skunsup.outliers._base import Detector
from skunsup.outliers._ensemble import EnsembleOutput, EnsembleScorer
from skunsup.outliers._held_out import MOST_ROWS, held_out_anomaly
from skunsup.outliers._judged import Judged
from skunsup.outliers._parameters import DetectionParameters
from skunsup.outliers._trimming import usual_rows

N_COMPONENTS = 16
SEVERAL = 1.5  # steps of all networks of a detector, relative to those of a model
BATCH_SIZE = 128  # of numbers, where the user leaves it open
MOST_REFERENCE_NUMBERS = 2**24
# By `novelty`. The more neighbours are asked for, the more each row of reference costs.
MOST_REFERENCE_ROWS = {True: 3_000, False: 1_000}
MAX_SAMPLES = 0.5

WHOLE = (
    "A detector measures by default how far apart rows are, but rows of "
    "inputs={inputs} are whole tokens, which have no distance. Use "
    "scoring='reconstruction'."
)


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
    @documented(FIT)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train the model on `X` and learn where normal ends.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            Training rows, on a scale near 1; most of them should be normal.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative. A row of weight 2 is the same as that row twice, in training
            and for the threshold.

        Raises
        ------
        ValueError
            As the model's `fit` does; the detector is then as it was before.
        """
        with self._fitting():
            model = self._scorer()
            own = learn_rows(model, X)
            self._check_distance(inputs_of(model))
            score = self._unfitted_score()
            self._check_alike()
            members = self._ensemble(self._before())
            self._set_length(model, members)
            rows, weight = joint_rows(own, check_weights(sample_weight, own.n))
            drawn = self._reference(rows, weight)
            kept = self._kept(rows, weight, drawn, inputs_of(model))
            usual = weight if kept.all() else _among(weight, kept)
            given = None if usual is None else usual[rows.own_part]
            check_rows_of_each(own.n if given is None else int((given > 0).sum()))
            self._models = self._fitted(members, model, own, given, X_val)
            self.estimator_ = model
            self._take_columns()
            self.n_iter_, self.history_ = model.n_iter_, model.history_
            self.n_components_ = network_of(model).architecture.n_components
            judged = Judged(rows, weight)
            self._learn_views(members, rows, judged, usual)
            reference = self._ensemble_scorer.output(rows, drawn)
            self._score = score.fit(reference, kept[drawn])
            scores = judged.of(self._row_scores)
            few = judged.is_whole and len(drawn) <= MOST_ROWS
            as_new = self._as_new(scores, reference, drawn) if few else None
            self._learn_threshold(scores, judged.weight, as_new)
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
        """Networks and their rows in the fit that a warm start goes on from."""
        viewer = getattr(self, "_ensemble_scorer", None)
        return viewer.members if self.warm_start and viewer is not None else None

    def _generator(self) -> np.random.Generator:
        """Return a generator by `random_state`, alike in all processes."""
        rng = make_generator(self.random_state)
        share_generator(rng)
        return rng

    def _ensemble(self, before: EnsembleConfig | None) -> EnsembleConfig | None:
        """Several networks, each with rows of its own; None for one network.

        Where the training rows are normal, each of two networks judges the half that
        the other saw, so that their scores compare with those of new rows.
        """
        if not self.novelty:
            return None
        return EnsembleConfig(2, MAX_SAMPLES, 1.0, self._seed(before))

    def _seed(self, before: EnsembleConfig | None) -> int:
        if before is not None:
            return before.seed
        return draw_seed(self._generator())

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
        models = [model, *(self._scorer(at) for at in range(1, members.n_members))]
        for each, sees in zip(models, members.sees_of(rows).T, strict=True):
            own = _among(weight, sees)
            # With very few rows a network may be dealt one, or none.
            given = own if np.count_nonzero(own) > 1 else weight
            same_inputs(each, model)
            if each is not model:  # whose length is set
                self._set_length(each, members)
            last = each is models[-1]
            fit_rows(each, rows, sample_weight=given, X_val=X_val, preliminary=not last)
        return models

    def _reference(self, rows: Rows, weight: np.ndarray | None) -> np.ndarray:
        """Draw the rows that scores are fitted to, as many as memory is meant for."""
        sample = weighted_sample(rows, weight)
        most = max(2, MOST_REFERENCE_NUMBERS // rows.d)
        most = min(sample.n_draws, MOST_REFERENCE_ROWS[bool(self.novelty)], most)
        return sample.draw(most, self._generator())

    def _kept(
        self, rows: Rows, weight: np.ndarray | None, drawn: np.ndarray, inputs: Inputs
    ) -> np.ndarray:
        """True for the rows that networks and scores shall learn from.

        All where the support fraction is 1, or else those that `usual_rows` keeps.
        """
        support = self._support()
        if support == 1.0 or self.scoring == "reconstruction":
            return np.ones(rows.n, bool)
        scorer = EnsembleScorer([], None, None, inputs.likelihood_)
        seed = draw_seed(self._generator())
        return usual_rows(scorer, rows, weight, drawn, support, self._k(), seed)

    def _learn_views(
        self,
        members: EnsembleConfig | None,
        rows: Rows,
        judged: Judged,
        weight: np.ndarray | None,
    ) -> None:
        """Note which network learned from which of the rows that are judged."""
        networks = [network_of(model) for model in self._models]
        known = None
        if members is not None and members.max_samples < 1.0:
            known = judged.of(lambda own: np.concatenate([*own.hash_blocks()]))
            known = known if weight is None else known[judged.part_of(weight) > 0]
        likelihood = inputs_of(self.estimator_).likelihood_
        self._ensemble_scorer = EnsembleScorer(networks, members, known, likelihood)

    def _as_new(
        self, scores: np.ndarray, reference: EnsembleOutput, drawn: np.ndarray
    ) -> np.ndarray | None:
        """Return the scores of few normal training rows, each by the others."""
        if self.contamination != "auto" or not self._all_normal():
            return None
        found = scores.copy()
        found[drawn] = -held_out_anomaly(self._unfitted_score, reference)
        return found

    def _scores(self, X: Any) -> np.ndarray:
        return self._row_scores(read_rows(self.estimator_, X))

    def _row_scores(self, rows: Rows) -> np.ndarray:
        blocks = [
            self._score.anomaly(view) for view in self._ensemble_scorer.outputs(rows)
        ]
        # Rounded, since products of matrices differ in their last digits with the place
        # of a row among others.
        return -np.concatenate(blocks).astype(np.float32).astype(np.float64)

    def _attributions(self, X: Any) -> np.ndarray:
        views = self._ensemble_scorer.outputs(read_rows(self.estimator_, X))
        shares = np.concatenate([self._score.shares(view) for view in views])
        likelihood = inputs_of(self.estimator_).likelihood_
        if likelihood is None or shares.shape[1] != likelihood.n_columns:
            return shares
        return likelihood.pooled(shares)


def _among(weight: np.ndarray | None, kept: np.ndarray) -> np.ndarray:
    return kept if weight is None else weight * kept
