"""Importing the package is cheap and shows all names."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import skunsup

from .estimators import estimator_classes

CHECK = """
import sys, skunsup
heavy = {"keras", "tensorflow", "jax", "torch", "scikeras", "sklearn", "numpy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
import random, numpy
before = random.getstate(), repr(numpy.random.get_state())
skunsup.Autoencoder
assert before == (random.getstate(), repr(numpy.random.get_state()))
assert "scikeras" not in sys.modules
import keras, os
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
keras.ops.ones(3)  # TensorFlow looks for devices
"""
PACKAGES = sorted(
    path
    for path in Path(skunsup.__file__).parent.glob("*/__init__.py")
    if path.parent.name not in ("sources", "metrics")  # which do not import Keras
)


def test_import_is_lazy_and_quiet():
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-W", "ignore", "-c", CHECK]
    done = subprocess.run(command, check=True, env=env, stderr=subprocess.PIPE)
    assert done.stderr == b""


def test_dir_shows_public_names_only():
    assert set(dir(skunsup)) == {*skunsup.__all__, "__version__"}


@pytest.mark.parametrize("path", PACKAGES, ids=[path.parent.name for path in PACKAGES])
def test_each_package_keeps_global_states_when_it_imports_keras(path):
    _docstring, first, *_ = ast.parse(path.read_text()).body
    assert ast.unparse(first) == "import skunsup._keras_import"


def test_sources_import_nothing_else_of_the_package():
    for path in (Path(skunsup.__file__).parent / "sources").glob("*.py"):
        imported = [
            node.module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
        ]
        ours = [name for name in imported if name.startswith("skunsup")]
        assert all(name.startswith("skunsup.sources") for name in ours)
        assert "keras" not in path.read_text()


def test_every_estimator_is_exported_and_in_the_reference():
    assert {cls.__name__ for cls in estimator_classes()} <= {*skunsup.__all__}
    reference = Path(__file__).parent.parent / "docs" / "api.rst"
    listed = {line.strip() for line in reference.read_text().splitlines()}
    assert {*skunsup.__all__} <= listed


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


def test_onnx_names_the_extra_that_is_missing(monkeypatch):
    names = [name for name in sys.modules if name.startswith("skunsup.onnx")]
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"skl2onnx.*skunsup\[onnx\]"):
        importlib.import_module("skunsup.onnx")
