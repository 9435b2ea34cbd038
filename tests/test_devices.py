"""Several devices: JAX cuts minibatches among them, other backends refuse."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from skunsup import Autoencoder

on_torch = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="torch's processes"
)
by_processes = pytest.mark.skipif(
    keras.backend.backend() == "tensorflow", reason="has no processes of ours"
)
on_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="JAX alone has several devices"
)
PROGRAM = """
import json, keras, numpy as np
from skunsup import GAN, Autoencoder, VariationalAutoencoder

X = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
SMALL = {"batch_size": 32, "epochs": 1, "random_state": 0}
DENSE = {"hidden_layer_sizes": (8,), **SMALL}
found = {}

def fitted():
    kinds = Autoencoder(2, **DENSE), VariationalAutoencoder(2, **DENSE), GAN(2, **SMALL)
    return [model.fit(X)._network.values for model in kinds]

one = fitted()
keras.distribution.set_distribution(keras.distribution.DataParallel())
four = fitted()
found["apart"] = max(
    float(np.abs(a - b).max()) for m, n in zip(one, four) for a, b in zip(m, n)
)
try:
    Autoencoder(2, **{**DENSE, "batch_size": 30}).fit(X)
except ValueError as error:
    found["indivisible"] = str(error)
mesh = keras.distribution.DeviceMesh((4,), ["model"])
layout = keras.distribution.LayoutMap(mesh)
other = keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="model")
keras.distribution.set_distribution(other)
try:
    Autoencoder(2, **DENSE).fit(X)
except ValueError as error:
    found["model parallel"] = str(error)
keras.distribution.set_distribution(None)
again = Autoencoder(2, **DENSE).fit(X)._network.values
found["as before"] = all(np.array_equal(a, b) for a, b in zip(again, one[0]))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def on_four_devices():
    """Results of a process with four virtual devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} "
    flags += "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@on_jax
def test_an_epoch_on_four_devices_is_that_on_one(on_four_devices):
    assert 0 < on_four_devices["apart"] < 1e-6  # sums in another order, so not equal
    assert on_four_devices["as before"]


@on_jax
def test_devices_must_divide_a_minibatch(on_four_devices):
    message = on_four_devices["indivisible"]
    assert "30 rows cannot be cut among the 4 devices" in message
    assert "such as 32" in message


@on_jax
def test_networks_are_not_cut(on_four_devices):
    assert "set to ModelParallel" in on_four_devices["model parallel"]


# Two processes, each with half of the rows ------------------------------------------

JOINED_BY_JAX = """
import json, sys, jax

rank, port = int(sys.argv[1]), sys.argv[2]
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(f"127.0.0.1:{port}", 2, rank)

import keras

def join():
    keras.distribution.set_distribution(keras.distribution.DataParallel())
"""
JOINED_BY_TORCH = """
import json, sys, torch

rank, port = int(sys.argv[1]), sys.argv[2]

def join():
    place = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", place, rank=rank, world_size=2)
"""
TWO = """
import keras, numpy as np
from sklearn.neighbors import kneighbors_graph
from skunsup import (
    GAN, AAEClassifier, AdversarialAutoencoder, Autoencoder, AutoencoderDetector,
    DeepEmbeddedClustering, NeighborEmbedding, OutlierDetector, Source,
    VariationalAutoencoder, WassersteinAutoencoder,
)
from skunsup._training import BaggedSampler, SourceRows, _loop, as_rows, weighted_sample
from skunsup._training import paired
from skunsup._training._checkpoint import Checkpoint
from skunsup.models import _embedded_clusters

X = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
X[[3, 40, 60]] *= 6.0
halves = X[:32], X[32:]
mine = halves[rank]
y = np.where(X[:, 0] > 0, "right", "left").astype(object)
y[::3] = None
labels = np.select([y == "left", y == "right"], [0, 1], -1)
SMALL = {"batch_size": 16, "epochs": 1, "random_state": 0}
DENSE = {"hidden_layer_sizes": (8,), **SMALL}
found, plain_draw = {}, _loop.TrainingLoop.draw

class Half(Source):
    boundaries = np.array([0, 10, 32])
    def read(self, i):
        return mine[self.boundaries[i] : self.boundaries[i + 1]]

def samplers(source=False, labelled=False):
    if source:
        parts = [SourceRows(None, Half.boundaries, 6) for half in halves]
        return [rows.own_sampler(None) for rows in parts]
    if not labelled:
        return [weighted_sample(as_rows(half), None) for half in halves]
    numbered = np.hstack([X, labels[:, None]]).astype(np.float32)
    parts = zip(map(as_rows, np.split(numbered, 2)), np.split(labels, 2))
    return [paired(rows, weighted_sample(rows, None), own)[1] for rows, own in parts]

def drawn_by_two(samplers, m=1):
    '''Compose minibatches of 16 of 8 rows of each half, as two processes do.'''
    def draw(loop, first, end):
        assert end - first == 1
        state, parts = loop.rng.bit_generator.state, []
        for i, sampler in enumerate(samplers):
            loop.rng.bit_generator.state = state
            drawn = 32 * i + sampler.draw(32 * m, loop.rng)
            parts.append(drawn.reshape(4, 8 * m, *drawn.shape[1:]))
        both = np.concatenate(parts, axis=1)
        return iter([both.reshape(-1, *both.shape[2:])])
    return draw

def models():
    return [
        (Autoencoder(2, **DENSE), {}), (VariationalAutoencoder(2, **DENSE), {}),
        (GAN(2, **SMALL), {}), (AdversarialAutoencoder(2, **DENSE), {}),
        (Autoencoder(2, **DENSE), {"source": True}),
        (Autoencoder(2, **DENSE), {"held": True}),
        (AAEClassifier(2, **DENSE), {"labelled": True}),
    ]

def fitted(together):
    results = []
    for model, how in models():
        rows, held = (mine, mine) if together else (X, X)
        X_val = held[::2] if how.pop("held", False) else None
        if not together:
            _loop.TrainingLoop.draw = drawn_by_two(samplers(**how))
        known = np.split(y, 2)[rank] if together else y
        rows = Half() if "source" in how and together else rows
        model.fit(rows, known if "labelled" in how else None, X_val=X_val)
        _loop.TrainingLoop.draw = plain_draw
        history = dict(model.history_)
        if not ON_JAX:
            history.pop("spread", None)  # a mean over processes
            history.pop("usage", None)
        values = [*model._network.values, *map(np.array, history.values())]
        values.append(getattr(model, "class_prior_", np.zeros(1)))
        results.append(values)
    start = Autoencoder(2, **DENSE, init="pca", learning_rate=1e-30)
    rows = mine if together else X
    return [*results, start.fit(rows)._network.values]

TWO = {"n_components": 2, "n_estimators": 2, **DENSE}
STILL = {"learning_rate": 1e-30, **TWO}

def detectors():
    '''One whose networks learn from all rows, and some that learn all but those.'''
    return [
        AutoencoderDetector(max_samples=1.0, support_fraction=1.0, **TWO),
        AutoencoderDetector(**STILL), AutoencoderDetector(novelty=True, **STILL),
        AutoencoderDetector(scoring="columns", contamination=0.1, **STILL),
    ]

def detected(together):
    results, weight = [], np.arange(64) % 3
    for i, model in enumerate(detectors()):
        if i == 0 and not together:
            each = samplers()
            each = [BaggedSampler(sample, (sample, sample)) for sample in each]
            _loop.TrainingLoop.draw = drawn_by_two(each, 2)
        rows, given = (mine, np.split(weight, 2)[rank]) if together else (X, weight)
        model.fit(rows, sample_weight=given if i == 3 else None)
        _loop.TrainingLoop.draw = plain_draw
        scores = model.decision_function(X)
        results.append([model.offset_, *scores, *model.outlier_probability(X)])
    return np.array(results)

NEAR = NeighborEmbedding(4, max_steps=6, n_neighbors=5, **{**DENSE, "epochs": None})

def embedded(rows):
    return NEAR.fit(rows)._network.values

class Killed(BaseException):
    pass

def killed(model):
    '''Fit and leave at the second write; the path is one for the first process.'''
    path = f"{port}.npz" if rank == 0 else "nowhere/at/all.npz"
    model.set_params(checkpoint=path, checkpoint_interval=0)
    whole, written = Checkpoint.save, []
    def save(checkpoint, place):
        whole(checkpoint, place)
        written.append(place)
        if len(written) == 2:
            raise Killed
    Checkpoint.save = save
    try:
        model.fit(mine)
    except Killed:
        Checkpoint.save = whole
        return model

def clustered():
    '''Return weights, and the sums of shares that targets come from.'''
    seen, plain = [], _embedded_clusters.target_distribution
    def target_distribution(q, frequency):
        seen.append(float(frequency.sum()))
        return plain(q, frequency)
    _embedded_clusters.target_distribution = target_distribution
    start = Autoencoder(2, **DENSE)
    model = DeepEmbeddedClustering(2, start, **SMALL).fit(mine)
    return float(sum(np.abs(v).sum() for v in model._network.values)), seen

def apart(one, two):
    '''Return the largest difference, of what is above 1 relative to it.'''
    pairs = zip(one, two, strict=True)
    found = [np.abs(a - b) / np.maximum(1, np.abs(a)) for a, b in pairs]
    return float(max(each.max() for each in found))

def refusal(model):
    try:
        model.fit(mine)
    except ValueError as error:
        return str(error)

ON_JAX = keras.backend.backend() == "jax"
one, alone = fitted(False), detected(False)
near = embedded(X) if ON_JAX else None
join()
two, both = fitted(True), detected(True)
if ON_JAX:
    one, two = [*one, near], [*two, embedded(mine)]
found["detectors"] = np.abs(alone - both).max(axis=1).tolist()
found["detected"] = both.tolist()
found["apart"] = [apart(*pair) for pair in zip(one, two)]
other = {**DENSE, "hidden_layer_sizes": (8 + rank,)}
found["unlike"] = refusal(Autoencoder(2, **other))
found["columns"] = refusal(Autoencoder(2, batch_size=15))
found["any estimator"] = refusal(OutlierDetector(Autoencoder(2)))
graph = kneighbors_graph(mine, 3, mode="distance")
found["graph"] = refusal(NeighborEmbedding(2, metric="precomputed", graph=graph))
found["unlike detectors"] = refusal(AutoencoderDetector(novelty=bool(rank)))
far = AutoencoderDetector(support_fraction=0.5, **TWO)
mine = mine * (1 + 99 * rank)
found["outliers alone"] = refusal(far)
mine = halves[rank]
watched = {**DENSE, "epochs": 3, "callbacks": keras.callbacks.Callback()}
wanted = VariationalAutoencoder(2, **watched).fit(mine)
stopped = killed(VariationalAutoencoder(2, **watched))
mine = mine + np.float32(rank)
found["other data"] = refusal(stopped)
mine = halves[rank]
stopped.fit(mine)
pairs = zip(wanted._network.values, stopped._network.values)
found["resumed"] = [bool(np.array_equal(a, b)) for a, b in pairs]
found["clustered"] = clustered()
unseeded = Autoencoder(2, **{**DENSE, "random_state": None}).fit(mine)
if not ON_JAX:
    found["compared neighbours"] = refusal(NEAR)
    found["compared"] = refusal(WassersteinAutoencoder(2, **DENSE))
    from skunsup._training import _torch
    found["traced"], long = [], {**SMALL, "epochs": 12}
    for model in Autoencoder(2, **long), GAN(2, **long):
        _torch.UNTRACED_STEPS = 30
        traced = model.fit(mine)._network.values
        _torch.UNTRACED_STEPS = 10_000
        plain = model.fit(mine)._network.values
        found["traced"].append(all(map(np.array_equal, traced, plain)))
found["sum"] = float(sum(np.abs(v).sum() for v in unseeded._network.values))
found["digest"] = [v.tolist() for v in two[0]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def in_two_processes(tmp_path_factory):
    """Results of each of two processes, which train together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    joined = JOINED_BY_JAX if keras.backend.backend() == "jax" else JOINED_BY_TORCH
    root = str(Path(__file__).parents[1])
    here = tmp_path_factory.mktemp("two")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", joined + TWO, str(rank), str(port)],
            env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ended = [run.communicate(timeout=500) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    return [json.loads(out.splitlines()[-1]) for out, _ in ended]


@by_processes
def test_two_processes_train_what_one_does(in_two_processes):
    """On the same minibatches: drawn and adversarial ones, a source, X_val, labels."""
    first, second = in_two_processes
    assert max(first["apart"]) < 1e-6
    assert first["apart"][0] > 0
    assert first["digest"] == second["digest"]


@by_processes
def test_two_processes_detect_what_one_does(in_two_processes):
    """Threshold, trimming, neighbours, covariance and tails are those of all rows."""
    first, second = in_two_processes
    assert max(first["detectors"]) < 1e-6
    assert first["detected"] == second["detected"]


@by_processes
def test_without_a_seed_two_processes_start_alike(in_two_processes):
    assert in_two_processes[0]["sum"] == in_two_processes[1]["sum"]


@by_processes
def test_two_processes_refuse_what_one_has_to_see(in_two_processes):
    for found in in_two_processes:
        assert "process 1 has another network" in found["unlike"]
        assert "15 rows cannot be cut among the 2 processes" in found["columns"]
        assert "such as 16" in found["columns"]
        assert "OutlierDetector fits any estimator" in found["any estimator"]
        assert "numbers of rows of one process" in found["graph"]
        assert "another set of detection parameters" in found["unlike detectors"]
        assert "Process 1 of the 2" in found["outliers alone"]


@by_processes
def test_two_processes_go_on_from_one_checkpoint(in_two_processes):
    for found in in_two_processes:
        assert all(found["resumed"])
        assert "written by a fit with another X, X_val" in found["other data"]


@by_processes
def test_two_processes_find_the_same_clusters(in_two_processes):
    first, second = (found["clustered"] for found in in_two_processes)
    assert first == second
    assert first[1] == pytest.approx([64.0])  # a share of 1 for each row of both


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has them")
def test_other_backends_refuse_several_devices(monkeypatch):
    monkeypatch.setattr(keras.distribution, "distribution", lambda: object())
    with pytest.raises(ValueError, match=r"uses one device\. Set KERAS_BACKEND=jax"):
        Autoencoder(2, epochs=1).fit(np.eye(4))


@on_torch
def test_processes_of_torch_refuse_losses_over_a_minibatch(in_two_processes):
    for found in in_two_processes:
        assert "compares the rows of a minibatch" in found["compared"]
        assert "set KERAS_BACKEND=jax" in found["compared"]
        assert "compares the rows of a minibatch" in found["compared neighbours"]


@on_torch
def test_processes_of_torch_trace_what_they_compute(in_two_processes):
    assert in_two_processes[0]["traced"] == [True, True]


@on_torch
def test_processes_of_torch_are_joined_by_gloo(monkeypatch):
    import torch

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_backend", lambda: "nccl")
    with pytest.raises(ValueError, match=r"joined by 'nccl'.* goes by gloo"):
        Autoencoder(2, epochs=1).fit(np.eye(4))
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 1)
    Autoencoder(2, epochs=1).fit(np.eye(4))
