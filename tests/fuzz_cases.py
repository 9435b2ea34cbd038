"""Random cases for the fuzz test: an estimator, parameters, data and what is called."""

import inspect
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
from hypothesis import strategies as st
from sklearn.utils._param_validation import Interval, StrOptions

import skunsup

from .estimators import REQUIRED

# Few and small networks, so that programs are shared between cases.
SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (4,),
    "epochs": 2,
    "max_steps": 3,
    "batch_size": 8,
    "n_estimators": 2,
    "n_clusters": 2,
    "n_importance_samples": 2,
    "random_state": 0,
    "width": 2,
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
FRAME = {"table", "blocks"}


@dataclass(frozen=True)
class Data:
    """A recipe of data, so that a case can be read and made again."""

    kind: str
    n: int
    d: int
    dtype: str
    values: str
    container: str

    def make(self):
        """Return the data."""
        rng = np.random.default_rng([self.n, self.d, len(self.values)])
        return MAKE[self.kind](self, rng)


@dataclass(frozen=True)
class Case:
    """What is done: a new fit, or a call of a fitted estimator, maybe with changes."""

    name: str
    kind: str
    changes: dict[str, Any]
    of_inputs: dict[str, Any]
    call: str
    X: Data
    y: str
    extra: dict[str, str] = field(default_factory=dict)


# Data --------------------------------------------------------------------------------

VALUES = (
    *("plain",) * 6,
    "nan",
    "inf",
    "huge",
    "huger",
    "tiny",
    "constant",
    "zero",
    "one constant column",
    "repeated",
    "shifted",
    "ends",
)
DTYPES = (
    *("float64",) * 6,
    *("float32",) * 3,
    "float16",
    "longdouble",
    "int8",
    "uint8",
    "int64",
    "uint64",
    "bool",
    "complex128",
    "object",
    "str",
    "datetime64[s]",
)
CONTAINERS = (
    *("array",) * 8,
    *("pandas",) * 2,
    "list",
    "tuple",
    "polars",
    "csr",
    "csc",
    "coo",
    "fortran",
    "readonly",
    "masked",
    "1-d",
    "3-d",
    "5-d",
    "0-d",
    "ragged",
    "series",
    "dict",
    "generator",
    "None",
    "text",
    "words among numbers",
)


def numbers(data, shape, rng):
    """Return an array of numbers of a dtype, with what is wrong with them."""
    X = rng.normal(size=shape)
    flat = X.reshape(-1) if X.size else X
    match data.values:
        case "nan" | "inf":
            flat[::5] = np.nan if data.values == "nan" else -np.inf
        case "huge" | "huger" | "tiny":
            X *= {"huge": 1e30, "huger": 1e300, "tiny": 1e-310}[data.values]
        case "constant" | "zero":
            X[...] = 3.25 if data.values == "constant" else 0.0
        case "one constant column":
            X[..., -1:] = 1e6
        case "repeated":
            X[1:] = X[:1]
        case "shifted":
            X += 1e7
    if data.dtype == "object":
        return X.astype(object)
    if data.dtype == "str":
        return X.astype(str)
    if data.dtype == "bool":
        return X > 0
    dtype = np.dtype(data.dtype)
    if dtype.kind in "iuM":
        with np.errstate(all="ignore"):
            X = np.rint(np.clip(np.nan_to_num(10 * X), -100, 100)).astype(np.int64)
        X = np.abs(X) if dtype.kind == "u" else X
        X = X.astype(dtype)
        if data.values == "ends" and dtype.kind != "M" and X.size:
            X.reshape(-1)[:2] = np.iinfo(dtype).max, np.iinfo(dtype).min
        return X
    with np.errstate(all="ignore"):
        X = X.astype(dtype)
    if data.values == "ends" and X.size and dtype.kind == "f":
        X.reshape(-1)[:2] = np.finfo(dtype).max, np.finfo(dtype).tiny
    return X


def contained(data, X):
    """Return an array in a container."""
    match data.container:
        case "pandas":
            return pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
        case "polars":
            return pl.DataFrame({f"c{j}": X[:, j].tolist() for j in range(X.shape[1])})
        case "list":
            return X.tolist()
        case "tuple":
            return tuple(map(tuple, X.tolist()))
        case "csr" | "csc" | "coo":
            if X.dtype.kind in "fiub" and X.dtype.char not in "eg":
                return getattr(sp, f"{data.container}_array")(X)
        case "fortran":
            return np.asfortranarray(X)
        case "readonly":
            X.flags.writeable = False
        case "masked":
            return np.ma.masked_array(X, mask=np.zeros(X.shape, bool))
        case "1-d":
            return X[:, 0] if X.shape[1] else X.ravel()
        case "3-d":
            return X[:, :, None]
        case "5-d":
            return X[:, :, None, None, None]
        case "0-d":
            return X.sum() if X.dtype.kind in "fiuc" else np.array(None)
        case "ragged":
            return [[1.0, 2.0], [3.0]] * max(data.n, 1)
        case "series":
            return pd.Series(list(X))
        case "dict":
            return {"a": X}
        case "generator":
            return iter(X)
        case "None":
            return None
        case "text":
            return "some text"
        case "words among numbers":
            X = X.astype(object)
            X[:1] = "word"
    return X


def make_rows(data, rng):
    """Rows of numbers."""
    return contained(data, numbers(data, (data.n, data.d), rng))


def make_images(data, rng):
    """Images of 4 x 4."""
    if data.container in ("array", "readonly", "masked", "list"):
        return contained(data, numbers(data, (data.n, 4, data.d + 1), rng))
    return make_rows(data, rng)


def make_sequences(data, rng):
    """Sequences of two columns and of several lengths."""
    if data.container in ("array", "readonly", "3-d"):
        return numbers(data, (data.n, 3, max(data.d - 1, 0)), rng)
    if data.container in ("list", "tuple", "series"):
        lengths = rng.integers(data.container == "tuple", 5, data.n)
        parts = [numbers(data, (k, max(data.d - 1, 0)), rng) for k in lengths]
        return pd.Series(parts) if data.container == "series" else parts
    return make_rows(data, rng)


WORDS = ("", "a", "the cat", "The, cat sat.", "naïve café", "\0", "[UNK]", "x " * 50)


def make_text(data, rng):
    """Texts."""
    texts = [WORDS[i] for i in rng.integers(len(WORDS), size=data.n)]
    match data.values:
        case "nan":
            texts[:1] = [None]
        case "zero":
            texts = [""] * data.n
        case "huge":
            texts = [text * 200 for text in texts]
        case "inf":
            texts[:1] = ["\ud800"]
    match data.container:
        case "pandas":
            return pd.DataFrame({"c": texts})
        case "polars" if data.values != "inf":
            return pl.DataFrame({"c": texts}, schema={"c": pl.String})
        case "series":
            return pd.Series(texts, dtype=object)
        case "array":
            return np.array(texts, dtype=object)
        case "list" | "tuple":
            return texts
    return make_rows(data, rng)


def make_table(data, rng):
    """A table of a number, a category, a boolean and a text."""
    plain = Data("rows", data.n, data.d, data.dtype, data.values, "array")
    number = numbers(plain, (data.n,), rng)
    columns = {
        "a": number,
        "b": rng.integers(3, size=data.n),
        "c": make_text(Data("text", data.n, 1, "", data.values, "list"), rng),
    }
    if data.container in ("polars", "list") and data.values not in ("inf", "nan"):
        return pl.DataFrame({name: list(column) for name, column in columns.items()})
    frame = pd.DataFrame({name: pd.Series(list(v)) for name, v in columns.items()})
    if data.container == "fortran":
        frame["b"] = frame["b"].astype("category")
    if data.container in ("array", "object"):
        return frame.to_numpy(dtype=object)
    if data.container in ("pandas", "fortran", "readonly", "series", "masked"):
        return frame
    return make_rows(data, rng)


MAKE = {
    "rows": make_rows,
    "images": make_images,
    "sequences": make_sequences,
    "text": make_text,
    "table": make_table,
    "blocks": make_table,
}


def labels(how, n):
    """Return labels for `n` rows."""
    return {
        "none": None,
        "few": np.arange(n) % 3 - 1,
        "all": np.arange(n) % 2,
        "words": np.array(["yes", "no"] * n)[:n],
        "short": np.arange(max(n - 1, 0)) % 2,
        "floats": np.linspace(0, 1, n),
        "missing": [None] * n,
        "nan": np.full(n, np.nan),
        "2-d": np.zeros((n, 2)),
    }[how]


def weights(how, n):
    """Return weights for `n` rows."""
    return {
        "ones": np.ones(n),
        "some": np.arange(n) % 2,
        "zero": np.zeros(n),
        "negative": -np.ones(n),
        "nan": np.full(n, np.nan),
        "short": np.ones(n + 1),
        "huge": np.full(n, 1e300),
        "number": 2.0,
        "words": ["a"] * n,
    }[how]


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
    return {"TokenVectorizer": ("text",)}.get(name, ("rows",))


def estimator(name, kind):
    """Return a small estimator."""
    known = CLASSES[name]._parameter_constraints
    given = {n: value for n, value in SMALL.items() if n in known}
    given |= {n: make() for n, make in REQUIRED.items() if n in known}
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
