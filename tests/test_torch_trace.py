"""Traces of steps and of scores give the same bits."""

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skunsup import GAN, Autoencoder, VariationalAutoencoder
from skunsup._training import _fitted

torch = pytest.importorskip("torch")
make_fx = pytest.importorskip("torch.fx.experimental.proxy_tensor").make_fx
_torch_trace = pytest.importorskip("skunsup._training._torch_trace")
_torch_weights = pytest.importorskip("skunsup._training._torch_weights")
_torch_scoring = pytest.importorskip("skunsup._training._torch_scoring")


def shortened(traced):
    """Return a trace as a function of fewer calls."""
    return _torch_trace.called_sooner(_torch_trace.reduced(traced))


def slopes(x, kernel):
    """Return the gradient of a mean square, flat, as a step computes it."""
    loss = torch.square(x @ kernel - x).mean(-1).mean()
    (slope,) = torch.autograd.grad(loss, [kernel])
    column_sum = x.sum(0, keepdim=True).reshape(3)
    return torch.cat([slope.reshape(9).reshape(-1), column_sum.reshape(-1)]) * 0.5


def n_calls(module):
    return sum(node.op == "call_function" for node in module.graph.nodes)


def test_fewer_calls_give_the_same_bits():
    kernel = torch.randn(3, 3, requires_grad=True)
    traced = make_fx(lambda x: slopes(x, kernel))(torch.randn(5, 3))
    before = n_calls(traced)
    short = shortened(traced)
    assert n_calls(traced) <= before - 10
    for _ in range(3):
        x = torch.randn(5, 3)
        assert torch.equal(short(x), slopes(x, kernel))
    with torch.no_grad():
        kernel.mul_(2.0)
    assert torch.equal(short(x), slopes(x, kernel))


def itself(total):
    return total


def a_view(total):
    return total.reshape(1, 3)


@pytest.mark.parametrize("part", [itself, a_view])
def test_a_number_that_a_step_changes_is_made_anew(part):
    def counted(x):
        total = torch.ones_like(x)
        part(total).add_(x)
        return total * torch.tensor(2.0)

    short = shortened(make_fx(counted)(torch.zeros(3)))
    for _ in range(2):
        assert torch.equal(short(torch.ones(3)), torch.full((3,), 4.0))


def test_draws_stay_draws():
    def noisy(x):
        return x + torch.bernoulli(0.5 * torch.ones_like(x))

    short = shortened(make_fx(noisy)(torch.zeros(100)))
    assert not torch.equal(short(torch.zeros(100)), short(torch.zeros(100)))


def test_a_sum_that_is_used_in_two_shapes_keeps_its_axis():
    def both(x):
        kept = x.sum(0, keepdim=True)
        return kept.reshape(3), x - kept

    short = shortened(make_fx(both)(torch.ones(2, 3)))
    total, centred = short(torch.ones(2, 3))
    assert total.shape == (3,)
    assert torch.equal(centred, torch.full((2, 3), -1.0))


@pytest.mark.parametrize("model", [Autoencoder, VariationalAutoencoder, GAN])
def test_a_row_has_the_same_bits_once_its_calls_are_traced(model, monkeypatch):
    if keras.backend.backend() != "torch":
        pytest.skip("the other backends compile what scores rows")
    monkeypatch.setattr(_torch_scoring, "UNTRACED_CALLS", 3)
    traces = []
    trace = _torch_scoring.trace_for_weights
    monkeypatch.setattr(
        _torch_scoring,
        "trace_for_weights",
        lambda *given: traces.append(1) or trace(*given),
    )
    X = np.random.default_rng(0).normal(size=(100, 7)).astype(np.float32)
    fitted = model(3, hidden_layer_sizes=(11,), max_steps=5, random_state=0).fit(X)
    together = fitted.score_samples(X)
    alone = [fitted.score_samples(X[i : i + 1]) for i in range(8)]
    assert traces == [1]
    np.testing.assert_array_equal(np.concatenate(alone), together[:8])


def _in_parts(method, X):
    return np.concatenate([method(X[i : i + 64]) for i in range(0, len(X), 64)])


def test_rows_have_the_same_bits_in_pieces_of_a_trace(monkeypatch):
    if keras.backend.backend() != "torch":
        pytest.skip("the other backends compile what scores rows")
    monkeypatch.setattr(_torch_scoring, "PIECE_ROWS", 96)
    monkeypatch.setattr(_torch_scoring, "UNTRACED_CALLS", 3)
    X = np.random.default_rng(0).normal(size=(205, 7)).astype(np.float32)
    model = Autoencoder(3, hidden_layer_sizes=(11,), max_steps=5, random_state=0)
    _fitted._scorers.clear()
    pieces, by_pieces = [], _torch_scoring._by_pieces
    monkeypatch.setattr(
        _torch_scoring,
        "_by_pieces",
        lambda *given: pieces.append(given[0]) or by_pieces(*given),
    )
    one, two = model.fit(X), clone(model).set_params(random_state=1).fit(X)
    expected = [_in_parts(each.reconstruct, X) for each in (one, two)]
    for _ in range(2):  # each network's weights in turn
        for each, rows in zip((one, two), expected, strict=True):
            np.testing.assert_array_equal(each.reconstruct(X), rows)
    assert pieces[-1].is_traced(None, None)


def test_what_depends_on_weights_alone_is_computed_once():
    calls = []

    def function(weights, rows):
        return rows @ weights.exp() + torch.bernoulli(0.5 * torch.ones(3))

    once = _torch_weights.trace_for_weights(
        function, torch.zeros(3, 3), torch.ones(2, 3)
    )
    of_weights = once._of_weights
    once._of_weights = lambda weights: calls.append(1) or of_weights(weights)
    w, x = torch.zeros(3, 3), torch.ones(2, 3)
    drawn = torch.stack([once(w, x) for _ in range(30)])
    assert len(calls) == 1
    assert torch.equal(drawn.amin((0, 1)), torch.full((3,), 3.0))
    assert torch.equal(drawn.amax((0, 1)), torch.full((3,), 4.0))
    assert torch.equal(once(w + 1, x) > 8, torch.ones(2, 3, dtype=bool))


def test_memory_that_a_function_changes_is_made_anew():
    def function(weights, rows):
        total = weights + 1
        return total.add_(rows)

    once = _torch_weights.trace_for_weights(function, torch.zeros(3), torch.ones(3))
    weights = torch.zeros(3)
    for _ in range(2):
        assert torch.equal(once(weights, torch.ones(3)), torch.full((3,), 2.0))


def test_own_code_that_looks_at_values_stays_untraced():
    one = _torch_scoring._Traced(lambda w, x: torch.from_numpy(x.numpy() * 2))
    x = torch.ones(2)
    for _ in range(_torch_scoring.UNTRACED_CALLS + 2):
        assert torch.equal(one(None, x), 2 * x)
        x = x + 1
