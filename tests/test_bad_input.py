"""Bad input is refused with an error that helps, and changes nothing."""

import copy
import re
import threading
from dataclasses import dataclass, field
from typing import Any

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from keras import ops
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

from skunsup import Autoencoder, AutoencoderDetector, OutlierDetector

from .helpers import unchanged

N, D = 30, 3
X = np.random.default_rng(0).normal(size=(N, D))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 1,
    "noise": None,
    "random_state": 0,
}
KINDS = ["Autoencoder", "AutoencoderDetector", "OutlierDetector"]


def make(kind, **params):
    """An unfitted estimator whose network has the given parameters."""
    params = {**SMALL, **params}
    if kind == "AutoencoderDetector":
        return AutoencoderDetector(**params)
    if kind == "Autoencoder":
        return Autoencoder(**params)
    return OutlierDetector(Autoencoder(**params))


def set_params(kind, estimator, params):
    prefix = "estimator__" if kind == "OutlierDetector" else ""
    return estimator.set_params(**{prefix + k: v for k, v in params.items()})


@pytest.fixture(scope="module")
def fitted():
    """Fitted estimators by kind: on an array, and on a DataFrame."""
    return {
        kind: (make(kind).fit(X), make(kind, warm_start=True).fit(FRAME))
        for kind in KINDS
    }


@pytest.fixture(params=[False, True], ids=["unfitted", "fitted"])
def start(request, fitted):
    """Give an estimator of a kind, unfitted or fitted before, with parameters."""

    def estimator(kind, params):
        if not request.param:
            return make(kind, **params)
        return set_params(kind, copy.deepcopy(fitted[kind][0]), params)

    return estimator


def with_cell(value, dtype=np.float64):
    bad = X.astype(dtype)
    bad[5, 1] = value
    return bad


def mapped(values, path):
    values.tofile(path)
    return np.memmap(path, values.dtype, "r", shape=values.shape)


def named(values):
    return pd.DataFrame(values, columns=FRAME.columns)


def dense(n_in, n_out, *more):
    return keras.Sequential([keras.Input((n_in,)), keras.layers.Dense(n_out), *more])


class Opaque(keras.Model):
    """Takes what Keras cannot write into a configuration."""

    def __init__(self, secret):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x):
        return self.dense(x)


@keras.saving.register_keras_serializable(package="tests")
class OwnLoss(keras.losses.Loss):
    def call(self, x, output):
        return ops.mean(ops.square(x - output), axis=-1)


class Raises(keras.callbacks.Callback):
    def __init__(self, hook, error):
        super().__init__()
        self.error = error
        setattr(self, hook, self.fail)

    def fail(self, *args, **kwargs):
        raise self.error("out of paper")


class Locked(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


def fails(*args):
    raise ZeroDivisionError("out of luck")


def one_too_few(n):
    return dense(n, 2)


@dataclass
class Case:
    """Arguments of `fit`, and the words that its error must say in order."""

    words: str
    error: type[Exception] = ValueError
    params: dict[str, Any] = field(default_factory=dict)
    X: Any = field(default_factory=lambda: X)
    fit: dict[str, Any] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=lambda: KINDS)

    @property
    def pattern(self):
        """A pattern for `match`: the words, with anything between them."""
        return "(?s)" + ".*".join(re.escape(word) for word in self.words.split(" .. "))


OURS = ["Autoencoder", "AutoencoderDetector"]
NUMBER = "whole number of units, at least 1"
RAISED = "raised ZeroDivisionError"
LAST = "shape (30,)"

DATA = {
    "NaN": Case("NaN in row 5, column 1 .. SimpleImputer", X=with_cell(np.nan)),
    "NaN in float32": Case("NaN in row 5", X=with_cell(np.nan, np.float32)),
    "NaN in a DataFrame": Case("NaN .. column 'b'", X=named(with_cell(np.nan))),
    "NA in a DataFrame": Case(
        "NaN .. 'b'", X=named(with_cell(np.nan)).astype("Float64")
    ),
    "NaN in a sparse matrix": Case(
        "row 5, column 1", X=sp.csr_array(with_cell(np.nan))
    ),
    "None among numbers": Case("NaN in row 5", X=with_cell(None, object)),
    "infinity": Case("infinity (inf) in row 5, column 1 .. ", X=with_cell(np.inf)),
    "minus infinity": Case("(-inf) .. finite numbers. Replace", X=with_cell(-np.inf)),
    "strings": Case(
        "contains 'low' in row 0, column 0 .. numbers. Encode .. OneHotEncoder",
        X=np.full((N, D), "low"),
    ),
    "object column": Case("'low' in row 5, column 1", X=with_cell("low", object)),
    "column of strings": Case("'low' in row 0, column 'b'", X=FRAME.assign(b="low")),
    "complex": Case("Complex data not supported: X .. real numbers. Give", X=X + 1j),
    "empty": Case("0 .. minimum of 2", X=X[:0], kinds=OURS),
    "empty, to detect": Case(
        "n_samples=0 .. at least 2", X=X[:0], kinds=["OutlierDetector"]
    ),
    "no column": Case("0 feature(s) .. minimum of 1", X=X[:, :0]),
    "one row": Case("1 sample(s) .. minimum of 2", X=X[:1], kinds=OURS),
    "one row, to detect": Case(
        "n_samples=1 .. at least 2 rows. Give", X=X[:1], kinds=["OutlierDetector"]
    ),
    "one dimension": Case("2D array, got 1D .. Reshape", X=X[:, 0]),
    "three dimensions": Case("dim 3", X=X[:, :, None]),
    "beyond float32": Case(
        "1e+300 in row 5, column 1 .. 3.4e38 .. StandardScaler", X=with_cell(1e300)
    ),
    "beyond float32, negative": Case("-1e+300 in row 5", X=with_cell(-1e300)),
    "beyond float32, named": Case("column 'b'", X=named(with_cell(1e300))),
    "beyond float32, sparse": Case("row 5, column 1", X=sp.csc_array(with_cell(1e300))),
    "too large to square": Case(
        "loss became inf in epoch 1 .. StandardScaler",
        X=with_cell(1e30),
        kinds=["Autoencoder", "OutlierDetector"],  # the other does not learn from it
    ),
}

ROWS = {
    "X_val, other columns": Case(
        "X_val .. 2 features .. expecting 3", fit={"X_val": X[:, :2]}
    ),
    "X_val, other names": Case(
        "X_val .. feature names", X=FRAME, fit={"X_val": FRAME[["b", "a", "c"]]}
    ),
    "X_val, NaN": Case("X_val contains NaN in row 5", fit={"X_val": with_cell(np.nan)}),
    "X_val, beyond float32": Case(
        "X_val contains 1e+300 in row 5", fit={"X_val": with_cell(1e300)}
    ),
    "X_val, empty": Case("X_val .. 0 sample(s)", fit={"X_val": X[:0]}),
    "weight, negative": Case(
        "sample_weight is -1 in row 7 .. not be negative. Give",
        fit={"sample_weight": np.where(np.arange(N) == 7, -1, 1)},
    ),
    "weight, all zero": Case(
        "sample_weight is zero for all 30 rows .. positive weight",
        fit={"sample_weight": np.zeros(N)},
    ),
    "weight, wrong length": Case(
        "sample_weight has shape (4,) .. 30 rows .. shape (30,)",
        fit={"sample_weight": np.ones(4)},
    ),
    "weight, two columns": Case(
        "sample_weight has shape (30, 2)", fit={"sample_weight": np.ones((N, 2))}
    ),
    "weight, NaN": Case(
        "sample_weight .. NaN", fit={"sample_weight": np.full(N, np.nan)}
    ),
    "weight, text": Case(
        "sample_weight .. 'much'", fit={"sample_weight": ["much"] * N}
    ),
    "weight, endless epoch": Case(
        "sample_weight sums to 3e+13 .. mean", fit={"sample_weight": np.full(N, 1e12)}
    ),
    "fraction for training": Case(
        "validation_fraction=0.99 of 30 .. 0 rows to train on and 30 .. Give",
        params={"early_stopping": True, "validation_fraction": 0.99},
        kinds=["Autoencoder", "OutlierDetector"],
    ),
    "fraction for training, of the rows to learn from": Case(
        "validation_fraction=0.99 of 24 .. 0 rows to train on and 24 .. Give",
        params={"early_stopping": True, "validation_fraction": 0.99},
        kinds=["AutoencoderDetector"],
    ),
    "fraction, equal rows": Case(
        "of 1 distinct rows", params={"early_stopping": True}, X=np.ones((N, D))
    ),
}

PARAMS = {
    "n_components=0": Case(
        "'n_components' .. [1, inf) .. Got 0", params={"n_components": 0}
    ),
    "n_components, float": Case("Got 1.5", params={"n_components": 1.5}),
    "n_components, not the encoder's": Case(
        "n_components=3, but encoder returns 2 .. set it to 2",
        params={"n_components": 3, "encoder": dense(D, 2)},
    ),
    "n_components, too many for pca": Case(
        "init='pca' carries 3 .. 2 units. Widen .. 3, lower n_components",
        params={"n_components": 3, "init": "pca", "hidden_layer_sizes": (8, 2)},
    ),
    "init, unknown": Case("'init' .. 'pca' .. Got 'pc'", params={"init": "pc"}),
    "init, own encoder": Case(
        "init='pca' .. is your own. Use", params={"init": "pca", "encoder": dense(D, 2)}
    ),
    "init, no line": Case(
        "straight line .. Use init='random'",
        params={"init": "pca", "activation": ops.ones_like},
    ),
    "init, sigmoid output": Case(
        "linear output .. sigmoid. Use",
        params={"init": "pca", "loss": "binary_crossentropy"},
        X=(X > 0) * 1.0,
    ),
    "hidden 0": Case(
        f"(8, 0) holds 0 .. {NUMBER}", params={"hidden_layer_sizes": (8, 0)}
    ),
    "hidden negative": Case(
        f"holds -3 .. {NUMBER}", params={"hidden_layer_sizes": [-3]}
    ),
    "hidden float": Case(
        f"holds 8.5 .. {NUMBER}", params={"hidden_layer_sizes": (8.5,)}
    ),
    "hidden, just 0": Case("Got 0", params={"hidden_layer_sizes": 0}),
    "hidden, text": Case(
        "'hidden_layer_sizes' .. '8'", params={"hidden_layer_sizes": "8"}
    ),
    "activation, unknown": Case(
        "activation='rellu' .. Did you mean 'relu'? .. tanh",
        params={"activation": "rellu"},
    ),
    "activation, two shapes": Case(
        "activation='glu' .. same shape. Did you mean 'gelu'?",
        params={"activation": "glu"},
    ),
    "activation, with parameters": Case(
        "activation='threshold' .. Give one of celu", params={"activation": "threshold"}
    ),
    "activation, no function": Case(
        "activation='deserialize' .. Give one of", params={"activation": "deserialize"}
    ),
    "activation, raises": Case(
        f"activation= .. {RAISED}", params={"activation": fails}
    ),
    "activation, shape": Case(
        "returned shape () .. same shape", params={"activation": ops.sum}
    ),
    "activation, layer": Case(
        "is a layer .. Give", TypeError, {"activation": keras.layers.PReLU()}
    ),
    "loss, unknown": Case(
        "loss='mean_square_error' .. Did you mean 'mean_squared_error'? .. huber",
        params={"loss": "mean_square_error"},
    ),
    "loss, that Keras lists and does not know": Case(
        "loss='categorical_generalized_cross_entropy' .. Give one of binary_crossentr",
        params={"loss": "categorical_generalized_cross_entropy"},
    ),
    "loss, for classes": Case(
        "loss='sparse_categorical_crossentropy' raised .. for 4 rows of 3 columns",
        params={"loss": "sparse_categorical_crossentropy"},
    ),
    "loss, raises": Case(f"loss= .. {RAISED} for 4 rows", params={"loss": fails}),
    "loss, one number": Case(
        "returned shape () .. shape (4,) .. axis=-1",
        params={"loss": lambda x, y: ops.mean(ops.square(x - y))},
    ),
    "loss, one a cell": Case(
        "returned shape (4, 3)", params={"loss": lambda x, y: ops.square(x - y)}
    ),
    "loss, one a column": Case(
        "returned shape (3,)", params={"loss": lambda x, y: ops.mean(x - y, axis=0)}
    ),
    "loss, domain": Case(
        "loss='binary_crossentropy' needs .. [0, 1] .. MinMaxScaler",
        params={"loss": "binary_crossentropy"},
    ),
    "loss, domain of an instance": Case(
        "'binary_crossentropy' needs",
        params={"loss": keras.losses.BinaryCrossentropy()},
    ),
    "loss, domain of a function": Case(
        "loss='poisson' needs values in [0, inf]", params={"loss": keras.losses.poisson}
    ),
    "optimizer, unknown": Case(
        "optimizer='adamm' .. Did you mean 'adam'? .. sgd",
        params={"optimizer": "adamm"},
    ),
    "optimizer, unknown in a config": Case(
        "'Adamm' .. Did you mean 'adam'?",
        params={"optimizer": {"class_name": "Adamm", "config": {}}},
    ),
    "optimizer, bad setting": Case(
        "learn_rate",
        params={"optimizer": {"class_name": "Adam", "config": {"learn_rate": 1.0}}},
    ),
    "optimizer, not one": Case(
        "not an optimizer",
        params={"optimizer": {"class_name": "Dense", "config": {"units": 3}}},
    ),
    "optimizer, class": Case(
        "'optimizer'", params={"optimizer": keras.optimizers.Adam}
    ),
    "learning_rate=0": Case("'learning_rate' .. Got 0", params={"learning_rate": 0.0}),
    "learning_rate, NaN": Case("Got nan", params={"learning_rate": np.nan}),
    "weight_decay": Case("'weight_decay' .. Got -1", params={"weight_decay": -1.0}),
    "ema": Case("'ema' .. [0.0, 1.0) .. Got 1.0", params={"ema": 1.0}),
    "ema, negative": Case("'ema' .. Got -0.1", params={"ema": -0.1}),
    "batch_size": Case("'batch_size' .. Got 0", params={"batch_size": 0}),
    "epochs": Case("'epochs' .. [1, inf) .. Got 0", params={"epochs": 0}),
    "validation_fraction": Case(
        "(0.0, 1.0) .. Got 1.0", params={"validation_fraction": 1.0}
    ),
    "noise": Case("'noise' .. Got 'salt'", params={"noise": "salt"}),
    "noise_level": Case(
        "noise_level=1.5 is the probability .. 'masking' .. [0, 1]. Lower",
        params={"noise": "masking", "noise_level": 1.5},
    ),
    "noise_level, swap": Case(
        "noise_level=2 .. 'swap'", params={"noise": "swap", "noise_level": 2}
    ),
    "l1_penalty": Case("'l1_penalty' .. Got -1", params={"l1_penalty": -1}),
    "random_state": Case("'random_state' .. Got 'one'", params={"random_state": "one"}),
    "encoder, other input": Case(
        "encoder does not accept the 3 columns that X has .. 5 .. take 3",
        params={"encoder": dense(5, 2)},
    ),
    "encoder, three axes": Case(
        "encoder must return one row .. shape (2, 2, 1)",
        params={"encoder": dense(D, 2, keras.layers.Reshape((2, 1)))},
    ),
    "encoder, number": Case("'encoder' .. Got 3", params={"encoder": 3}),
    "encoder, no model": Case(
        "called with (3, 2), returned .. Keras model",
        TypeError,
        {"encoder": lambda n, k: "dense"},
    ),
    "encoder, raises": Case(f"{RAISED}: out of luck", params={"encoder": fails}),
    "encoder, signature": Case(
        "called with (3, 2), raised TypeError", params={"encoder": one_too_few}
    ),
    "encoder, secret": Case(
        "encoder= .. cannot be copied .. get_config",
        TypeError,
        {"encoder": Opaque(object())},
        kinds=OURS,  # nor can scikit-learn's clone, which comes first
    ),
    "decoder, other input": Case(
        "decoder does not accept the 2 columns that encoder returns .. 4 .. take 2",
        params={"encoder": dense(D, 2), "decoder": dense(4, D)},
    ),
    "decoder, other output": Case(
        "decoder returns 5 .. X has 3 .. 3 units", params={"decoder": dense(2, 5)}
    ),
    "decoder, no model": Case(
        "decoder= .. called with (2, 3), returned None",
        TypeError,
        {"decoder": lambda k, n: None},
    ),
    "callbacks, function": Case(
        "callbacks holds <built-in function print> .. LambdaCallback",
        TypeError,
        {"callbacks": [print]},
    ),
    "callbacks, class": Case(
        "EarlyStopping", TypeError, {"callbacks": [keras.callbacks.EarlyStopping]}
    ),
    "callbacks, BackupAndRestore": Case(
        "callbacks holds a BackupAndRestore .. cannot work .. checkpoint='fit.npz' .. "
        "ModelCheckpoint",
        params={"callbacks": [keras.callbacks.BackupAndRestore("/tmp/nowhere")]},
    ),
    "callbacks, SwapEMAWeights": Case(
        "callbacks holds a SwapEMAWeights .. cannot work .. ema_overwrite_frequency",
        params={"callbacks": [keras.callbacks.SwapEMAWeights()]},
    ),
    "optimizer, an average that is never used": Case(
        "use_ema=True without ema_overwrite_frequency",
        params={"optimizer": keras.optimizers.Adam(use_ema=True)},
    ),
    "callbacks, text": Case("'callbacks' .. Got 'stop'", params={"callbacks": "stop"}),
    "callbacks, a lock": Case(
        "callbacks=[ .. cannot be copied .. lock .. __deepcopy__",
        TypeError,
        {"callbacks": [Locked()]},
        kinds=OURS,
    ),
    "diverges": Case(
        "loss became .. epoch 1 .. nothing was fitted .. (it is 1e+30) .. clipnorm",
        params={"optimizer": "sgd", "learning_rate": 1e30, "batch_size": 10},
    ),
}


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{name}-{kind}")
        for name, case in {**DATA, **ROWS, **PARAMS}.items()
        for kind in case.kinds
    ],
)
def test_fit_refuses(start, kind, case):
    estimator = start(kind, case.params)
    with unchanged(estimator), pytest.raises(case.error, match=case.pattern):
        estimator.fit(case.X, **case.fit)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [RuntimeError, KeyError, StopIteration, OSError])
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_end"])
def test_fit_refuses_a_callback_that_raises(start, kind, error, hook):
    estimator = start(kind, {"callbacks": [Raises(hook, error)]})
    words = rf"(?s)^callbacks\[0\]=.*Raises.*{error.__name__} in {hook}.*paper.*Fix"
    with unchanged(estimator), pytest.raises(ValueError, match=words) as caught:
        estimator.fit(X)
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize(
    "hook",
    [
        "set_model",
        "on_epoch_begin",
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_train_end",
    ],
)
def test_every_hook_of_a_callback_is_named(hook):
    model = make("Autoencoder", callbacks=Raises(hook, RuntimeError))
    with unchanged(model), pytest.raises(ValueError, match=f"RuntimeError in {hook}"):
        model.fit(X)


def test_columns_of_one_name_are_named():
    frame = pd.DataFrame(np.ones((4, 2)), columns=["a", "a"])
    with pytest.raises(ValueError, match=r"several columns named 'a'.*of its own"):
        Autoencoder().fit(frame)


def test_memory_maps_are_searched_for_bad_cells(tmp_path):
    model = make("Autoencoder")
    for number, (value, word) in enumerate(
        {np.nan: "NaN", np.inf: "infinity", 1e300: r"1e\+300"}.items()
    ):
        rows = mapped(with_cell(value), tmp_path / f"{number}.dat")
        with unchanged(model), pytest.raises(ValueError, match=f"{word}.*column 1"):
            model.fit(rows)


# Methods -----------------------------------------------------------------------------

DETECTOR_METHODS = [
    "score_samples",
    "decision_function",
    "predict",
    "outlier_probability",
    "feature_scores",
]
METHODS = {
    "Autoencoder": [
        "transform",
        "reconstruct",
        "score_samples",
        "score",
        "feature_scores",
    ],
    "AutoencoderDetector": DETECTOR_METHODS,
    "OutlierDetector": DETECTOR_METHODS,
}
CALLS = [(kind, method) for kind in KINDS for method in METHODS[kind]]

NEW_ROWS = {
    "fewer columns": Case("2 features .. expecting 3", X=X[:, :2]),
    "more columns": Case("4 features .. expecting 3", X=np.ones((2, 4))),
    "other order": Case("feature names .. same order", X=FRAME[["b", "a", "c"]]),
    "other names": Case("unseen .. z", X=FRAME.rename(columns={"b": "z"})),
    "NaN": Case("NaN in row 5, column 1", X=with_cell(np.nan)),
    "NaN, named": Case("NaN in row 5, column 'b'", X=named(with_cell(np.nan))),
    "infinity": Case("infinity (inf) in row 5", X=with_cell(np.inf, np.float32)),
    "text": Case("'low' in row 5, column 1", X=with_cell("low", object)),
    "complex": Case("Complex data not supported", X=X + 1j),
    "empty": Case("0 sample(s) .. minimum of 1", X=X[:0]),
    "one dimension": Case("2D array, got 1D", X=X[0]),
    "beyond float32": Case("1e+300 in row 5, column 1", X=with_cell(1e300)),
    "beyond float32, named": Case("column 'b'", X=named(with_cell(1e300))),
}


@pytest.mark.parametrize(("kind", "method"), CALLS)
@pytest.mark.parametrize("name", NEW_ROWS)
def test_methods_refuse(fitted, kind, method, name):
    case = NEW_ROWS[name]
    estimator = fitted[kind][isinstance(case.X, pd.DataFrame)]
    with unchanged(estimator), pytest.raises(ValueError, match=case.pattern):
        getattr(estimator, method)(case.X)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (X, "X has 3 columns, but Autoencoder.inverse_transform expects the 2"),
        (X[:, :1], "X has 1 columns"),
        ([[0.0, np.nan]], "NaN in row 0, column 1"),
        ([[0.0, 1e300]], r"1e\+300 in row 0, column 1"),
        ([["low", "high"]], "'low' in row 0"),
        (X[:0, :2], "0 sample"),
        ([0.0, 1.0], "2D array, got 1D"),
    ],
)
def test_inverse_transform_refuses(fitted, codes, words):
    model = fitted["Autoencoder"][0]
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.inverse_transform(codes)


@pytest.mark.parametrize(
    ("kind", "method"), [*CALLS, ("Autoencoder", "inverse_transform")]
)
def test_methods_before_fit(kind, method):
    estimator = make(kind)
    with unchanged(estimator), pytest.raises(NotFittedError, match=f"This {kind}.*fit"):
        getattr(estimator, method)(X)


@pytest.mark.parametrize("kind", OURS)
def test_network_before_fit(kind):
    estimator = make(kind)
    with pytest.raises(NotFittedError, match=f"This {kind}.*fit"):
        _ = estimator.model_
    assert not hasattr(estimator, "model_")


def test_names_before_fit():
    with pytest.raises(NotFittedError):
        make("Autoencoder").get_feature_names_out()


def test_feature_scores_need_a_loss_of_columns():
    model = make("Autoencoder", loss="cosine_similarity").fit(X)
    words = "loss='cosine_similarity' is not a mean.*Use loss='mean_squared_error'"
    with unchanged(model), pytest.raises(ValueError, match=words):
        model.feature_scores(X)


# Going on ----------------------------------------------------------------------------

CHANGES = {
    "network": Case("describe another network", params={"hidden_layer_sizes": (4,)}),
    "optimizer": Case("describe another optimizer", params={"optimizer": "sgd"}),
    "other columns": Case("feature names .. missing .. c", X=FRAME[["a", "b"]]),
    "more columns": Case("feature names .. unseen .. d", X=FRAME.assign(d=1.0)),
    "other order": Case("feature names", X=FRAME[["b", "a", "c"]]),
    "empty": Case("0 sample(s) .. minimum of 1", X=FRAME[:0]),
    "NaN": Case("NaN in row 5, column 'b'", X=named(with_cell(np.nan))),
    "weight": Case(
        "sample_weight is zero", X=FRAME, fit={"sample_weight": np.zeros(N)}
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_partial_fit_refuses(fitted, name):
    case = CHANGES[name]
    data = FRAME if case.X is X else case.X
    model = copy.deepcopy(fitted["Autoencoder"][1]).set_params(**case.params)
    with unchanged(model), pytest.raises(ValueError, match=case.pattern):
        model.partial_fit(data, **case.fit)


def test_partial_fit_refuses_another_number_of_columns(fitted):
    model = copy.deepcopy(fitted["Autoencoder"][0])
    with unchanged(model), pytest.raises(ValueError, match=r"2 features.*expecting 3"):
        model.partial_fit(X[:, :2])


def test_first_partial_fit_refuses():
    model = make("Autoencoder")
    with unchanged(model), pytest.raises(ValueError, match="NaN in row 5"):
        model.partial_fit(with_cell(np.nan))


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize(
    ("what", "params", "data"),
    [
        ("network", {"hidden_layer_sizes": (4,)}, FRAME),
        ("network", {}, FRAME[["a", "b"]]),
        ("optimizer", {"optimizer": "sgd"}, FRAME),
    ],
)
def test_warm_start_refuses_another_network(fitted, kind, what, params, data):
    estimator = copy.deepcopy(fitted[kind][1]).set_params(**params)
    words = f"columns of X now describe another {what}.*Set them back.*warm_start=False"
    with unchanged(estimator), pytest.raises(ValueError, match=words):
        estimator.fit(data)


# Detectors ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["AutoencoderDetector", "OutlierDetector"])
@pytest.mark.parametrize("contamination", [0.0, 0.6, -0.1, 1, np.nan, "some", None])
def test_contamination_outside_its_range(start, kind, contamination):
    estimator = start(kind, {}).set_params(contamination=contamination)
    words = rf"'contamination' .*\(0\.0, 0\.5\].*Got {contamination!r}"
    with unchanged(estimator), pytest.raises(ValueError, match=words):
        estimator.fit(X)


@pytest.mark.parametrize(
    ("estimator", "error", "words"),
    [
        (StandardScaler(), ValueError, "'estimator' .*'score_samples'.*StandardScaler"),
        (None, ValueError, "'estimator' .*Got None"),
        (PCA, TypeError, "instance"),
    ],
)
def test_outlier_detector_needs_scores(estimator, error, words):
    detector = OutlierDetector(estimator)
    with unchanged(detector), pytest.raises(error, match=words):
        detector.fit(X)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (with_cell(np.nan), "NaN"),
        (with_cell("low", object), "low"),
        (X[:1], "n_samples=1"),
        (X[:0], "n_samples=0"),
        (X + 1j, "Complex"),
    ],
)
def test_outlier_detector_around_another_estimator(data, words):
    detector = OutlierDetector(PCA(1)).fit(X)
    with unchanged(detector), pytest.raises(ValueError, match=words):
        detector.fit(data)


# What looks odd and is fine ----------------------------------------------------------


def weighted_square(x, output):
    weight = ops.convert_to_tensor(np.array([1.0, 2.0, 0.5], np.float32))
    return ops.mean(weight * ops.square(x - output), axis=-1)


FINE = {
    "one column": ({}, X[:, :1]),
    "constant column": ({}, np.column_stack([X, np.ones(N)])),
    "constant columns": ({}, np.full((N, D), 3.0)),
    "zeros": ({}, np.zeros((N, D))),
    "one column, pca": ({"init": "pca"}, X[:, :1]),
    "constant columns, pca": ({"init": "pca"}, np.full((N, D), 3.0)),
    "two rows": ({}, X[:2]),
    "two rows, early stopping": ({"early_stopping": True}, X[:2]),
    "integers": ({}, np.arange(N * D).reshape(N, D) % 7),
    "booleans": ({}, X > 0),
    "objects that are numbers": ({}, X.astype(object)),
    "more components than columns": ({"n_components": 5}, X),
    "no hidden layer": ({"hidden_layer_sizes": ()}, X),
    "one hidden layer": ({"hidden_layer_sizes": 4}, X),
    "a batch larger than the data": ({"batch_size": 1000}, X),
    "a loss that weights columns": ({"loss": weighted_square}, X),
    "an own loss": ({"loss": OwnLoss()}, X),
    "a poisson loss": ({"loss": "poisson", "epochs": 5}, np.abs(X)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FINE)
def test_unusual_input_that_is_fine(kind, name):
    params, data = FINE[name]
    estimator = make(kind, **params).fit(data)
    splits = params.get("loss") is not weighted_square and "poisson" not in name
    methods = [m for m in METHODS[kind] if splits or m != "feature_scores"]
    for method in methods:
        values = getattr(estimator, method)(data)
        assert np.isfinite(values).all()
        assert np.shape(values)[:1] in ((len(data),), ())


def test_constant_scores_are_no_outliers():
    for estimator in (
        make("AutoencoderDetector").fit(np.ones((N, D))),
        OutlierDetector(KernelDensity()).fit(np.ones((N, D))),
    ):
        assert (estimator.predict(np.ones((2, D))) == 1).all()
        assert (estimator.outlier_probability(np.ones((2, D))) < 0.5).all()
        assert (estimator.outlier_probability(np.full((2, D), 9.0)) > 0.99).all()


@pytest.mark.parametrize("kind", OURS)
def test_one_weight_for_all_rows(kind):
    one, many = (make(kind).fit(X, sample_weight=w) for w in (2.0, np.full(N, 2.0)))
    np.testing.assert_array_equal(one.score_samples(X), many.score_samples(X))


@pytest.mark.parametrize(
    ("loss", "low", "high"),
    [
        ("binary_crossentropy", 0.0, 1.0),
        (keras.losses.BinaryCrossentropy(), 0.0, 1.0),
        (keras.losses.binary_crossentropy, 0.0, 1.0),
        (keras.losses.BinaryCrossentropy(from_logits=True), -np.inf, np.inf),
        (keras.losses.Poisson(), 0.0, np.inf),
    ],
)
def test_output_stays_where_the_loss_is_defined(loss, low, high):
    data = (X > 0) * 1.0
    model = make("Autoencoder", loss=loss, learning_rate=0.1, epochs=5).fit(data)
    rows = model.reconstruct(10 * X)
    assert rows.min() >= low
    assert rows.max() <= high
    assert (rows.min() < 0) == (low < 0)


# What is passed in stays as it is ----------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [X, X.astype(np.float32), FRAME, sp.csr_array(X)])
def test_data_is_not_changed(kind, kept):
    data, weight, X_val = copy.deepcopy(kept), np.arange(N) % 3.0, kept[:5].copy()
    before = joblib.hash([data, weight, X_val])
    estimator = make(kind, epochs=2, noise="masking", init="pca", early_stopping=True)
    estimator.fit(data, sample_weight=weight, X_val=X_val)
    for method in METHODS[kind]:
        getattr(estimator, method)(data)
    if kind == "Autoencoder":
        codes = estimator.transform(data)
        copied = codes.copy()
        estimator.inverse_transform(codes)
        estimator.partial_fit(data, sample_weight=weight)
        np.testing.assert_array_equal(codes, copied)
    assert joblib.hash([data, weight, X_val]) == before


def arrays(variables):
    return [np.array(ops.convert_to_numpy(v)) for v in variables]


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_are_not_changed(kind):
    class Counts(keras.callbacks.Callback):
        epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    given = {
        "encoder": dense(D, 2),
        "decoder": dense(2, D),
        "optimizer": keras.optimizers.Adam(0.1),
        "learning_rate": schedule,
        "callbacks": [Counts()],
        "hidden_layer_sizes": [8, 4],
    }
    weights = arrays(given["encoder"].weights + given["decoder"].weights)
    settings = given["optimizer"].get_config()
    estimator = make(kind, **given).fit(X)
    estimator.score_samples(X)
    for name, value in given.items():
        model = estimator.estimator if kind == "OutlierDetector" else estimator
        assert getattr(model, name) is value
    after = arrays(given["encoder"].weights + given["decoder"].weights)
    for old, new in zip(weights, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert given["optimizer"].get_config() == settings
    assert not given["optimizer"].built
    assert given["callbacks"][0].epochs == 0
    assert given["callbacks"][0].model is None
    assert given["hidden_layer_sizes"] == [8, 4]


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Adam", "config": {"learning_rate": 0.1}},
        {"class_name": "Adamm", "config": {"learning_rate": 0.1}},
    ],
)
def test_configurations_are_not_changed(config):
    given = copy.deepcopy(config)
    try:
        make("Autoencoder", optimizer=given).fit(X)
    except ValueError:
        assert config["class_name"] == "Adamm"
    assert given == config


def test_a_copy_trains_where_the_given_network_does_not():
    encoder = dense(D, 2)
    model = make("Autoencoder", encoder=encoder, learning_rate=0.1, epochs=3).fit(X)
    trained = model.model_.encoder.weights
    for theirs, ours in zip(arrays(encoder.weights), arrays(trained), strict=True):
        assert not np.array_equal(theirs, ours)
    assert clone(model).encoder is not encoder


def test_a_plain_array_is_checked_without_scikit_learn(fitted, monkeypatch):
    """Its check takes longer than the network; whatever is not plain still has it."""
    estimator = fitted["Autoencoder"][0]
    expected = estimator.score_samples(X)

    def refuse(*args, **kwargs):
        raise AssertionError("the long way")

    monkeypatch.setattr("skunsup._validation.validate_data", refuse)
    for rows in (X, X.astype(np.float32), np.asfortranarray(X), X[::2], X[:1]):
        found = estimator.score_samples(rows)
        step = 2 if len(rows) == N // 2 else 1
        np.testing.assert_allclose(found, expected[::step][: len(rows)], rtol=1e-4)
    odd = X.copy()
    odd[3, 1] = np.nan
    for rows in (odd, X[:, :2], X[:0], X[0], X.astype(">f8"), X.tolist(), FRAME):
        with pytest.raises(AssertionError, match="the long way"):
            estimator.score_samples(rows)
    with pytest.raises(AssertionError, match="the long way"):
        fitted["Autoencoder"][1].score_samples(X)  # learned names


def test_a_sum_out_of_range_is_not_a_bad_cell(fitted):
    rows = np.full((4, D), 1e308)
    with pytest.raises(ValueError, match="infinity in single precision"):
        fitted["Autoencoder"][0].score_samples(rows)
    rows = np.full((4, D), 1e38, np.float32)
    assert len(fitted["Autoencoder"][0].transform(rows)) == 4


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="scopes of tf.distribute"
)
@pytest.mark.parametrize("kind", ["OneDeviceStrategy", "MirroredStrategy"])
def test_training_in_the_scope_of_a_strategy_is_refused(kind):
    import tensorflow as tf

    fitted = make("Autoencoder").fit(X)
    scores = fitted.score_samples(X)
    expected = f"in the scope of <.*{kind}.* Call"
    devices = "CPU:0" if kind == "OneDeviceStrategy" else ["CPU:0"]
    with getattr(tf.distribute, kind)(devices).scope():
        for estimator in (fitted, make("Autoencoder", hidden_layer_sizes=(5,))):
            with unchanged(estimator), pytest.raises(ValueError, match=expected):
                estimator.fit(X)
        np.testing.assert_array_equal(fitted.score_samples(X), scores)
    np.testing.assert_array_equal(fitted.fit(X).score_samples(X), scores)
