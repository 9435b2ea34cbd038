"""Rows are read, and minibatches are drawn."""

import numpy as np
import pytest
import scipy.sparse as sp

from skunsup._training import as_rows, weighted_sample
from skunsup._training._minibatches import batches
from skunsup._training._rows import MappedRows
from skunsup._training._sampling import WeightedSampler

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 7))


def sample_of(X, weight=None):
    return weighted_sample(as_rows(X), weight)


def content(X, sample):
    """Rows and weights of a sample, without its row numbers."""
    weight = np.ones(len(sample.index)) if sample.weight is None else sample.weight
    return np.float32(X[sample.index]), weight


def test_every_source_gives_the_same_rows(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    sources = [X, sp.csr_array(X), sp.csr_matrix(X), mapped, np.asfortranarray(X)]
    index = np.array([3, 49, 3, 0])
    for source in sources:
        rows = as_rows(source)
        assert rows.take(index).dtype == np.float32
        np.testing.assert_array_equal(rows.take(index), np.float32(X[index]))
        np.testing.assert_array_equal(rows.take(slice(5, 9)), np.float32(X[5:9]))
        np.testing.assert_array_equal(
            rows.part(index).take(np.array([1, 0])), np.float32(X[[49, 3]])
        )
    assert isinstance(as_rows(mapped), MappedRows)
    assert not isinstance(as_rows(mapped[::2]), MappedRows)


def test_blocks_cover_all_rows_in_order(monkeypatch):
    monkeypatch.setattr("skunsup._training._rows.BLOCK_BYTES", 4 * 7 * 12)
    blocks = list(as_rows(X).blocks())
    assert [len(block) for block in blocks] == [12, 12, 12, 12, 2]
    np.testing.assert_array_equal(np.concatenate(blocks), np.float32(X))


def test_mapped_rows_are_gathered_region_by_region(tmp_path, monkeypatch):
    monkeypatch.setattr("skunsup._training._rows.REGION_BYTES", 8 * 7 * 4)
    np.save(tmp_path / "X.npy", X)
    rows = as_rows(np.load(tmp_path / "X.npy", mmap_mode="r"))
    index = rng.permutation(50)
    np.testing.assert_array_equal(rows.take(index), np.float32(X[index]))


def test_sample_depends_on_content_alone():
    order = rng.permutation(50)
    rows, weight = content(X, sample_of(X))
    shuffled, same = content(X[order], sample_of(X[order]))
    np.testing.assert_array_equal(rows, shuffled)
    np.testing.assert_array_equal(weight, same)


def test_weights_equal_repetition():
    weight = rng.integers(0, 4, size=50)
    order = rng.permutation(50)
    repeated = X.repeat(weight, axis=0)
    weighted = sample_of(X[order], weight[order].astype(float))
    expected = content(repeated, sample_of(repeated))
    for ours, theirs in zip(content(X[order], weighted), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert weighted.n_draws == len(repeated)


def test_small_whole_numbers_do_not_collide():
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 5), axis=-1).reshape(-1, 5)
    assert len(sample_of(grid).index) == 8**5


def test_minus_zero_is_zero():
    assert len(sample_of(np.array([[0.0, 1.0], [-0.0, 1.0]])).index) == 1


def test_draw_takes_each_row_once():
    sample = WeightedSampler(np.arange(40), None)
    drawn = sample.draw(40, np.random.default_rng(1))
    assert not np.array_equal(drawn, np.arange(40))
    np.testing.assert_array_equal(np.sort(drawn), np.arange(40))


@pytest.mark.parametrize("n_draws", [40, 64, 100])
def test_draw_is_proportional_to_weight(n_draws):
    weight = rng.uniform(0.1, 3.0, size=20)
    sample = WeightedSampler(np.arange(20), weight)
    counts = np.bincount(sample.draw(n_draws, np.random.default_rng(1)), minlength=20)
    expected = n_draws * weight / weight.sum()
    assert (np.abs(counts - expected) < 1 + 1e-9).all()


def test_uniform_weights_draw_as_no_weights():
    plain = WeightedSampler(np.arange(30), None).draw(48, np.random.default_rng(2))
    ones = WeightedSampler(np.arange(30), np.ones(30)).draw(
        48, np.random.default_rng(2)
    )
    np.testing.assert_array_equal(plain, ones)


def test_weights_that_sum_to_one_still_draw_every_row():
    assert WeightedSampler(np.arange(9), np.full(9, 1 / 9)).n_draws == 9


def test_split_keeps_equal_rows_together():
    doubled = np.concatenate([X, X])
    rest, held = sample_of(doubled).split(0.3, np.random.default_rng(0))
    assert len(held.index) == 15
    assert not set(rest.index) & set(held.index)
    assert (rest.weight == 2).all()


def test_mean_is_weighted():
    sample = WeightedSampler(np.arange(2), np.array([3.0, 1.0]))
    rows = as_rows(np.array([[1.0], [5.0]]))
    assert sample.mean_over(rows, lambda rows: rows.X[:, 0]) == 2.0


def test_batches_fill_the_last_block():
    pieces = [np.arange(3), np.arange(3, 19), np.arange(19, 24)]
    blocks = list(batches(pieces, as_rows(X), batch_size=4, n_steps=4, block_size=4))
    assert [block.shape for block, _ in blocks] == [(4, 4, 7)] * 2
    assert [n for _, n in blocks] == [4, 2]
    np.testing.assert_array_equal(blocks[1][0][0], np.float32(X[16:20]))
    last = list(batches(pieces, as_rows(X), 4, 4, 4, first=1))
    np.testing.assert_array_equal(last[0][0][:2], blocks[1][0][:2])
