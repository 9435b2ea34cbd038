"""One warning of columns of very unlike scale."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from skunsup import AAEDetector, Autoencoder, VariationalAutoencoder

from .helpers import on_torch_or_asked

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
UNLIKE = X * [1.0, 1.0, 1000.0]
QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 1, "random_state": 0}


def learn(X, model=None):
    """Do what a model does with training data before it trains."""
    (model or Autoencoder())._learn(X, 2, keep=False)


@pytest.mark.parametrize("make", [np.asarray, csr_array, np.float32])
def test_columns_of_unlike_scale_are_named(make):
    words = r"unlike scale.* in column 2, but .* in column (0|1).*StandardScaler"
    with pytest.warns(UserWarning, match=words):
        learn(make(UNLIKE))


def test_by_their_names():
    wine = load_wine(as_frame=True).data
    with pytest.warns(UserWarning, match=r"'proline', but .*'nonflavanoid_phenols'"):
        learn(wine)
    with pytest.warns(UserWarning, match="'worst area'"):
        learn(load_breast_cancer(as_frame=True).data)


RARE = np.where(RNG.random((2000, 50)) < 0.002, 1.0, 0.0)
SANE = {
    "iris": load_iris().data,
    "digits": load_digits().data,
    "scaled": StandardScaler().fit_transform(load_wine().data),
    "outlier": np.vstack([X, [[1e30, 0, 0]]]),
    "rare, scaled": StandardScaler().fit_transform(np.eye(2000, 3)),
    "bytes": np.column_stack([np.full(30, 1.0), np.full(30, 255.0)]),
    "rare categories": RARE,
    "constant": np.zeros((5, 2)),
    "one column": X[:, :1] * 1e9,
    "all large": X * 1e9,
    "a year": np.column_stack([X[:, 0] * 10, RNG.integers(1990, 2020, 30)]),
}


@pytest.mark.parametrize("name", SANE)
def test_sane_data_are_passed_over(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn(SANE[name])


@pytest.mark.parametrize(
    "model",
    [
        VariationalAutoencoder(likelihood="multinomial"),
        Autoencoder(loss="poisson"),
        Autoencoder(inputs="table"),
    ],
    ids=repr,
)
def test_where_scaling_does_not_apply(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn(pd.DataFrame(np.abs(UNLIKE), columns=list("abc")), model)


@on_torch_or_asked
@pytest.mark.parametrize(
    "model", [Autoencoder(**QUICK), AAEDetector(novelty=True, **QUICK)], ids=repr
)
def test_one_warning_a_fit_and_none_afterwards(model):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(UNLIKE).score_samples(UNLIKE)
    assert len([w for w in caught if "unlike scale" in str(w.message)]) == 1
