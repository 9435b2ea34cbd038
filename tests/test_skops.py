"""Files of skops: they hold all that an estimator computes with, and run no code."""

import io
import json
import sys
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skunsup
from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    Blocks,
    Images,
    Sequences,
    SeriesDetector,
    Table,
    Text,
    TokenVectorizer,
    fine_tune,
)
from skunsup._estimator import network_of
from skunsup._networks import _keras_forms, described
from skunsup._own_classes import own_class
from skunsup._plain import plain, restored
from skunsup._training import FittedNetwork, Rows

from .estimators import estimator_classes, public_estimators
from .helpers import on_torch_or_asked

skops = pytest.importorskip("skops.io", reason="skops writes these files")
from skops.io.exceptions import UntrustedTypesFoundException  # noqa: E402

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}
METHODS = ("transform", "score_samples", "predict", "predict_proba", "feature_scores")
GOLDEN = Path(__file__).parent / "golden"
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RNG.normal(size=40), "b": ["x", "y", None, "z"] * 10})
WORDS = ["one two three", "two four", "six one"] * 10


class Twice(keras.layers.Layer):
    """A layer of the user's."""

    def call(self, x):
        return 2.0 * x


class Noting(keras.callbacks.Callback):
    """A callback of the user's, which records."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(epoch)


def half(x):
    """An activation of the user's."""
    return 0.5 * keras.ops.tanh(x)


def written_and_read(estimator, *more):
    """Write an estimator, and read it with no trust but the package's and `more`."""
    data = skops.dumps(estimator)
    untrusted = set(skops.get_untrusted_types(data=data))
    assert untrusted <= {*skunsup.TRUSTED_TYPES, *more}
    assert untrusted >= set(more)
    return skops.loads(data, trusted=[*skunsup.TRUSTED_TYPES, *more])


def assert_same(twin, estimator, X):
    found = [name for name in METHODS if hasattr(estimator, name)]
    assert found
    for name in found:
        ours, theirs = (np.asarray(getattr(e, name)(X)) for e in (twin, estimator))
        np.testing.assert_array_equal(ours, theirs)


def test_trusted_types_are_the_public_classes():
    tuned = {"skunsup.transfer._tuned.FineTunedClassifier"}
    tuned |= {"skunsup.transfer._tuned.FineTunedRegressor"}
    public = {f"{cls.__module__}.{cls.__name__}" for cls in estimator_classes()}
    assert set(skunsup.TRUSTED_TYPES) == public | tuned


@on_torch_or_asked
@pytest.mark.parametrize("name", [type(e).__name__ for e in public_estimators()])
def test_every_estimator_computes_the_same(name, blobs):
    (estimator,) = (e for e in public_estimators() if type(e).__name__ == name)
    X = np.vstack([blobs[:, :4]] * 2)
    if isinstance(estimator, Blocks):
        X = pd.DataFrame(X, columns=list("abcd"))
    if "max_steps" in estimator.get_params():
        estimator.set_params(max_steps=4)
    labels = {"y": np.arange(120) % 4} if name == "AAEClassifier" else {}
    estimator.fit(X, **labels)
    assert_same(written_and_read(estimator), estimator, X)
    if hasattr(estimator, "partial_fit"):  # it goes on as the original does
        twin = written_and_read(estimator)
        twin, estimator = (e.partial_fit(X, **labels) for e in (twin, estimator))
        assert_same(twin, estimator, X)


KINDS = {
    "images": (Autoencoder(inputs=Images(), **QUICK), RNG.random((12, 8, 8))),
    "sequences": (Autoencoder(inputs=Sequences(), **QUICK), RNG.random((12, 5, 2))),
    "ragged": (
        Autoencoder(inputs=Sequences(), **QUICK),
        [RNG.random((n, 2)) for n in (3, 5, 4) * 4],
    ),
    "table": (Autoencoder(inputs=Table(), **QUICK), FRAME),
    "category": (
        Autoencoder(inputs=Table(), **QUICK),
        FRAME.assign(b=FRAME["b"].astype("category"), c=FRAME["b"].astype("string")),
    ),
    "text": (Autoencoder(inputs=Text(), **QUICK), WORDS),
    "blocks": (
        Autoencoder(
            inputs=Blocks([("n", None, ["a"]), ("t", Table(), ["b"])]), **QUICK
        ),
        FRAME.fillna({"b": "z"}),
    ),
    "series": (
        SeriesDetector(make_pipeline(StandardScaler(), Autoencoder(**QUICK))),
        np.sin(np.arange(90) / 5),
    ),
    "tokens": (TokenVectorizer(), WORDS),
}


@on_torch_or_asked
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_data_computes_the_same(name):
    estimator, X = clone(KINDS[name][0]), KINDS[name][1]
    assert_same(written_and_read(estimator.fit(X)), estimator, X)


@on_torch_or_asked
def test_polars_tables_come_back():
    polars = pytest.importorskip("polars")
    X = polars.from_pandas(FRAME).with_columns(
        c=polars.Series(["u", "v"] * 20, dtype=polars.Enum(["v", "u"]))
    )
    model = Autoencoder(inputs=Table(), **QUICK).fit(X)
    twin = written_and_read(model)
    assert_same(twin, model, X)
    assert twin.reconstruct(X).equals(model.reconstruct(X))


def test_types_whose_names_do_not_say_all_come_back():
    polars, pyarrow = map(pytest.importorskip, ("polars", "pyarrow"))
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    for arrow in (pyarrow.decimal128(10, 2), words):
        assert restored(plain(pd.ArrowDtype(arrow))) == pd.ArrowDtype(arrow)
    assert restored(plain(polars.Decimal(10, 2))) == polars.Decimal(10, 2)


DAYS = pd.DatetimeIndex(["2020-02-28", "2020-02-29", "2024-01-01"], name="day")
LABELS = [
    DAYS,
    DAYS.tz_localize("Europe/Berlin").as_unit("us"),
    DAYS.tz_localize("UTC-03:30").insert(1, pd.NaT),
    DAYS - DAYS[0],
    DAYS.to_period("M"),
    pd.Index(DAYS.date),
    pd.CategoricalIndex(DAYS, ordered=True),
    pd.Index([DAYS[0], 1.5, DAYS[1].time()], name=DAYS[2]),
    pd.MultiIndex.from_product([DAYS, [1, "a"]], names=["day", ("b", 2)]),
]


@pytest.mark.parametrize("labels", LABELS, ids=lambda index: str(index.dtype))
def test_labels_of_any_type_come_back(labels):
    twin = restored(json_of(plain(labels)))
    pd.testing.assert_index_equal(twin, labels, exact=True)


def test_categories_and_names_that_are_no_strings_come_back():
    days = pd.Categorical(DAYS[np.arange(40) % 3])
    X = pd.DataFrame({"a": pd.cut(RNG.normal(size=40), 3), "b": days, "c": FRAME["b"]})
    X.columns = pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("v", 1)])
    table = Table().fit(X)
    twin, rows = written_and_read(table), table.transform(X)
    np.testing.assert_array_equal(twin.transform(X), rows)
    pd.testing.assert_frame_equal(
        twin.inverse_transform(rows), table.inverse_transform(rows)
    )


def test_pipelines_compute_the_same(blobs):
    pipeline = make_pipeline(
        StandardScaler(), Autoencoder(**QUICK), KMeans(3, random_state=0)
    )
    assert_same(written_and_read(pipeline.fit(blobs)), pipeline, blobs)
    columns = make_column_transformer(
        (StandardScaler(), [0, 1]), (Autoencoder(2, **QUICK), slice(0, 6))
    )
    assert_same(written_and_read(columns.fit(blobs)), columns, blobs)


# MLflow's own, where it imports what serves models.
@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
def test_mlflow_writes_and_reads_by_skops(blobs, tmp_path):
    """The recipe of the guide; MLflow is no dependency of the tests."""
    flavour = pytest.importorskip("mlflow.sklearn")
    pipeline = make_pipeline(StandardScaler(), AutoencoderDetector(**QUICK)).fit(blobs)
    flavour.save_model(
        pipeline,
        tmp_path / "model",
        serialization_format="skops",
        skops_trusted_types=list(skunsup.TRUSTED_TYPES),
        pip_requirements=["skunsup"],
    )
    assert_same(flavour.load_model(tmp_path / "model"), pipeline, blobs)


def test_detectors_compute_the_same(blobs):
    detector = AutoencoderDetector(**QUICK).fit(blobs)
    assert_same(written_and_read(detector), detector, blobs)


def test_fine_tuned_models_compute_the_same(blobs):
    source = Autoencoder(**QUICK).fit(blobs)
    model = fine_tune(source, epochs=1, random_state=0).fit(blobs, np.arange(60) % 2)
    twin = written_and_read(model)
    np.testing.assert_array_equal(twin.predict_proba(blobs), model.predict_proba(blobs))


SETTINGS = {
    "optimizer": {"optimizer": keras.optimizers.Adam(0.01, clipnorm=1.0)},
    "schedule": {
        "learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    },
    "optimizer with a schedule": {
        "optimizer": keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(0.01, 10)
        ),
        "learning_rate": None,
    },
    "loss": {"loss": keras.losses.Huber(0.1)},
    "activation": {"activation": keras.activations.gelu},
    "network": {
        "encoder": keras.Sequential(
            [keras.Input((6,)), keras.layers.Dense(3), keras.layers.Dropout(0.1)]
        )
    },
    "callbacks": {
        "callbacks": [
            keras.callbacks.EarlyStopping("loss", restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau("loss"),
            keras.callbacks.History(),
            keras.callbacks.TerminateOnNaN(),
        ]
    },
}


@on_torch_or_asked
@pytest.mark.parametrize("name", SETTINGS)
def test_objects_of_keras_need_no_trust(name, blobs):
    model = Autoencoder(**{**QUICK, **SETTINGS[name]}).fit(blobs)
    twin = written_and_read(model)
    assert_same(twin, model, blobs)
    for each in (twin, model):  # the same network and optimizer, by their parameters
        each.set_params(warm_start=True).fit(blobs)
    assert_same(twin, model, blobs)


def test_what_is_the_users_own_needs_their_trust(blobs):
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), Twice()])
    model = Autoencoder(
        **QUICK, encoder=network, activation=half, callbacks=[Noting()]
    ).fit(blobs)
    own = [f"{__name__}.{each.__name__}" for each in (Twice, half, Noting)]
    twin = written_and_read(model, *own)
    assert_same(twin, model, blobs)
    assert twin.callbacks_[0].seen == [0, 1, 2]
    weights = [each.encoder.get_weights() for each in (twin, model)]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(UntrustedTypesFoundException, match="Twice"):
        skops.loads(skops.dumps(model), trusted=skunsup.TRUSTED_TYPES)


@pytest.mark.parametrize("version", [path.name for path in GOLDEN.glob("[0-9]*")])
def test_files_of_releases_are_read(version):
    with warnings.catch_warnings():
        # Newer releases warn of older ones, newer scikit-learn too.
        warnings.simplefilter("ignore")
        with np.load(GOLDEN / version / "said.npz") as file:
            said = dict(file)
        for path in (GOLDEN / version).glob("*.skops"):
            model = skops.load(path, trusted=skunsup.TRUSTED_TYPES)
            X = said["numbers"]
            if path.stem == "table":
                X = pd.DataFrame({"a": X[:, 0], "b": ["x", "y", None] * 8})
            flat = hasattr(model, "score_samples") and not hasattr(model, "steps")
            found = model.score_samples(X) if flat else model.transform(X)
            np.testing.assert_allclose(found, said[path.stem], rtol=1e-4, atol=1e-5)


# Hostile files.


@pytest.fixture(scope="module")
def data(blobs):
    """The file of a fitted autoencoder with a network of the user's."""
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    return skops.dumps(Autoencoder(**QUICK, encoder=network).fit(blobs))


def changed(data, old, new, count=-1):
    """Return a file with other text in its schema."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as to:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                text = content.decode()
                assert old in text
                content = text.replace(old, new, count).encode()
            to.writestr(name, content)
    return out.getvalue()


def read(data):
    return skops.loads(data, trusted=skunsup.TRUSTED_TYPES)


def test_the_file_as_it_is_can_be_read(data, blobs):
    assert read(changed(data, "DictNode", "DictNode")).transform(blobs).shape == (60, 3)


@pytest.mark.parametrize("named", ["os:system", "subprocess:Popen", "builtins:eval"])
def test_other_code_cannot_be_named(data, named):
    with pytest.raises(ValueError, match=f"'{named}', which this version"):
        read(changed(data, r"\"FittedNetwork\"", rf"\"{named}\""))


@pytest.mark.parametrize(
    "named",
    [
        "skunsup._plain:importlib",  # a module
        "skunsup._estimator._template:Architecture",  # of another module
        "skunsup.nothing:Here",
        "skunsup._own_classes:own_class",  # a function where an object is wanted
    ],
)
def test_only_what_a_module_of_the_package_defines_can_be_named(data, named):
    with pytest.raises(ValueError, match=f"'{named}', which this version"):
        read(changed(data, r"\"FittedNetwork\"", rf"\"{named}\""))


@pytest.mark.parametrize(
    "named", ["keras.utils.get_file", "keras.saving.load_model", "keras.Model"]
)
def test_only_pieces_of_networks_of_keras_can_be_named(named):
    with pytest.raises(ValueError, match="does not know"):
        restored({"__skunsup__": "keras", "named": named})
    with pytest.raises(ValueError, match="does not know"):
        restored({"__skunsup__": "keras state", "kind": dict, "state": {}})


def test_other_types_are_not_trusted(data):
    tampered = changed(data, '"__class__": "Autoencoder"', '"__class__": "DenseStack"')
    with pytest.raises(UntrustedTypesFoundException, match="DenseStack"):
        read(tampered)
    foreign = changed(data, "skunsup.models._autoencoder", "subprocess")
    with pytest.raises(UntrustedTypesFoundException, match=r"subprocess\.Autoencoder"):
        read(foreign)


def test_an_attribute_cannot_stand_before_a_method(data):
    with pytest.raises(ValueError, match=r"'transform'.*name of a method"):
        read(changed(data, '"n_iter_": {', '"transform": {'))


def forged(monkeypatch, config):
    """Return the file of an autoencoder whose network has another configuration."""
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    found = replace(described("encoder", network), config=json.dumps(config))
    with monkeypatch.context() as patched:
        patched.setattr(_keras_forms, "described", lambda name, model: found)
        return skops.dumps(Autoencoder(encoder=network))


def configuration(*layers):
    network = keras.Sequential([keras.Input((6,)), *layers])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.loads(json.dumps(keras.saving.serialize_keras_object(network)))


def test_modules_are_not_imported_for_a_network(tmp_path, monkeypatch):
    """Keras looks classes up by the module that a configuration names."""
    (tmp_path / "injected_module.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    config = configuration(keras.layers.Dense(3))
    assert isinstance(read(forged(monkeypatch, config)).encoder, keras.Model)
    config["config"]["layers"][1]["module"] = "injected_module"
    with pytest.raises((TypeError, ValueError), match="Dense"):
        read(forged(monkeypatch, config))
    assert "injected_module" not in sys.modules


@pytest.mark.parametrize(
    "named",
    [
        "keras.datasets.imdb.load_data",
        "keras.visualization.plot_image_gallery",
        "keras.config.set_floatx",
        "keras.utils.get_file",
    ],
)
def test_a_network_calls_no_function_that_reaches_files(named, monkeypatch):
    """Keras calls the functions of Lambda layers while it builds a network."""
    config = configuration(keras.layers.Lambda(keras.ops.relu))
    function = config["config"]["layers"][1]["config"]["function"]
    function["module"], _, function["config"] = named.rpartition(".")
    with pytest.raises(ValueError, match=named):
        read(forged(monkeypatch, config))
    optimizer = {"kind": keras.optimizers.SGD, "config": {"learning_rate": function}}
    with pytest.raises(ValueError, match=named):
        restored({"__skunsup__": "keras object", **optimizer})


@pytest.mark.parametrize(
    ("layer", "settings"),
    [
        ("TFSMLayer", {"filepath": "a"}),
        ("TorchModuleWrapper", {"module": "gAQ="}),
        ("StringLookup", {"vocabulary": __file__}),
    ],
)
def test_layers_that_load_files_are_refused(layer, settings, monkeypatch):
    config = configuration(keras.layers.Dense(3))
    config["config"]["layers"][1].update(class_name=layer, config=settings)
    with pytest.raises((TypeError, ValueError)):
        read(forged(monkeypatch, config))


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch is installed")
def test_a_layer_whose_package_is_not_installed_is_named(monkeypatch):
    config = configuration(keras.layers.Dense(3))
    config["config"]["layers"][1].update(class_name="TorchModuleWrapper", config={})
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match="needs the package 'torch'"):
        read(forged(monkeypatch, config))


def test_what_a_network_names_of_the_package_are_layers():
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    found = plain(replace(described("encoder", network), objects=(("a", Autoencoder),)))
    with pytest.raises(ValueError, match="'Autoencoder', which is no"):
        restored(found)


def test_a_lambda_in_a_network_does_not_run(tmp_path, monkeypatch):
    target = tmp_path / "seen"

    def touch(x, to=str(target)):
        Path(to).touch()
        return x

    touch.__name__ = "<lambda>"
    config = configuration(keras.layers.Lambda(touch))
    target.unlink()
    with pytest.raises(ValueError, match="lambda"):
        read(forged(monkeypatch, config))
    assert not target.exists()


def test_paths_in_a_file_lead_nowhere(data, tmp_path):
    """Arrays are read out of the file alone, and nothing is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".npy"))
    np.save(tmp_path / "outside.npy", np.zeros(3))
    for path in ("../../outside.npy", str(tmp_path / "outside.npy")):
        with pytest.raises(KeyError, match="outside"):
            read(changed(data, name, path))
        for zone in (path, f"dateutil/{path}"):  # which are files too
            with pytest.raises((TypeError, ValueError)):
                restored({"__skunsup__": "pandas type", "type": f"M8[us, {zone}]"})


def test_arrays_that_claim_to_be_huge_are_refused(data):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as to:
        names = source.namelist()
        huge = next(name for name in names if name.endswith(".npy"))
        for name in names:
            content = source.read(name)
            if name == huge:
                header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }"
                text = (header % 10**15).ljust(117) + "\n"
                content = b"\x93NUMPY\x01\x00\x76\x00" + text.encode()
            to.writestr(name, content)
    with pytest.raises((MemoryError, ValueError)):
        read(out.getvalue())


def test_a_huge_network_is_refused_before_it_takes_memory(monkeypatch):
    """Weights are counted by the configuration, beside those that the file holds."""
    config = configuration(keras.layers.Dense(3))
    config["config"]["layers"][1]["config"]["units"] = 10**11
    with pytest.raises(ValueError, match="by its configuration, but 21 numbers come"):
        read(forged(monkeypatch, config))
    assert keras.Layer.add_weight.__module__.startswith("keras.")


def test_a_huge_fitted_network_is_refused_before_it_takes_memory(blobs):
    network = network_of(Autoencoder(2, **QUICK).fit(blobs))
    parts = dict(network.architecture.parts)
    parts["decoder"] = replace(parts["decoder"], sizes=(10**11, 6))
    huge = replace(network.architecture, parts=parts)
    tampered = FittedNetwork(huge, network.values)
    rows = np.zeros((2, 6), np.float32)
    for use in (tampered.model, lambda: tampered.compute("encode", Rows(rows))):
        with pytest.raises(ValueError, match="was tampered with: do not use it"):
            use()


def test_a_huge_network_is_refused_where_training_goes_on(blobs):
    model = Autoencoder(2, **QUICK).fit(blobs)
    network = network_of(model)
    parts = {
        name: replace(part, sizes=(10**11, part.n_outputs))
        for name, part in network.architecture.parts.items()
    }
    huge = replace(network.architecture, parts=parts)
    model._network = FittedNetwork(huge, network.values)
    model.set_params(hidden_layer_sizes=(10**11,))
    for use in (model._repr_html_, lambda: model.partial_fit(blobs)):
        with pytest.raises(ValueError, match="was tampered with: do not use it"):
            use()


def test_deep_nesting_is_an_error_and_no_crash():
    nested = "[" * 100_000
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as to:
        to.writestr("schema.json", nested)
    with pytest.raises(RecursionError):
        read(out.getvalue())


def test_the_size_of_a_bomb_stands_in_its_directory():
    """Look at the sizes that the guide says to look at before reading."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as to:
        to.writestr("bomb.npy", bytes(50 * 2**20))
    assert len(out.getvalue()) < 2**20
    with zipfile.ZipFile(out) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) == 50 * 2**20


def test_what_holds_itself_is_refused():
    around = []
    around.append(around)
    with pytest.raises(TypeError, match="holds itself"):
        plain(around)


def test_plain_values_come_back():
    value = {
        "read": {1: "a", (2, "b"): {3.0}, None: frozenset([1])},
        "dtype": np.dtype("<U3"),
        "class": skunsup.Autoencoder,
        "bool": [True, False],
    }
    found = restored(json_of(plain(value)))
    assert found == value
    assert own_class("Autoencoder") is skunsup.Autoencoder
    shared = np.arange(3)
    first, second = restored(plain([shared, [shared]]))
    assert first is second[0] is shared


def json_of(value):
    """Return a value as JSON gives it, with lists for tuples but at keys."""
    if isinstance(value, dict):
        return {k: json_of(v) for k, v in value.items()}
    if isinstance(value, list):
        return [json_of(v) for v in value]
    return value


def test_weights_in_a_file_must_fit_their_network():
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    written = plain(network)
    written["values"][0] = written["values"][0][:, :2]
    with pytest.raises(ValueError, match="weights of another network"):
        restored(written)
