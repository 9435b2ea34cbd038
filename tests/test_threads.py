"""Pieces of work in several threads, and rows of one network among them."""

import sys
import threading

import numpy as np
import pytest

from skunsup import Autoencoder
from skunsup import _threads as threads
from skunsup._training import _fitted

QUICK = {"hidden_layer_sizes": (16,), "epochs": 3, "random_state": 0}


@pytest.fixture
def allowed(monkeypatch):
    """Returns a function that says how many threads there may be."""

    def allow(n):
        monkeypatch.setattr(threads, "n_threads", lambda: n)
        monkeypatch.setattr(_fitted, "n_threads", lambda: n)

    return allow


def test_results_are_in_order(allowed):
    allowed(3)
    assert threads.in_threads(lambda i: 2 * i, range(50)) == list(range(0, 100, 2))


def test_pieces_may_have_pieces(allowed):
    """Nobody waits for a thread that waits for him."""
    allowed(8)

    def total(depth):
        if not depth:
            return 1
        return sum(threads.in_threads(total, [depth - 1] * 3))

    assert total(4) == 3**4


def test_a_busy_thread_is_not_waited_for(allowed, monkeypatch):
    allowed(2)
    one = threads.ThreadPoolExecutor(1)
    monkeypatch.setattr(threads, "_threads", lambda: one)
    free = threading.Event()
    one.submit(free.wait)
    assert threads.in_threads(str, range(3)) == ["0", "1", "2"]
    free.set()
    one.shutdown()


@pytest.mark.parametrize("bad", [0, 9])
def test_an_error_is_raised_and_ends_the_work(allowed, bad):
    allowed(2)

    def refuse(i):
        if i == bad:
            raise KeyError(i)

    with pytest.raises(KeyError):
        threads.in_threads(refuse, range(10))


@pytest.mark.parametrize("n", [33, 700, 3000])
def test_threads_do_not_change_a_bit_of_what_a_row_gets(blobs, allowed, n):
    model = Autoencoder(**QUICK).fit(blobs)
    X = np.resize(blobs, (n, blobs.shape[1]))
    allowed(1)
    whole = [model.transform(X), model.score_samples(X)]
    for n_threads in (2, 3):
        allowed(n_threads)
        np.testing.assert_array_equal(model.transform(X), whole[0])
        np.testing.assert_array_equal(model.score_samples(X), whole[1])


@pytest.mark.parametrize("n", [1, 64, 256, 300, 1000, 10_000])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_parts_are_all_rows_in_calls_of_equal_size(n, n_threads):
    parts = _fitted._parts(n, 256 if n > 32 else 1, 32, n_threads)
    rows = [row for part in parts for row in range(n)[part]]
    assert rows == list(range(n))
    sizes = [part.stop - part.start for part in parts]
    assert len(set(sizes)) == 1
    assert sizes[0] <= 256 * 32
    assert len(parts) == 1 or sizes[0] >= 32 * 32


def test_a_row_is_scored_in_few_calls(blobs, compiles):
    """Time of one row is that of Python calls; checks of arguments made hundreds."""
    if not compiles:
        pytest.skip("Keras's own calls, one for each layer")
    model, row, counts = Autoencoder(**QUICK).fit(blobs), blobs[:1], []
    for _ in range(3):  # the collector may run within one of them
        calls = []
        sys.setprofile(lambda frame, event, _, calls=calls: calls.append(event))
        try:
            model.score_samples(row)
        finally:
            sys.setprofile(None)
        counts.append(calls.count("call"))
    assert min(counts) < 180
