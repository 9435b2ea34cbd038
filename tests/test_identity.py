"""Identities of values."""

import functools
import threading
from dataclasses import dataclass, field

import keras
import numpy as np
import pandas as pd
import pytest

from skunsup import Table, Text
from skunsup._identity import differ, identity

FACTOR = 1.0


def scaled(x):
    return FACTOR * x


def nested(x):
    return [scaled(each) for each in x]


def outer(x):
    return list(map(lambda each: FACTOR * each, x))  # noqa: C417


def closure(factor):
    return lambda x: factor * x


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x


class Reads:
    def __call__(self, x):
        return FACTOR * x


@dataclass
class Point:
    x: float
    note: str = field(default="", compare=False)


class Loops:
    def __init__(self):
        self.itself = self


EQUAL = {
    "numbers": (np.int64(3), 3),
    "not a number": (float("nan"), np.nan),
    "arrays": (np.arange(4), np.arange(4)),
    "objects in arrays": (np.array(["a", None], object), np.array(["a", None], object)),
    "mappings": ({"a": [1, 2], "b": 3}, {"b": 3, "a": (1, 2)}),
    "sets": ({"a", "b"}, {"b", "a"}),
    "closures": (closure(2.0), closure(2.0)),
    "callable objects": (Scale(2.0), Scale(2.0)),
    "methods": (Scale(2.0).__call__, Scale(2.0).__call__),
    "partials": (functools.partial(scaled, x=1), functools.partial(scaled, x=1)),
    "dataclasses": (Point(1.0, "a"), Point(1.0, "b")),
    "parameters": (Text(standardize=Scale(1)), Text(standardize=Scale(1))),
    "frames": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})),
    "layers": (keras.regularizers.L2(0.1), keras.regularizers.L2(0.1)),
    "loops": (Loops(), Loops()),
    "draws": (np.random.default_rng(0), np.random.default_rng(1)),
}
UNEQUAL = {
    "truth": (True, 1),
    "arrays": (np.arange(4), np.arange(4.0)),
    "mappings": ({"a": 1}, {"a": 2}),
    "closures": (closure(2.0), closure(3.0)),
    "closures over arrays": (closure(np.zeros(3)), closure(np.ones(3))),
    "code": (lambda x: x + 1, lambda x: x - 1),
    "defaults": (lambda x, y=1: x, lambda x, y=2: x),
    "callable objects": (Scale(2.0), Scale(3.0)),
    "methods": (Scale(2.0).__call__, Scale(3.0).__call__),
    "classes": (Scale, Reads),
    "dataclasses": (Point(1.0), Point(2.0)),
    "parameters": (Text(max_tokens=10), Text()),
    "kinds": (Text(), Table()),
    "tensors": (keras.ops.ones(2), keras.ops.zeros(2)),
    "layers": (keras.regularizers.L2(0.1), keras.regularizers.L2(0.2)),
    "locks": (threading.Lock(), threading.Lock()),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_content_is_equal(name):
    one, other = map(identity, EQUAL[name])
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("name", UNEQUAL)
def test_other_content_differs(name):
    one, other = UNEQUAL[name]
    assert identity(one) != identity(other)
    assert identity(one) == identity(one)


@pytest.mark.parametrize("function", [scaled, nested, outer, Reads(), Reads])
def test_a_function_is_what_it_reads(function, monkeypatch):
    before = identity(function)
    assert identity(function) == before
    monkeypatch.setattr(f"{__name__}.FACTOR", 2.0)
    assert identity(function) != before


def test_what_is_installed_is_known_by_name():
    for value in (functools.wraps, keras.activations.relu, keras.layers.Dense):
        assert identity(value)[1:] == (value.__module__, value.__qualname__)


class Kept:
    """A recipe with a function."""

    def __init__(self, function):
        self.function = function
        self.key = self.current_key()

    def current_key(self):
        return identity(self.function)


def test_recipes_differ_by_more_than_what_functions_read(monkeypatch):
    before, other = Kept(scaled), Kept(nested)
    monkeypatch.setattr(f"{__name__}.FACTOR", 2.0)
    after = Kept(scaled)
    assert before.key != after.key
    assert not differ(before, after)
    assert differ(before, other)
