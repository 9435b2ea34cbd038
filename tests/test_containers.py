"""Data that cannot be read as they are, are refused at one place, with what to give."""

import h5py
import numpy as np
import polars as pl
import pytest
from scipy.sparse import dok_array

import skunsup
from skunsup import Autoencoder
from skunsup._containers import REFUSED, check_container

from .estimators import public_estimators
from .helpers import unchanged

X = np.random.default_rng(0).normal(size=(30, 3))


def like(module, name="Array", **attributes):
    """An object that looks like one of a library that need not be installed."""
    return type(name, (), {"__module__": module, **attributes})()


def in_file():
    file = h5py.File("rows.h5", "w", driver="core", backing_store=False)
    return file.create_dataset("rows", data=X)


CASES = {
    "generator": (lambda: (row for row in X), r"read only once.*numpy.stack\(list\(X"),
    "map": (lambda: map(list, X), "map, which can be read only once.*partial_fit"),
    "dict": (lambda: {"a": X[:, 0]}, r"no order. Give pandas.DataFrame\(X\)"),
    "list of dicts": (lambda: [{"a": 1.0}] * 3, r"list of dict.*pandas.DataFrame\(X"),
    "set": (lambda: {1.0, 2.0}, r"set, in which rows have no order. Give list\(X\)"),
    "fields": (lambda: np.zeros(3, [("a", float)]), "named fields.*structured_to_un"),
    "polars": (lambda: pl.DataFrame(X).lazy(), r"polars.LazyFrame.*X.collect\(\)"),
    "h5py": (in_file, r"h5py.Dataset, in a file.*X\[:\].*skunsup.ArraySource\(X\)"),
    "zarr": (lambda: like("zarr.core.array"), r"zarr.Array, in a file.*Give X\[:\]"),
    "dask array": (
        lambda: like("dask.array.core"),
        r"dask.Array.*skunsup.ArraySource\(",
    ),
    "dask frame": (
        lambda: like("dask_expr._collection", "DataFrame"),
        r"dask_expr.DataFrame, which would be computed.*X.to_parquet.*ParquetSource",
    ),
    "spark": (
        lambda: like("pyspark.sql.dataframe", "DataFrame", toPandas=None),
        r"on a cluster. Give X.toPandas\(\)",
    ),
    "gradient": (
        lambda: like("torch", "Tensor", requires_grad=True),
        r"requires a gradient.*Give X.detach\(\).cpu\(\).numpy\(\)",
    ),
    "list with gradients": (
        lambda: [like("torch", "Tensor", requires_grad=True)] * 3,
        r"X\[0\] is of type torch.Tensor, a tensor that requires a gradient",
    ),
    "device": (
        lambda: like("torch", "Tensor", device=like("torch", type="cuda")),
        r"on a device. Give X.cpu\(\).numpy\(\)",
    ),
    "half precision": (
        lambda: like("torch", "Tensor", dtype="torch.bfloat16"),
        r"bfloat16, which NumPy does not have. Give X.float\(\)",
    ),
    "torch data": (
        lambda: like("torch.utils.data.dataloader", "DataLoader"),
        "torch.DataLoader, which yields.*numpy.stack.*each batch to partial_fit",
    ),
    "tf.data": (
        lambda: like("tensorflow.python.data", "Dataset", as_numpy_iterator=None),
        r"tensorflow.Dataset.*X.as_numpy_iterator\(\).*each batch to partial_fit",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_to_give_instead_is_named(case):
    make, words = CASES[case]
    with pytest.raises(TypeError, match=words):
        check_container(make())


def test_every_rule_is_tried():
    made = [make() for make, _ in CASES.values()]
    found = {i for X in made for i, rule in enumerate(REFUSED) if known(rule, X)}
    assert found == set(range(len(REFUSED)))


def known(rule, X):
    return bool(rule.known(X[0] if isinstance(X, list) else X))


def test_masked_values_are_no_numbers():
    rows = np.ma.masked_array(X, X > 1)
    with pytest.raises(ValueError, match=r"masked values.*X.filled\(numpy.nan\)"):
        check_container(rows)
    check_container(np.ma.masked_array(X))


@pytest.mark.parametrize(
    "rows",
    [X, X.tolist(), pl.DataFrame(X), ["a", "b"], [X, X], "text", None, 3, dok_array(X)],
    ids=lambda rows: type(rows).__name__,
)
def test_everything_else_is_left_to_others(rows):
    check_container(rows)


ESTIMATORS = [
    *public_estimators(),
    Autoencoder(inputs="images"),
    Autoencoder(inputs="sequences"),
    Autoencoder(inputs="text"),
    Autoencoder(inputs="table"),
    skunsup.SlidingWindows(2),
    skunsup.TokenVectorizer(),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_every_estimator_asks(estimator):
    y = np.arange(30) % 2 if hasattr(estimator, "predict_proba") else None
    with unchanged(estimator), pytest.raises(TypeError, match="read only once"):
        estimator.fit((row for row in X), y)


def test_methods_targets_and_weights_ask():
    model = Autoencoder(2, hidden_layer_sizes=(8,), epochs=1, random_state=0).fit(X)
    for method in ("transform", "score_samples", "inverse_transform", "partial_fit"):
        with pytest.raises(TypeError, match=r"X is of type .*read only once"):
            getattr(model, method)(iter(X))
    with pytest.raises(TypeError, match=r"sample_weight is of type .*only once"):
        model.fit(X, sample_weight=iter(np.ones(30)))
    with pytest.raises(TypeError, match=r"X_val is of type .*only once"):
        model.fit(X, X_val=iter(X))
    with pytest.raises(TypeError, match=r"y is of type .*only once"):
        skunsup.AAEClassifier().fit(X, iter(np.zeros(30)))
