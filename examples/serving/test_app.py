"""The service answers, and says what is wrong with a request."""

import json
import subprocess
import sys
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import app as service
import load_test


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files of `make_model.py`."""
    found = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, HERE / "make_model.py", found], check=True)
    return found


@pytest.fixture(scope="module")
def rows(folder):
    """A few rows."""
    return json.loads((folder / "detector.json").read_text())["rows"]


@pytest.fixture(scope="module")
def ask(folder):
    """Ask the service on 127.0.0.1; returns status and answer."""
    with load_test.served(folder / "detector.onnx") as port:

        def asked(method, path, body=None):
            if not isinstance(body, bytes | type(None)):
                chunked = hasattr(body, "__next__")
                body = body if chunked else json.dumps(body).encode()
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request(method, path, body, load_test.JSON)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())

        yield asked


def test_health(ask):
    assert ask("GET", "/health") == (200, {"status": "ok", "n_features": 30})


def test_answers_are_those_of_the_pipeline(ask, folder, rows):
    status, said = ask("POST", "/predict", {"rows": rows})
    expected = service.Live(folder / "detector.skops")(np.array(rows))
    assert status == 200
    assert said["predict"] == expected["predict"].tolist()
    for name in ("decision_function", "score_samples"):
        np.testing.assert_allclose(said[name], expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "where", "words"),
    [
        ({"rows": [[1.0] * 30, ["a"] * 30]}, ["body", "rows", 1, 0], "valid number"),
        ({"rows": [[1.0] * 30, [1.0] * 29]}, ["body", "rows", 1], "29 numbers, exp"),
        ({"rows": [[float("nan")] * 30]}, ["body", "rows", 0, 0], "finite number"),
        ({"rows": []}, ["body", "rows"], "at least 1"),
        ({"rows": [[1.0] * 30] * 1001}, ["body", "rows"], "at most 1000"),
        ({"row": [[1.0] * 30]}, ["body", "rows"], "required"),
    ],
)
def test_bad_fields_are_named(ask, body, where, words):
    status, answer = ask("POST", "/predict", body)
    assert status == 422
    told = {tuple(each["loc"]): each["msg"] for each in answer["detail"]}
    assert words in told[tuple(where)]


def test_large_bodies_are_refused(ask):
    large = b" " * (service.MOST_BYTES + 1)
    assert ask("POST", "/predict", large)[0] == 413
    chunks = (b" " * 100_000 for _ in range(20))  # without a stated length
    with suppress(BrokenPipeError, ConnectionResetError):  # it stops reading
        assert ask("POST", "/predict", chunks)[0] == 413
