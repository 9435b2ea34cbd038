"""Random cases for the fuzz test: an estimator, parameters, data and what is called."""

import inspect
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from hypothesis import strategies as st
from sklearn.utils._param_validation import Interval, StrOptions

import skunsup

from .estimators import REQUIRED
from .fuzz_data import CONTAINERS, DTYPES, VALUES, Data

# Few and small networks, so that programs are shared between cases.
SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (4,),
    "epochs": 2,
    "max_steps": 3,
    "batch_size": 8,
    "n_estimators": 2,
    "n_importance_samples": 2,
    "update_interval": 2,
    "window_length": 2,
    "random_state": 0,
}
KINDS = {
    "rows": dict,
    "images": lambda: {"inputs": skunsup.Images(filters=(2,))},
    "sequences": lambda: {"inputs": skunsup.Sequences(units=2)},
    "text": lambda: {"inputs": skunsup.Text(units=2, embedding_dim=2)},
    "table": lambda: {"inputs": skunsup.Table()},
    "blocks": lambda: {
        "inputs": skunsup.Blocks(
            [("number", None, ["a", "b"]), ("text", KINDS["text"]()["inputs"], "c")]
        )
    },
}
JUNK = (None, "nonsense", -1, 2.5, (), {}, np.array([1, 2]), 1j, float("nan"), object)
NAMES = {
    "activation": ("relu", "tanh", "swish", "glu", "softmax", "threshold"),
    "loss": ("mean_absolute_error", "huber", "binary_crossentropy", "hinge"),
    "optimizer": ("adam", "sgd", "lion", "rmsprop", "adafactor"),
    "likelihood": ("bernoulli",),
    "layer": ("conv", "lstm"),
}
GIVEN = {
    "n_clusters": (2, [2, 3], range(2, 4), (), [0], [2.5], "many"),
    "metric": ("cosine", "precomputed", "euclidaen", len),
    "graph": (np.eye(20), np.zeros((2, 3)), [[0, 1], [1]]),
    "scoring": (("neighbors", "columns"), ("neighbors",) * 2, (), ("nonsense",)),
    "optimizer": (
        {"class_name": "SGD", "config": {"momentum": 0.9}},
        {"class_name": "SGD", "config": {"speed": 1}},
        {"class_name": "Nonsense"},
    ),
    "hidden_layer_sizes": ([4, 3], np.array([4]), (0,), (-1,), (2.5,), ("a",), ((4,),)),
    "callbacks": ([object()], "early", []),
    "filters": ((), (2, 2), (0,), ("a",)),
    "image_shape": ((4, 4), (4, 4, 1), (2, 8), (4,), (0, 4), ("a", 4)),
    "sequence_shape": ((3, 1), (1, 3), (4, 4), (0, 3)),
    "ngrams": ((1, 2), (), (0,), ("a",)),
    "batch_size": (10**9,),
    "n_iter_no_change": (10**9,),
    "n_neighbors": (10**9,),
    "verbose": (),  # would print
    "memory": (),
    "weights": (),
    "learning_rate": (1e-46, 1e39, 1e-3),
}


@dataclass(frozen=True)
class Case:
    """One action: a new fit, or a call of a fitted estimator, maybe with changes."""

    name: str
    kind: str
    changes: dict[str, Any]
    of_inputs: dict[str, Any]
    call: str
    X: Data
    y: str
    extra: dict[str, str] = field(default_factory=dict)


# Parameters --------------------------------------------------------------------------


def candidates(name, allowed):
    """Return values of a parameter: in its range, at the ends, and out of it."""
    found = [*GIVEN.get(name, ()), *NAMES.get(name, ())]
    if name in GIVEN and not GIVEN[name]:
        return []
    for each in allowed:
        if isinstance(each, Interval):
            found += in_interval(each)
        elif isinstance(each, StrOptions):
            found += 2 * sorted(each.options)
        elif each == "boolean":
            found += [True, False, np.True_, 1, "yes"]
        elif each == "random_state":
            found += [0, np.int64(3), 2**31, 2**64, "seed"]
        elif each is None:
            found += [None] * 3
    return found


def in_interval(interval):
    """Return numbers in, at the ends of, and next to an interval."""
    low, high = interval.left, interval.right
    if interval.type is Integral:
        low = 0 if low is None else int(low)
        ends = [] if high is None else [int(high), int(high) + 1]
        near = [low, low + 1, low + 2, np.int64(low + 1), np.uint8(low + 2)]
        return [low - 1, *near, *near, *ends, float(low + 1), str(low)]
    low, high = -1e300 if low is None else low, 1e300 if high is None else high
    middle = low + min(high - low, 1.0) / 2 if low > -1e300 else 0.5
    ends = [low, high, np.nextafter(low, np.inf), np.nextafter(high, -np.inf)]
    near = [middle, np.float32(middle), np.float64(middle)]
    return [*ends, *near, *near, 1, 0, 1e-300, float("inf"), -float("inf"), "0.5"]


def changed(draw, constraints, most):
    """Draw parameters and values for them."""
    known = {name: candidates(name, constraints[name]) for name in sorted(constraints)}
    names = [name for name, values in known.items() if values]
    chosen = draw(st.lists(st.sampled_from(names), max_size=most, unique=True))
    junk = draw(st.sampled_from((False,) * 5 + (True,)))
    return {
        name: draw(st.sampled_from(JUNK if junk else known[name])) for name in chosen
    }


# Cases -------------------------------------------------------------------------------

FITTING = ("fit", "partial_fit", "fit_transform", "fit_predict")
METHODS = (
    "transform",
    "score_samples",
    "reconstruct",
    "feature_scores",
    "predict",
    "predict_proba",
    "decision_function",
    "outlier_probability",
    "inverse_transform",
    "sample",
    "score",
    "point_scores",
)


def classes():
    """Return the public estimators by name."""
    found = {name: getattr(skunsup, name) for name in skunsup.__all__}
    return {
        name: cls
        for name, cls in found.items()
        if inspect.isclass(cls) and hasattr(cls, "fit")
    }


CLASSES = classes()


def kinds(name):
    """Return the kinds of data that an estimator may get."""
    if "inputs" in CLASSES[name]._parameter_constraints:
        return ("rows",) * 12 + tuple(KINDS)
    own = name.lower()  # of a kind of data itself
    return {"TokenVectorizer": ("text",)}.get(name, (own if own in KINDS else "rows",))


def estimator(name, kind):
    """Return a small estimator."""
    known = CLASSES[name]._parameter_constraints
    given = {n: value for n, value in SMALL.items() if n in known}
    if name == "DeepEmbeddedClustering":
        given["estimator"] = estimator("Autoencoder", kind)
    for each, found in inspect.signature(CLASSES[name]).parameters.items():
        if each in REQUIRED and (found.default is found.empty or each == "model"):
            given[each] = REQUIRED[each]()
    if "n_clusters" in known and name != "VariationalAutoencoder":
        given["n_clusters"] = 2
    if "inputs" in known:
        given |= KINDS[kind]()
    return CLASSES[name](**given)


@st.composite
def cases(draw, names=tuple(CLASSES)):
    """Draw a case."""
    name = draw(st.sampled_from(names))
    kind = draw(st.sampled_from(kinds(name)))
    of_inputs = {}
    if kind != "rows" and kind != "blocks" and name != "TokenVectorizer":
        constraints = type(KINDS[kind]()["inputs"])._parameter_constraints
        of_inputs = changed(draw, constraints, 1)
    methods = [m for m in METHODS if hasattr(CLASSES[name], m)]
    fits = [m for m in FITTING if hasattr(CLASSES[name], m)]
    call = draw(st.sampled_from([*["new"] * 6, *fits, *methods]))
    plain = draw(st.booleans())
    data = Data(
        kind,
        draw(st.sampled_from((20, 20, 20, 9, 9, 3, 2, 1, 0))),
        draw(st.sampled_from((3, 3, 3, 3, 3, 2, 1, 0))),
        draw(st.sampled_from(("float64", "float32", "int64") if plain else DTYPES)),
        draw(st.sampled_from(VALUES)),
        draw(st.sampled_from(("array", "array", "pandas") if plain else CONTAINERS)),
    )
    extra = {}
    if call in ("new", "fit", "partial_fit"):
        how = draw(st.sampled_from(("", "", "", "ones", "some", *WEIGHTS)))
        extra = {"sample_weight": how} if how else {}
    known = CLASSES[name]._parameter_constraints
    return Case(
        name,
        kind,
        changed(draw, known, 2),
        of_inputs,
        call,
        data,
        draw(st.sampled_from(LABELS)),
        extra,
    )


WEIGHTS = ("zero", "negative", "nan", "short", "huge", "number", "words")
LABELS = (
    *("none", "few", "all") * 3,
    *("words", "short", "floats", "missing", "nan", "2-d"),
)
