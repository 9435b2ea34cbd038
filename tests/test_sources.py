"""Data that are read a chunk at a time."""

import errno
import os
import sys
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import skunsup
from skunsup import (
    AAEClassifier,
    ArraySource,
    Autoencoder,
    AutoencoderDetector,
    NeighborClustering,
    ParquetSource,
    Source,
    Table,
    Text,
    VariationalAutoencoder,
    write_parquet,
)
from skunsup._training import Rows, _rows, _source_rows
from skunsup._training._bagging import EnsembleConfig, bagged_sampler
from skunsup._training._sampling import BaggedSampler
from skunsup._training._source_rows import SourceRows
from skunsup.outliers import _judged

from .helpers import on_torch_or_asked, unchanged

N, D = 64, 4
X = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
MODEL = Autoencoder(2, hidden_layer_sizes=(8,), batch_size=8, epochs=6, random_state=0)
STOPPED = clone(MODEL).set_params(early_stopping=True)


class Chunks(Source):
    """Chunks of an array, a frame or a list, of eight rows by default."""

    def __init__(self, data, boundaries=None):
        self.data, self.n_reads = data, 0
        ends = np.append(np.arange(0, len(data), 8), len(data))
        self.boundaries = ends if boundaries is None else np.asarray(boundaries)

    def read(self, i):
        self.n_reads += 1
        return self.data[self.boundaries[i] : self.boundaries[i + 1]]


@pytest.fixture
def small_shelves(monkeypatch):
    """Let two chunks be shuffled together."""
    monkeypatch.setattr(_source_rows, "SHELF_BYTES", 2 * 8 * D * 4)


def peak_of(fit, *given):
    """Return the most memory of Python and NumPy that a call held, in bytes."""
    tracemalloc.start()
    try:
        fit(*given)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def rows_of(source):
    return SourceRows(source.read, source.boundaries, D)


# Rows and their order -----------------------------------------------------------------


def test_rows_are_those_of_the_chunks(small_shelves):
    rows = rows_of(Chunks(X))
    for at in (slice(3, 21), slice(None), np.array([60, 3, 3, 17]), np.array([], int)):
        assert np.array_equal(rows.take(at), X[at])
    part = rows.part(np.array([9, 1, 40]))
    assert np.array_equal(part.take(slice(1, 3)), X[[1, 40]])


def test_an_epoch_draws_each_row_once_and_reads_each_chunk_once(small_shelves):
    source = Chunks(X)
    rows = rows_of(source)
    rng = np.random.default_rng(0)
    orders = []
    for epoch in range(1, 4):
        drawn = rows.own_sampler(None).draw(N, rng)
        assert np.array_equal(np.sort(drawn), np.arange(N))
        for block in np.array_split(drawn, 16):
            rows.take(block)
        chunks_left_over = 2 * rows.chunks_of_shelf * (epoch - 1)
        assert 8 * epoch - chunks_left_over <= source.n_reads <= 8 * epoch
        orders.append(drawn)
    assert not np.array_equal(orders[0], orders[1])


def test_rows_of_a_shelf_are_mixed(small_shelves):
    drawn = rows_of(Chunks(X)).own_sampler(None).draw(N, np.random.default_rng(0))
    for shelf in np.split(drawn // 8, 4):
        assert len(set(shelf)) == 2
        assert (np.diff(shelf) != 0).sum() > 3


@pytest.mark.parametrize("n_draws", [N, N + 1, 99, 100, 2 * N - 1, 7])
def test_draws_are_spread_over_all_rows(small_shelves, n_draws):
    source = Chunks(X, [0, 1, 9, 30, 63, 64])
    for seed in range(20):
        sampler = rows_of(source).own_sampler(None)
        pieces = list(sampler.pieces(n_draws, np.random.default_rng(seed)))
        counts = np.bincount(np.concatenate(pieces), minlength=N)
        assert counts.sum() == n_draws
        assert counts.max() - counts.min() <= 1


def test_blocks_that_reach_into_the_next_shelf_read_chunks_once(small_shelves):
    source = Chunks(X)
    rows = rows_of(source)
    drawn = rows.own_sampler(None).draw(N, np.random.default_rng(0))
    for block in np.array_split(drawn, 7):
        rows.take(block)
        assert len(rows._held) <= rows.chunks_of_shelf
    assert source.n_reads == 8


def test_rows_are_held_out_of_each_chunk(small_shelves):
    rows = rows_of(Chunks(X, [0, 1, 9, 30, 63, 64]))
    rng = np.random.default_rng(0)
    rest, held = rows.own_sampler(None).split(0.25, rng)
    assert (rest.n_rows, held.n_rows) == (48, 16)
    both = np.concatenate([rest.index, held.index])
    assert np.array_equal(np.sort(both), np.arange(N))
    found = np.histogram(held.index, rows.boundaries)[0]
    assert (np.abs(found - np.diff(rows.boundaries) / 4) < 1).all()
    for part in (rest, held):
        assert_drawn(part, rng)
    assert np.array_equal(held.rows_of(rows).take(slice(2, 9)), X[held.index[2:9]])


def assert_drawn(part, rng):
    """Check that rows of a sampler are drawn once an epoch, or about as often."""
    drawn = part.draw(part.n_draws, rng)
    assert np.array_equal(np.sort(drawn), part.index)
    counts = np.bincount(part.draw(99, rng), minlength=N)
    assert counts[part.index].min() == 99 // part.n_rows
    assert counts.sum() == counts[part.index].sum() == 99


def test_rows_are_those_of_a_mask(small_shelves):
    rows = rows_of(Chunks(X, [0, 1, 9, 30, 63, 64]))
    mask, rng = np.arange(N) % 3 == 1, np.random.default_rng(0)
    part = rows.own_sampler(mask)
    assert np.array_equal(part.index, np.flatnonzero(mask))
    half = part.part(np.arange(part.n_rows) % 2 == 0)
    assert np.array_equal(half.index, np.flatnonzero(mask)[::2])
    for each in (part, half):
        assert_drawn(each, rng)
    hashes = half.by_hash(rows, lambda hashes: hashes)
    assert np.array_equal(hashes, rows.hashes[half.index])


def test_draws_do_not_take_memory_by_the_row():
    n, n_chunks = 5_000_000, 100
    rows = SourceRows(None, np.linspace(0, n, n_chunks + 1).astype(int), 1000)
    rng, mask = np.random.default_rng(0), np.ones(n, bool)

    def draw():
        whole = rows.own_sampler(None)
        halves = whole.split(0.5, rng)
        for sample in (whole, whole.split(0.1, rng)[0], rows.own_sampler(mask)):
            n_draws = sample.n_rows + 99
            assert sum(map(len, sample.pieces(n_draws, rng))) == n_draws
        assert sum(map(len, BaggedSampler(whole, halves).pieces(n, rng))) == n

    assert peak_of(draw) < n


def test_networks_are_dealt_rows_in_little_memory(monkeypatch):
    monkeypatch.setattr(_rows, "BLOCK_BYTES", 2**14)
    n, chunk = 400_000, np.zeros((1000, 1), np.float32)
    rows = SourceRows(lambda i: chunk, np.arange(0, n + 1, 1000), 1)
    dealt = partial(bagged_sampler, members=EnsembleConfig(4, 0.5, 1.0, 0))
    # A byte for up to eight networks, twice, and a mask, made of another.
    assert peak_of(dealt, rows, rows.own_sampler(None)) < 5 * n


def test_rows_are_drawn_by_weight():
    weight = np.zeros(N)
    weight[[3, 40]] = 1, 2
    drawn = rows_of(Chunks(X)).own_sampler(weight).draw(30, np.random.default_rng(0))
    assert np.bincount(drawn, minlength=N)[[3, 40]].tolist() == [10, 20]


# Fits ---------------------------------------------------------------------------------


def test_a_fit_learns_as_from_an_array():
    by_chunk, whole = clone(MODEL).fit(Chunks(X)), clone(MODEL).fit(X)
    assert_allclose(by_chunk.history_["loss"], whole.history_["loss"], rtol=0.2)
    assert by_chunk.history_["loss"][-1] < by_chunk.history_["loss"][0]
    assert np.array_equal(by_chunk.transform(Chunks(X)), by_chunk.transform(X))
    assert by_chunk.transform(Chunks(X)).dtype == np.float32
    again = clone(STOPPED).fit(Chunks(X, [0, 8, 64]))
    assert again.n_features_in_ == D
    assert again.history_["val_loss"][-1] < again.history_["val_loss"][0]


def test_fewer_rows_than_a_minibatch():
    model = clone(MODEL).set_params(batch_size=64, epochs=1)
    assert np.isfinite(model.fit(Chunks(X[:10])).history_["loss"]).all()


def test_the_same_seed_gives_the_same_fit(small_shelves):
    one, two = (clone(STOPPED).fit(Chunks(X)) for _ in range(2))
    assert np.array_equal(one.transform(X), two.transform(X))


def test_rows_to_judge_by_may_be_a_source():
    model = clone(STOPPED).fit(X, X_val=Chunks(X[:16]))
    assert model.history_ == clone(STOPPED).fit(X, X_val=X[:16]).history_


@on_torch_or_asked
@pytest.mark.parametrize("init", ["pca", "layerwise"])
def test_starts_read_sources(init):
    model = clone(MODEL).set_params(init=init).fit(Chunks(X))
    assert np.isfinite(model.history_["loss"]).all()


@on_torch_or_asked
def test_detectors_read_sources():
    detector = AutoencoderDetector(max_steps=20, random_state=0).fit(Chunks(X))
    assert np.array_equal(detector.score_samples(Chunks(X)), detector.score_samples(X))
    several = AutoencoderDetector(
        n_estimators=2, max_samples=0.5, max_steps=20, random_state=0
    )
    assert np.isfinite(several.fit(Chunks(X)).score_samples(X)).all()


@on_torch_or_asked
def test_thresholds_come_from_so_many_rows(monkeypatch):
    """The same for rows in memory and in a source; what is kept does not grow."""
    monkeypatch.setattr(_judged, "MOST_JUDGED", 32)
    model = AutoencoderDetector(max_steps=20, random_state=0)
    weight = np.arange(N) % 2
    for detector in (clone(model), clone(model).set_params(novelty=True)):
        detector.fit(Chunks(X), sample_weight=weight)
        assert len(detector._ensemble_scorer.known) <= 32
        assert np.mean(detector.predict(X[1::2]) == 1) > 0
    judged = _judged.Judged(Rows(np.arange(N)[:, None]), weight)
    found = judged.of(lambda rows: rows.X[:, 0])
    assert np.array_equal(found // 2, np.arange(32))
    assert np.array_equal(judged.weight, found % 2)


@on_torch_or_asked
def test_labels_go_with_the_rows_of_a_source():
    y = np.where(X[:, 0] > 0, "right", "left")
    model = AAEClassifier(
        2, learning_rate=0.01, epochs=15, batch_size=8, random_state=0
    )
    assert model.fit(Chunks(X), y).score(X, y) > 0.9


@on_torch_or_asked
def test_neighbours_are_those_of_an_array():
    model = NeighborClustering(
        3, hidden_layer_sizes=(8,), batch_size=8, epochs=2, random_state=0
    )
    by_chunk = clone(model).fit(Chunks(X)).predict_proba(X)
    assert np.array_equal(by_chunk, clone(model).fit(X).predict_proba(X))


@on_torch_or_asked
def test_kinds_read_sources():
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=["x", "y"] * (N // 2))
    table.loc[5, "a"] = np.nan
    model = VariationalAutoencoder(2, inputs=Table(), epochs=2, random_state=0)
    by_chunk = model.fit(Chunks(table))
    assert by_chunk.reconstruct(Chunks(table)).columns.tolist() == list(table.columns)
    texts = ["a short text", "another one", "words"] * 6
    read = Autoencoder(2, inputs=Text(), epochs=1, random_state=0).fit(Chunks(texts))
    assert np.array_equal(read.transform(Chunks(texts)), read.transform(texts))


def test_a_category_out_of_few_rows_is_not_known(monkeypatch):
    monkeypatch.setattr("skunsup.inputs._sources.MOST_LEARNED", 8)
    table = pd.DataFrame({"kind": ["x", "y", "y", "x", "y", "x", "z", "y"] * 8})
    model = Autoencoder(1, inputs=Table(), epochs=1)
    with pytest.raises(ValueError, match=r"In chunk 0 \(rows 0 to 7\): .*'z'"):
        model.fit(Chunks(table))


IN_MEMORY = [
    StandardScaler(),
    skunsup.Images(),
    skunsup.OutlierDetector(PCA(2)),
    skunsup.PretrainedFeatures(),
    skunsup.Sequences(),
    skunsup.SlidingWindows(2),
    skunsup.Table(),
    skunsup.Text(),
    skunsup.TokenVectorizer(),
]


@pytest.mark.parametrize("step", IN_MEMORY, ids=repr)
def test_steps_that_read_no_sources_say_what_to_do(step):
    with unchanged(step), pytest.raises(TypeError, match=r"X\.map\(step\.transform"):
        step.fit(Chunks(X))


# Bad sources --------------------------------------------------------------------------


def test_a_bad_number_is_named_with_its_chunk():
    bad = X.copy()
    bad[20, 1] = np.nan
    model = clone(MODEL)
    with unchanged(model), pytest.raises(ValueError, match=r"rows 16 to 23\).*row 4"):
        model.fit(Chunks(bad))


@pytest.mark.parametrize(
    ("boundaries", "message"),
    [
        ([0], "has no rows"),
        ([], "expected whole numbers from 0 up"),
        ([1, 64], "expected whole numbers from 0 up"),
        ([0.0, 64.0], "expected whole numbers from 0 up"),
        ([0, 8, 8, 64], "does not increase at 1"),
        ([0, 8, 70], r"read\(1\) returned 56 rows, but its boundaries say 62"),
    ],
)
def test_bad_boundaries(boundaries, message):
    with pytest.raises(ValueError, match=message):
        clone(MODEL).fit(Chunks(X, boundaries))


class Changed(Chunks):
    """Chunks of X, as a function makes them but for the first."""

    def __init__(self, function, first=1):
        super().__init__(X)
        self.function, self.first = function, first

    def read(self, i):
        chunk = super().read(i)
        return self.function(chunk) if i >= self.first else chunk


def test_chunks_of_another_kind():
    with pytest.raises(TypeError, match="dict, but expected a NumPy array"):
        clone(MODEL).fit(Changed(lambda chunk: dict.fromkeys(range(len(chunk))), 0))
    with pytest.raises(TypeError, match="returned NoneType, but expected a NumPy"):
        clone(MODEL).fit(Changed(lambda chunk: None))
    with pytest.raises(ValueError, match=r"shape \(3,\), but .* \(4,\): chunk 1"):
        clone(MODEL).fit(Changed(lambda chunk: chunk[:, :3]))
    frames = Changed(lambda chunk: pd.DataFrame(chunk).rename(columns={0: "a"}))
    with pytest.raises(ValueError, match=r"with columns 'a', 1, .* array with rows"):
        clone(MODEL).fit(frames)
    with pytest.raises(ValueError, match=r"In chunk 1 .*3 features"):
        clone(STOPPED).fit(X).transform(Changed(lambda chunk: chunk[:, :3]))


# Arrays -------------------------------------------------------------------------------


def test_arrays_of_libraries(tmp_path):
    h5py = pytest.importorskip("h5py")
    da = pytest.importorskip("dask.array")
    wanted = clone(STOPPED).fit(ArraySource(X)).transform(X)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", data=X, chunks=(8, D))
        closing = ArraySource(stored)
        found = clone(STOPPED).fit(closing).transform(closing)
    assert np.array_equal(found, wanted)
    lazy = da.from_array(X, chunks=(10, 2))
    assert np.array_equal(np.concatenate(list(ArraySource(lazy))), X)
    model = clone(MODEL).set_params(epochs=1)
    broken = lazy.map_blocks(lambda block: 1 // 0, dtype=np.float32)
    for source in (closing, ArraySource(broken)):  # the file of the first is closed
        with pytest.raises(ValueError, match=r"Rows 0 to 63 .*Keep its file open"):
            model.fit(source)
    with pytest.raises(ValueError, match=r"array cannot be read .*Open its file"):
        ArraySource(stored)


def test_an_array_that_is_cut_is_an_error(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", data=X, chunks=(8, D), maxshape=(None, D))
        source = ArraySource(stored)
        stored.resize((40, D))
        with pytest.raises(ValueError, match=r"40 rows, but .* say 64.* source anew"):
            clone(MODEL).fit(source)


class Stored:
    """Shape, type and chunks of an array that is too large to make."""

    shape, dtype, chunks = (1_000_000, 100), np.dtype(np.float32), (1000, 100)


def test_small_chunks_are_read_together():
    boundaries = ArraySource(Stored()).boundaries
    sizes = np.diff(boundaries)
    assert (sizes[:-1] % 1000 == 0).all()
    assert 2 * 2**20 <= 400 * sizes[0] <= 4 * 2**20
    assert boundaries[-1] == 1_000_000


def test_arrays_without_rows():
    for array in (np.zeros((0, 3)), np.float32(3)):
        with pytest.raises(ValueError, match="has no rows"):
            ArraySource(array)


# Parquet ------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    table = pd.DataFrame(X, columns=list("abcd"))
    table[:40].to_parquet(tmp_path / "a.parquet", row_group_size=16)
    table[40:].to_parquet(tmp_path / "b.parquet")
    (tmp_path / "notes.txt").write_text("not a table")
    return tmp_path


def test_a_folder_is_its_row_groups(folder):
    source = ParquetSource(folder)
    assert source.boundaries.tolist() == [0, 16, 32, 40, 64]
    assert np.array_equal(pd.concat(list(source)).to_numpy(), X)
    narrow = ParquetSource(folder / "a.parquet", columns=["c", "a"])
    assert np.array_equal(narrow.read(1).to_numpy(), X[16:32, [2, 0]])


def test_scores_are_written_by_the_chunk(folder):
    source = ParquetSource(folder)
    scaler = StandardScaler()
    for chunk in source:
        scaler.partial_fit(chunk)
    scaled = source.map(scaler.transform)
    model = clone(STOPPED).fit(scaled)
    written = write_parquet(model.score_samples, scaled, folder / "out", ["score"])
    assert written.boundaries.tolist() == source.boundaries.tolist()
    found = pd.concat(list(written))["score"].to_numpy()
    assert np.array_equal(found, model.score_samples(scaled))
    with pytest.raises(ValueError, match="holds Parquet files"):
        write_parquet(model.score_samples, scaled, folder / "out")
    with pytest.raises(ValueError, match="returned 1 rows for the 16 rows of row gr"):
        write_parquet(lambda chunk: [0], source, folder / "other")


class Fails:
    """Ones for each row, and what it was made with in the third call."""

    def __init__(self, what):
        self.what, self.n_calls = what, 0

    def __call__(self, chunk):
        self.n_calls += 1
        if self.n_calls < 3:
            return np.ones(len(chunk))
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what(chunk)


class FullDisk(pd.DataFrame):
    """A table for which there is no space."""

    def to_parquet(self, path, **given):
        path.write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28]")


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        (FullDisk, OSError, r"out'.*No space left on device.*Free space there"),
        (lambda chunk: [0], ValueError, "returned 1 rows"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (OSError("no model"), OSError, "^no model$"),
    ],
)
def test_nothing_is_left_of_scores_that_were_not_written(folder, what, error, words):
    out = folder / "out"
    with pytest.raises(error, match=words):
        write_parquet(Fails(what), ParquetSource(folder), out)
    assert not list(out.iterdir())
    assert len(write_parquet(np.ravel, Chunks(X[:16, 0]), out)) == 16


@pytest.mark.parametrize("package", ["pyarrow", "pandas"])
def test_missing_packages_are_named_before_scores_are_computed(
    folder, monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match="pip install pyarrow pandas"):
        write_parquet(Fails(KeyboardInterrupt()), Chunks(X), folder / "out")
    assert not (folder / "out").exists()


@pytest.mark.parametrize("array", [pd.DataFrame(X), "X.npy", Path("X.npy")])
def test_what_is_no_array_is_refused(array):
    with pytest.raises(TypeError, match=r"but expected an array.*to_numpy\(\)"):
        ArraySource(array)


def test_a_folder_that_cannot_be_made_is_named(folder):
    with pytest.raises(FileExistsError, match=r"notes.txt' cannot be written to"):
        write_parquet(np.ravel, Chunks(X), folder / "notes.txt")


def test_a_file_that_changes_is_an_error(folder):
    source = ParquetSource(folder)
    pd.DataFrame(X[:30], columns=list("abcd")).to_parquet(folder / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet' has changed"):
        clone(STOPPED).fit(source.map(lambda chunk: chunk)).transform(source)
    (folder / "b.parquet").unlink()
    with pytest.raises(ValueError, match="has changed"):
        source.read(3)


def test_files_with_other_columns_are_an_error(folder):
    table = pd.DataFrame(X, columns=list("abcd"))
    others = {
        "no column": table[["a", "b", "c"]],
        "e double": table.rename(columns={"d": "e"}).astype({"e": float}),
        "d double": table.astype({"d": float}),
    }
    for message, other in others.items():
        other.to_parquet(folder / "c.parquet")
        with pytest.raises(ValueError, match=rf"c\.parquet' has {message} .*a\.parq"):
            ParquetSource(folder)
    assert len(ParquetSource(folder, columns=["a", "b"])) == 2 * N
    with pytest.raises(ValueError, match=r"has no column 'z'\. Its columns are 'a'"):
        ParquetSource(folder, columns=["z"])


def test_a_new_file_is_named_once(folder):
    source = ParquetSource(folder)
    pd.DataFrame(X, columns=list("abcd")).to_parquet(folder / "c.parquet")
    with pytest.warns(UserWarning, match=r"new file 'c\.parquet', which is not read"):
        source.read(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source.read(1)


def test_a_damaged_file_is_named(folder):
    source = ParquetSource(folder)
    file = folder / "b.parquet"
    known, content = file.stat(), bytearray(file.read_bytes())
    content[4:100] = bytes(96)
    file.write_bytes(content)
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
    with pytest.raises(ValueError, match=r"b\.parquet' cannot be read as Parquet"):
        source.read(source.n_chunks - 1)
    file.write_bytes(content[:100])
    with pytest.raises(ValueError, match=r"b\.parquet' cannot .* Write it anew"):
        ParquetSource(folder)


def test_an_error_of_a_source_says_where():
    class Broken(Chunks):
        def read(self, i):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="is gone") as found:
        clone(MODEL).fit(Broken(X))
    assert "X.read(0), for chunk 0 (rows 0 to 7)" in found.value.__notes__[0]


def test_no_files(tmp_path):
    for path in (tmp_path, tmp_path / "none.parquet"):
        with pytest.raises(ValueError, match="is no file, and no folder with files"):
            ParquetSource(path)
    pd.DataFrame({"a": []}).to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(ValueError, match="has no rows"):
        ParquetSource(tmp_path)
