"""Checkpoints: a fit that was killed goes on, and ends equal to the bit."""

import io
import os
import shutil
import subprocess
import sys
import time
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skunsup import (
    GAN,
    AAEClassifier,
    AdversarialAutoencoder,
    Autoencoder,
    AutoencoderDetector,
    DeepEmbeddedClustering,
    NeighborClustering,
    NeighborEmbedding,
    Source,
    VariationalAutoencoder,
)
from skunsup._identity import digest
from skunsup._training import _checkpoint, _checkpoint_file, _loop_sizes, _source_rows
from skunsup._training._checkpoint import Checkpoint
from skunsup.models._embedded_clusters import TargetRenewal

from .helpers import on_torch_or_asked, unchanged

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
Y = np.where(X[:, 0] > 0, "right", "left")
SMALL = {"batch_size": 8, "epochs": 6, "random_state": 0}
DENSE = {"hidden_layer_sizes": (8,), **SMALL}
PLAIN = Autoencoder(2, **DENSE)
WATCHED = Autoencoder(
    2,
    callbacks=[
        keras.callbacks.EarlyStopping("loss", patience=2, start_from_epoch=3),
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05),
    ],
    **DENSE,
)
# No epoch is better than the first by `tol`, so that it stops after four.
STOPPED = Autoencoder(
    2, early_stopping=True, n_iter_no_change=3, tol=10.0, **{**DENSE, "epochs": 20}
)


class Tens(Source):
    """Rows of X, ten at a time."""

    boundaries = np.array([0, 10, 20, 30, 40, 50, 60, 64])

    def read(self, i):
        return X[self.boundaries[i] : self.boundaries[i + 1]]


class Killed(BaseException):
    """Error that ends a fit right after a checkpoint was written."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.npz"


@pytest.fixture
def killed(monkeypatch, path):
    """Return a function that fits a model, and ends it at a write of its file."""

    def fit(model, after, data=X, **given):
        model = clone(model).set_params(checkpoint=path, checkpoint_interval=0)
        written = []

        def save(checkpoint, place):
            whole(checkpoint, place)
            written.append(place)
            if len(written) == after:
                raise Killed

        whole = Checkpoint.save
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", save)
            with unchanged(model), pytest.raises(Killed):
                model.fit(data, **given)
        assert path.exists()
        return model, written

    return fit


def learned(model):
    """Return all numbers that a fit gives."""
    network = getattr(model, "estimator_", model)._network
    history = [np.array(values) for values in model.history_.values()]
    return [*network.values, *history]


def assert_equal(model, other):
    pairs = zip(learned(model), learned(other), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


# Going on -----------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize("model", [WATCHED, STOPPED], ids=["callbacks", "stopping"])
def test_a_killed_fit_goes_on(model, after, killed, path):
    wanted = clone(model).fit(X)
    going_on, _ = killed(model, after)
    going_on.fit(X)
    assert_equal(going_on, wanted)
    assert not path.exists()
    recorded = [_checkpoint_state(c) for c in wanted.callbacks_]
    assert [_checkpoint_state(c) for c in going_on.callbacks_] == recorded


def _checkpoint_state(callback):
    return {k: v for k, v in vars(callback).items() if k in ("wait", "best")}


COSINE = {"learning_rate_schedule": "cosine", "max_steps": 300, "epochs": None}
OTHERS = {
    "plain": PLAIN,
    "cosine": Autoencoder(2, ema=0.9, **{**DENSE, **COSINE}),
    "long": Autoencoder(2, **{**DENSE, "epochs": 300}),
    "torch's generator": Autoencoder(2, noise="gaussian", **DENSE),
    "variational": VariationalAutoencoder(2, **DENSE),
    "mixture": VariationalAutoencoder(2, n_clusters=3, **DENSE),
    "adversarial": AdversarialAutoencoder(2, **DENSE),
    "gan": GAN(2, **SMALL),
    "classifier": AAEClassifier(2, **DENSE),
    "neighbours": NeighborClustering(3, **DENSE),
    "map": NeighborEmbedding(2, **DENSE),
    "embedded": DeepEmbeddedClustering(3, estimator=PLAIN, **SMALL),
    "detector": AutoencoderDetector(random_state=0, max_steps=40),
}


@on_torch_or_asked
@pytest.mark.parametrize("name", OTHERS)
def test_every_kind_of_fit_goes_on(name, killed):
    labels = Y if name == "classifier" else None
    wanted = clone(OTHERS[name]).fit(X, labels)
    for after in (1, 2):
        try:
            going_on, _ = killed(OTHERS[name], after, y=labels)
        except pytest.fail.Exception:
            assert after > 1  # it ends before a second checkpoint
            break
        assert_equal(going_on.fit(X, labels), wanted)


@on_torch_or_asked
@pytest.mark.parametrize("source", [False, True])
def test_a_fit_goes_on_within_an_epoch(source, killed, monkeypatch):
    monkeypatch.setattr(_source_rows, "SHELF_BYTES", 2 * 10 * 4 * 4)
    data = Tens() if source else X
    model = clone(STOPPED).set_params(epochs=2)
    model.set_params(early_stopping=not source, callbacks=keras.callbacks.Callback())
    wanted = clone(model).fit(data)
    monkeypatch.setattr(_loop_sizes, "block_steps", lambda *given: 2)
    for after, n_blocks in ((1, 1), (3, 3), (4, 0), (6, 2)):
        going_on, written = killed(model, after, data)
        assert len(written[-1]["taken"]) == n_blocks
        assert_equal(going_on.fit(data), wanted)


def test_a_fit_without_a_seed_goes_on_with_the_one_it_had(killed, path):
    free = clone(STOPPED).set_params(random_state=None)
    going_on, _ = killed(free, 2)
    shutil.copy(path, path.with_name("copy.npz"))
    other = clone(going_on).set_params(checkpoint=path.with_name("copy.npz"))
    assert_equal(going_on.fit(X), other.fit(X))


def test_what_renews_rows_goes_on():
    rows = clone(STOPPED).fit(X)._read(X)
    data = SimpleNamespace(rows=rows, sample=SimpleNamespace(index=X))
    renewal = TargetRenewal(None, data, 5, 0.01)
    renewal.due, renewal.labels = 7, np.arange(len(X))
    renewal.targets = np.ones((len(X), 3), np.float32)
    other = TargetRenewal(None, data, 5, 0.01)
    other.restore(renewal.saved())
    assert other.due == 7
    assert np.array_equal(other.labels, renewal.labels)
    assert other(6, []).take(slice(2)).shape == (2, 4 + 3)


def test_ctrl_c_leaves_the_file(killed, path, monkeypatch):
    model = clone(STOPPED).set_params(checkpoint=path, checkpoint_interval=0)
    wanted = clone(STOPPED).fit(X)

    def save(checkpoint, place):
        whole(checkpoint, place)
        raise KeyboardInterrupt

    whole = Checkpoint.save
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save)
        with pytest.warns(UserWarning, match="interrupted"):
            model.fit(X)
    assert model.n_iter_ == 1
    assert path.exists()
    assert_equal(model.fit(X), wanted)


KILLED_FIT = """
import numpy as np
from skunsup import Autoencoder
X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
model = Autoencoder(2, hidden_layer_sizes=(8,), batch_size=8, epochs=100_000,
    early_stopping=True, n_iter_no_change=100_000, random_state=0,
    checkpoint={path!r}, checkpoint_interval=0)
model.fit(X)
"""


@on_torch_or_asked
def test_kill_9_leaves_a_whole_file(path):
    code = KILLED_FIT.format(path=str(path))
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while not path.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.2)
        process.kill()
    saved = _checkpoint_file.parsed(path.read_bytes(), path)["trainings"][-1]["place"]
    assert saved["epoch"] == len(saved["history"]["loss"]) > 0
    assert all(np.isfinite(value).all() for value in saved["values"])


# Refused ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file_of_a_fit(tmp_path_factory):
    """Return the file of a fit of STOPPED to `X` that was killed."""
    path = tmp_path_factory.mktemp("fits") / "fit.npz"

    def save(checkpoint, place):
        whole(checkpoint, place)
        raise Killed

    whole = Checkpoint.save
    model = clone(STOPPED).set_params(checkpoint=path, checkpoint_interval=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", save)
        with pytest.raises(Killed):
            model.fit(X)
    return path


OTHER = {
    "rows": ({}, X + np.float32(1), "another X"),
    "rate": ({"learning_rate": 0.5}, X, "another optimizer"),
    "network": ({"n_components": 3}, X, "another network"),
    "batch": ({"epochs": 7}, X, "another batch_size, epochs"),
    "seed": ({"random_state": 1}, X, "another random_state"),
    "no seed": ({"random_state": np.random.RandomState(0)}, X, "another random_state"),
    "callbacks": (
        {"callbacks": [keras.callbacks.TerminateOnNaN()]},
        X,
        "another callbacks",
    ),
}


@pytest.mark.parametrize("given", OTHER)
def test_the_file_of_another_fit_is_refused(given, file_of_a_fit):
    params, data, message = OTHER[given]
    model = clone(STOPPED).set_params(checkpoint=file_of_a_fit, **params)
    before = file_of_a_fit.read_bytes()
    with unchanged(model), pytest.raises(ValueError, match=message):
        model.fit(data)
    assert file_of_a_fit.read_bytes() == before


def test_weights_of_rows_and_rows_to_judge_by_are_compared(file_of_a_fit):
    model = clone(STOPPED).set_params(checkpoint=file_of_a_fit)
    for given in ({"sample_weight": np.arange(1, 65)}, {"X_val": X[:8]}):
        with pytest.raises(ValueError, match="another X, X_val, y or sample_weight"):
            model.fit(X, **given)


@pytest.mark.parametrize("name", ["__version__", "FORMAT"])
def test_the_file_of_another_version_is_refused(name, file_of_a_fit, monkeypatch):
    monkeypatch.setattr(_checkpoint, name, "0.0.7")
    with pytest.raises(ValueError, match=r"another (version|format).*'0.0.7'"):
        clone(STOPPED).set_params(checkpoint=file_of_a_fit).fit(X)


def test_the_file_of_another_backend_is_refused(file_of_a_fit, monkeypatch):
    other = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "numpy"))
    monkeypatch.setattr(_checkpoint, "keras", other)
    backend = keras.backend.backend()
    with pytest.raises(ValueError, match=f"Keras backend \\('{backend}', where"):
        Checkpoint(file_of_a_fit, 0)


def test_the_file_of_another_number_of_processes_is_refused(file_of_a_fit, monkeypatch):
    monkeypatch.setattr(_checkpoint, "n_processes", lambda: 2)
    with pytest.raises(ValueError, match=r"number of processes .*\(1, where .* 2\)"):
        Checkpoint(file_of_a_fit, 0)


def test_a_file_cut_short_is_refused(file_of_a_fit, path):
    whole = file_of_a_fit.read_bytes()
    listed = io.BytesIO()
    np.savez(listed, np.frombuffer(b"[1]", np.uint8))
    cut = whole[: len(whole) // 2], whole[:-30], b"", b"text"
    for content in (*cut, listed.getvalue()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot be read as .* Delete it") as e:
            clone(STOPPED).set_params(checkpoint=path).fit(X)
        assert "pickle" not in str(e.value)


class MakesFolder:
    """An object whose pickle makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_file_with_a_pickle_is_refused(path):
    made = path.with_name("made")
    np.savez(path, np.array([MakesFolder(made)], dtype=object))
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        _checkpoint_file.parsed(path.read_bytes(), path)
    assert not made.exists()


def test_a_path_that_cannot_be_a_file_is_refused(tmp_path):
    model = clone(STOPPED).set_params(checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"is a folder.*fit\.npz"):
        model.fit(X)
    model.set_params(checkpoint=str(tmp_path / "no" / "fit.npz"))
    with pytest.raises(ValueError, match=r"folder .*no' does not exist"):
        model.fit(X)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused(tmp_path):
    pipe = tmp_path / "fit.npz"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="is a device or a pipe"):
        clone(STOPPED).set_params(checkpoint=pipe).fit(X)
    assert pipe.is_fifo()


# Writing ------------------------------------------------------------------------------


def test_a_full_disk_is_a_warning(path, monkeypatch):
    wanted = clone(STOPPED).fit(X)

    def savez(file, *arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    model = clone(STOPPED).set_params(checkpoint=path, checkpoint_interval=0)
    monkeypatch.setattr(_checkpoint_file.np, "savez", savez)
    with pytest.warns(UserWarning, match=r"not written .*No space.*none yet") as seen:
        model.fit(X)
    assert len(seen) == 1
    assert_equal(model, wanted)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_file_that_cannot_be_replaced_stays(call, path, monkeypatch):
    _checkpoint_file.write(path, {"a": np.arange(3)})
    before = path.read_bytes()

    def fails(*given):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(OSError, match="Errno 5"):
        _checkpoint_file.write(path, {"a": np.arange(4)})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_holds_arrays_once_and_all_else(path):
    array = np.array([[1.5, np.nan]], np.float32)
    tree = {
        "arrays": [array, array, np.array(7, np.int32)],
        "rng": np.random.default_rng(3).bit_generator.state,
        "best": np.inf,
        "none": None,
    }
    _checkpoint_file.write(path, tree)
    with np.load(path) as archive:
        assert len(archive.files) == 3
    found = _checkpoint_file.parsed(path.read_bytes(), path)
    assert found["rng"] == tree["rng"]
    assert found["best"] == np.inf
    assert found["none"] is None
    for before, after in zip(tree["arrays"], found["arrays"], strict=True):
        assert before.dtype == after.dtype
        assert np.array_equal(before, after, equal_nan=True)


def test_writing_waits_for_the_interval_and_takes_little_of_the_time(path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_checkpoint.time, "monotonic", lambda: now[0])

    def write(path, tree):
        now[0] += 1.0

    monkeypatch.setattr(_checkpoint, "write", write)
    checkpoint = Checkpoint(path, 10.0)
    checkpoint.begin({})
    assert not checkpoint.due()
    now[0] = 110.0
    assert checkpoint.due()
    checkpoint.save({"rng": {}})
    now[0] += 49.0
    assert not checkpoint.due()
    now[0] += 1.0
    assert checkpoint.due()


def test_no_checkpoint_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(STOPPED).fit(X)
    assert not list(tmp_path.iterdir())


# Identity -----------------------------------------------------------------------------


def test_a_digest_is_the_same_however_sets_are_held():
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other)
    assert digest(one) == digest(other)
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


def test_a_digest_tells_values_apart():
    values = [1, "1", (1,), [[1]], (1, ("2",)), ((1, "2"),), {1}, None, X, X[:2]]
    assert len({digest(value) for value in values}) == len(values)
