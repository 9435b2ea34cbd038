"""Every parameter takes the numbers of NumPy as it takes those of Python."""

from inspect import signature

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV

import skunsup
from skunsup._sklearn import python_number, python_numbers
from skunsup.inputs import Inputs

from .helpers import on_torch_or_asked

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6))
IMAGES = RNG.random((30, 8, 8))
TEXTS = ["red apple here", "green pear there", "red plum now"] * 10
FRAME = pd.DataFrame(X, columns=list("abcdef"))
BLOCKS = [("left", None, ["a", "b"]), ("right", None, ["c", "d"])]
DATA = {
    "Blocks": FRAME,
    "Images": IMAGES.reshape(30, -1),
    "PretrainedFeatures": IMAGES.reshape(30, -1),
    "Sequences": RNG.normal(size=(30, 10)),
    "SlidingWindows": X,
    "Table": FRAME.assign(a=["x", "y"] * 15),
    "Text": TEXTS,
    "TokenVectorizer": TEXTS,
}
# Where the default would take long, or is no number.
GIVEN = {
    "Blocks.weights": {"left": 1.0, "right": 0.5},
    "blocks": BLOCKS,
    "contamination": 0.25,
    "DeepEmbeddedClustering.estimator": skunsup.Autoencoder(2, epochs=1),
    "discriminator_layer_sizes": 8,
    "epochs": 2,
    "estimator": GaussianMixture(random_state=0),
    "filters": (4,),
    "hidden_layer_sizes": (8, 4),
    "image_shape": (8, 8),
    "image_size": (8, 8),
    "max_steps": 3,
    "max_tokens": 9,
    "model": lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()]),
    "n_estimators": 2,
    "optimizer": {"class_name": "SGD", "config": {"clipnorm": 1.0}},
    "random_state": 0,
    "sequence_shape": (5, 2),
    "stride": 1,
    "verbose": 0,
    "window_length": 2,
}
FLAVOURS = {
    "64 bits": (np.int64, np.float64),
    "32 bits": (np.int32, np.float32),
    "short": (np.int16, np.float16),
}
CLASSES = [
    found
    for found in (getattr(skunsup, name) for name in sorted(skunsup.__all__))
    if hasattr(found, "_parameter_constraints")
]


def numbers_of(cls):
    """A number, or what holds numbers, for each parameter of a class that takes one."""
    defaults = {p.name: p.default for p in signature(cls).parameters.values()}
    found = {}
    for name, ranges in cls._parameter_constraints.items():
        value = GIVEN.get(f"{cls.__name__}.{name}", GIVEN.get(name))
        if value is None:
            value = defaults.get(name)
            value = value if isinstance(value, int | float) else inside(ranges)
        if value is not None and name in defaults:
            found[name] = value
    return found


def inside(ranges):
    """A number in the first interval of the ranges of a parameter, if there is one."""
    for interval in ranges:
        for value in (2, 0.5, 0.25):
            if hasattr(interval, "closed") and value in interval:
                return value
    return None


def as_numpy(value, whole, real):
    """The same with numbers of NumPy."""
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return whole(value) if value <= np.iinfo(whole).max else np.int64(value)
    if isinstance(value, float):
        return real(value)
    if isinstance(value, tuple):
        return tuple(as_numpy(item, whole, real) for item in value)
    if isinstance(value, dict):
        return {name: as_numpy(item, whole, real) for name, item in value.items()}
    return value


def results(estimator, X):
    """Results of the methods of an estimator for the data it was fitted on."""
    y = np.arange(len(X)) % 2 if hasattr(estimator, "predict_proba") else None
    estimator.fit(X, y)
    names = ("score_samples", "predict", "transform", "feature_scores")
    return [getattr(estimator, name)(X) for name in names if hasattr(estimator, name)]


def made(cls, params):
    """An estimator of the class, or one whose `inputs` is of the class."""
    params = {k: v() if k == "model" else v for k, v in params.items()}
    if not issubclass(cls, Inputs):
        return cls(**params)
    return skunsup.Autoencoder(
        2, hidden_layer_sizes=8, epochs=1, random_state=0, inputs=cls(**params)
    )


@on_torch_or_asked
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_numbers_of_numpy_are_those_of_python(cls, flavour):
    """Equal to the bit, and the parameters stay what the user gave."""
    given = {k: as_numpy(v, *FLAVOURS[flavour]) for k, v in numbers_of(cls).items()}
    theirs = made(cls, given)
    ours = made(cls, {name: python_number(value) for name, value in given.items()})
    rows = DATA.get(cls.__name__, X)
    for found, expected in zip(results(theirs, rows), results(ours, rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    holder = theirs.inputs if issubclass(cls, Inputs) else theirs
    kept = holder.get_params(deep=False)
    assert all(kept[name] is given[name] for name in given if name != "model")


def test_every_range_of_numbers_is_tried():
    """So that a new parameter is in the test above."""
    ranges = {
        (cls.__name__, name)
        for cls in CLASSES
        for name, allowed in cls._parameter_constraints.items()
        if "boolean" in allowed or any(hasattr(each, "closed") for each in allowed)
    }
    tried = {(cls.__name__, name) for cls in CLASSES for name in numbers_of(cls)}
    assert ranges <= tried
    assert len(ranges) > 200


def test_a_search_over_numbers_of_numpy():
    """Keras alone would refuse the width of its layer."""
    model = skunsup.Autoencoder(hidden_layer_sizes=(8,), epochs=1, random_state=0)
    search = GridSearchCV(model, {"n_components": np.arange(2, 3)}, cv=2)
    best = search.fit(X[:, :3]).best_estimator_
    assert type(best.n_components) is np.int64
    assert best.transform(X[:, :3]).shape == (30, 2)


class Searched(BaseEstimator):
    def __init__(self, width, sizes, other):
        self.width = width
        self.sizes = sizes
        self.other = other


def test_parameters_are_numbers_of_python_for_a_while():
    estimator = Searched(np.int64(3), (np.int32(2), 4.0), "a")
    before = dict(vars(estimator))
    with python_numbers(estimator):
        assert type(estimator.width) is int
        assert [type(size) for size in estimator.sizes] == [int, float]
        estimator.other = "b"
    assert estimator.width is before["width"]
    assert estimator.sizes is before["sizes"]
    assert estimator.other == "b"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("adam"), "adam"),
        ({"config": {"rate": np.float32(0.5)}}, {"config": {"rate": 0.5}}),
        ([np.uint8(3), None], [3, None]),
    ],
)
def test_a_number_of_numpy_as_python_has_it(value, expected):
    found = python_number(value)
    assert found == expected
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("value", [3, "a", None, [1, 2], {"a": 1}, np.arange(3)])
def test_what_holds_no_number_of_numpy_stays_as_it_is(value):
    assert python_number(value) is value
