"""Importing the package is cheap and shows all names."""

import subprocess
import sys

import pytest

import skunsup

CHECK = """
import sys, skunsup
heavy = {"keras", "tensorflow", "jax", "torch", "scikeras", "sklearn", "numpy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert set(skunsup.__all__) <= set(dir(skunsup))
skunsup.Autoencoder
assert "scikeras" not in sys.modules
"""


def test_import_is_lazy():
    subprocess.run([sys.executable, "-W", "ignore", "-c", CHECK], check=True)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="Autoencode"):
        skunsup.Autoencode  # noqa: B018


def test_the_backend_may_be_one_that_trains():
    pytest.importorskip("jax", reason="Keras's NumPy backend imports JAX")
    script = "from skunsup import Autoencoder; Autoencoder().fit([[0.0], [1.0]])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        env={"KERAS_BACKEND": "numpy", "PATH": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert "RuntimeError" in done.stderr
    assert "tensorflow, jax, torch" in done.stderr
