"""Training data of an estimator: read, weighted, with labels, with rows held out."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from skunsup._fit_data import FitData
from skunsup._identity import identity
from skunsup._training import (
    Rows,
    RowSampler,
    Validation,
    WeightedSampler,
    hstack,
    paired,
    running_checkpoint,
    weighted_sample,
)
from skunsup._training_plan import TrainedByParameters
from skunsup._validation import check_weights
from skunsup.inputs import Dense, Inputs, as_kind, fit_inputs, read_inputs


class DataReader(TrainedByParameters):
    """Base of classes that read training data by the kind of data they fit.

    A subclass names in `_criterion` the method of its network that judges validation
    rows. Two hooks have defaults: what model says what rows are, and what labels mean.
    """

    _criterion: ClassVar[str]
    _inputs: Inputs

    def _source(self) -> "DataReader":
        """Return the model whose `inputs` and, if it is fitted, kind of data count."""
        return self

    def _learn(self, X: Any, min_samples: int, *, keep: bool) -> Rows:
        """Read training data, and learn what they look like.

        With `keep`, what was learned before stands, if it is of the same kind.
        """
        source = self._source()
        kind = clone(as_kind(source.inputs))
        if source is not self and not keep and is_trained(source):
            same_inputs(self, source)
            keep = True
        same = keep and identity(kind) == identity(clone(self._inputs))
        if same and not isinstance(kind, Dense):
            return self._read(X)
        rows = fit_inputs(kind, X, self, min_samples)
        self._inputs = kind
        return rows

    def _read(self, X: Any, name: str = "X") -> Rows:
        return read_inputs(self._inputs, X, self, name)

    def _training_data(self, rows: Rows, y: Any, sample_weight: Any) -> FitData:
        dtype = rows.result_dtype
        weight = check_weights(sample_weight, rows.n)
        labels = self._labels(y, rows.n)
        _noted("rows", rows, weight, labels)
        if labels is None:
            sample: RowSampler = weighted_sample(rows, weight)
        else:
            rows = hstack(rows, labels[:, None].astype(np.float32))
            rows, sample = paired(rows, weighted_sample(rows, weight), labels)
        return FitData(rows, sample, None, self._inputs, dtype)

    def _labels(self, y: Any, n: int) -> np.ndarray | None:
        """Return the number of each row's label, -1 for none; None without labels.

        The objective then sees behind each row another row, a labelled one, and the
        number of its label.
        """
        return None

    def _with_validation(
        self, data: FitData, rows: Rows, X_val: Any, rng: np.random.Generator
    ) -> FitData:
        if X_val is not None:
            held = self._read(X_val, "X_val")
            _noted("X_val", held)
            everyone = held.own_sampler(None)
            everyone = everyone or WeightedSampler(np.arange(held.n), None)
            validation = Validation(held, everyone, self._criterion)
            return replace(data, validation=validation)
        if not self.early_stopping:
            return data
        assert isinstance(data.sample, RowSampler)
        sample, out = self._split(data.sample, rng)
        held = out.rows_of(rows)
        validation = Validation(held, out, self._criterion)
        return replace(data, sample=sample, validation=validation)

    def _split(
        self, sample: RowSampler, rng: np.random.Generator
    ) -> tuple[RowSampler, WeightedSampler]:
        fraction = self.validation_fraction
        rest, held = sample.split(fraction, rng)
        if not rest.n_rows or not held.n_rows:
            raise ValueError(
                f"validation_fraction={fraction} of {sample.n_rows} distinct rows "
                f"leaves {rest.n_rows} rows to train on and {held.n_rows} to "
                "judge epochs by; both need at least one. Give more rows, another "
                "fraction, X_val, or early_stopping=False."
            )
        return rest, held


def _noted(name: str, rows: Rows, *more: np.ndarray | None) -> None:
    """Let the checkpoint of the fit that runs, if there is one, know the data."""
    checkpoint = running_checkpoint()
    if checkpoint is not None:
        checkpoint.note(name, rows.hash_blocks(), *more)


def is_trained(model: DataReader) -> bool:
    """Return True for a model with weights."""
    return hasattr(model, "_network")


def same_inputs(model: DataReader, other: DataReader) -> None:
    """Copy what `other` has learned of the columns to `model`.

    Parameters
    ----------
    model : DataReader
        A model that `fit_rows` will train on the rows of `other`.
    other : DataReader
        The model that read them.
    """
    model._inputs = other._inputs
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(other, name):
            setattr(model, name, getattr(other, name))
