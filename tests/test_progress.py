"""Lines that a fit prints, and the network that a notebook shows."""

import io
import re
import sys
import types

import keras
import numpy as np
import pytest

from skunsup import Autoencoder, AutoencoderDetector
from skunsup._training import _progress
from skunsup._training._progress import Progress, duration, within

from .helpers import on_torch_or_asked

QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}


def shown(times, n_epochs):
    """Lines of epochs that end at `times`, the first of which is the start."""
    clock, lines = iter(times), []
    progress = Progress(n_epochs, lambda: next(clock))
    progress._write, progress._interval = lambda line, final: lines.append(line), 0.0
    for epoch in range(1, len(times)):
        progress(epoch, {"loss": 0.5})
    return lines


def test_the_time_left_is_told_without_the_epoch_that_compiles():
    lines = shown([0, 40, 41, 42, 43], 10)
    assert lines[0] == "epoch 1/10  loss 0.5  (40 s)"
    assert lines[1] == "epoch 2/10  loss 0.5  (41 s, 8 s left)"
    assert lines[3] == "epoch 4/10  loss 0.5  (43 s, 6 s left)"


def test_the_time_left_follows_the_last_epochs():
    times = np.cumsum([0.0] + 40 * [1.0] + 40 * [3.0])
    assert shown(list(times), 100)[-1].endswith("1 min 00 s left)")


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.4, "4 s"), (150, "2 min 30 s"), (3900, "1 h 05 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_terminal_line_is_written_over_and_ended(monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", stream)
    clock = iter([0.0, 1.0, 1.01])
    progress = Progress(2, lambda: next(clock))
    progress(1, {"loss": 12.5})
    progress(2, {"loss": 1.0})
    progress.end()
    last = "epoch 2/2  loss 1  (1 s)"
    assert stream.getvalue() == f"\repoch 1/2  loss 12.5  (1 s)\r{last}   \n"


def test_a_line_is_no_wider_than_the_terminal():
    line = "epoch 1/50  " + "  ".join(f"term{i} 0.5" for i in range(9)) + "  (7 s left)"
    shown = within(line, 60)
    assert len(shown) == 60
    assert shown.startswith("epoch 1/50  term0 0.5")
    assert shown.endswith("(7 s left)")
    assert within(line, len(line)) == line


def test_a_notebook_has_one_output_of_plain_text(monkeypatch):
    outputs = []

    class Handle:
        def update(self, content, raw):
            outputs[-1] = content

    def display(content, raw, display_id):
        outputs.append(content)
        return Handle()

    fake = types.SimpleNamespace(
        get_ipython=lambda: types.SimpleNamespace(kernel=object()),
        display=types.SimpleNamespace(display=display),
    )
    monkeypatch.setitem(sys.modules, "IPython", fake)
    progress = Progress(2)
    progress(1, {"loss": 2.0})
    progress(2, {"loss": 1.0})
    progress.end()
    (content,) = outputs
    assert content["text/plain"].startswith("epoch 2/2  loss 1")
    assert content["text/plain"].isprintable()


def test_a_file_gets_lines_without_control_characters(capsys):
    progress = Progress(50)
    for epoch in range(1, 51):
        progress(epoch, {"loss": 1.0})
    progress.end()
    lines = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in lines] == ["epoch 1/50", "epoch 50/5"]
    assert _progress.INTERVAL_OF_FILES > 1


def test_the_fitted_network_is_below_the_diagram(blobs):
    model = Autoencoder(**QUICK)
    assert "Network" not in model._repr_mimebundle_()["text/html"]
    model.fit(blobs)
    html = model._repr_mimebundle_()["text/html"]
    diagram, _, network = html.partition("Network: ")
    assert "Autoencoder" in diagram
    # 6-8-2-8-6 with biases
    assert network.startswith("152 parameters, code of 2 numbers")
    first, *others = shown_layers(html)
    assert first == ["encoder", "Dense, relu", "8", "56"]
    assert [row[0] for row in others] == ["", "decoder", ""]


def shown_layers(html):
    """Part, layer, output and parameters of each row of the table of a network."""
    rows = html.partition("Network: ")[2].split("<tr>")[2:]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


@on_torch_or_asked
def test_detectors_show_their_networks(blobs):
    detector = AutoencoderDetector(**QUICK, n_estimators=2).fit(blobs)
    html = detector._repr_html_()
    assert "2 networks side by side" in html
    # the layers of both: 6-8-2-8-6, each with biases and the mask of its inputs
    rows = shown_layers(html)
    assert rows[0] == ["encoder", "2 x Dense, silu", "8", "124"]
    assert [row[2] for row in rows] == ["8", "2", "8", "6"]


@on_torch_or_asked
def test_members_with_convolutions_show_their_layers():
    X = np.random.default_rng(0).random((20, 8, 8))
    detector = AutoencoderDetector(**QUICK, inputs="images", n_estimators=2).fit(X)
    layers = [layer for _, layer, *_ in shown_layers(detector._repr_html_())]
    assert layers[:3] == ["2 x Reshape", "2 x StridedConv2D, silu", "2 x Flatten"]


@on_torch_or_asked
def test_models_within_a_network_show_their_layers(blobs):
    dense = keras.layers.Dense
    inner = keras.Sequential([dense(4, "relu"), dense(3)])
    model = Autoencoder(**QUICK, encoder=keras.Sequential([inner, dense(2)]))
    rows = shown_layers(model.fit(blobs)._repr_html_())
    assert [row[1] for row in rows[:3]] == ["Dense, relu", "Dense", "Dense"]
