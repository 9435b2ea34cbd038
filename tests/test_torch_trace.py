"""Traces of steps and of scores give the same bits."""

import keras
import numpy as np
import pytest

from skunsup import GAN, Autoencoder, VariationalAutoencoder

torch = pytest.importorskip("torch")
make_fx = pytest.importorskip("torch.fx.experimental.proxy_tensor").make_fx
lean = pytest.importorskip("skunsup._training._torch_trace").lean
_torch_scoring = pytest.importorskip("skunsup._training._torch_scoring")


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
    short = lean(traced)
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

    short = lean(make_fx(counted)(torch.zeros(3)))
    for _ in range(2):
        assert torch.equal(short(torch.ones(3)), torch.full((3,), 4.0))


def test_draws_stay_draws():
    def noisy(x):
        return x + torch.bernoulli(0.5 * torch.ones_like(x))

    short = lean(make_fx(noisy)(torch.zeros(100)))
    assert not torch.equal(short(torch.zeros(100)), short(torch.zeros(100)))


def test_a_sum_that_is_used_in_two_shapes_keeps_its_axis():
    def both(x):
        kept = x.sum(0, keepdim=True)
        return kept.reshape(3), x - kept

    short = lean(make_fx(both)(torch.ones(2, 3)))
    total, centred = short(torch.ones(2, 3))
    assert total.shape == (3,)
    assert torch.equal(centred, torch.full((2, 3), -1.0))


@pytest.mark.parametrize("model", [Autoencoder, VariationalAutoencoder, GAN])
def test_a_row_has_the_same_bits_once_its_calls_are_traced(model, monkeypatch):
    if keras.backend.backend() != "torch":
        pytest.skip("the other backends compile what scores rows")
    monkeypatch.setattr(_torch_scoring, "UNTRACED_CALLS", 3)
    traces = []
    trace = _torch_scoring.trace
    monkeypatch.setattr(
        _torch_scoring, "trace", lambda *given: traces.append(1) or trace(*given)
    )
    X = np.random.default_rng(0).normal(size=(100, 7)).astype(np.float32)
    fitted = model(3, hidden_layer_sizes=(11,), max_steps=5, random_state=0).fit(X)
    together = fitted.score_samples(X)
    alone = [fitted.score_samples(X[i : i + 1]) for i in range(8)]
    assert traces == [1]
    np.testing.assert_array_equal(np.concatenate(alone), together[:8])


def test_own_code_that_looks_at_values_stays_untraced():
    one = _torch_scoring._OneTile(lambda w, x: torch.from_numpy(x.numpy() * 2))
    x = torch.ones(2)
    for _ in range(_torch_scoring.UNTRACED_CALLS + 2):
        assert torch.equal(one(None, x), 2 * x)
        x = x + 1
