"""TensorFlow's log lines: what is no error does not reach the screen."""

import subprocess
import sys

import pytest

WRITE = """
import os, sys
from skunsup._log_lines import LEVEL, lines_left_out, tensorflow_quiet, NO_ERRORS

{prepare}
before = os.environ.get(LEVEL)
with tensorflow_quiet():
    print("level", os.environ.get(LEVEL), flush=True)
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called\\n")
    os.write(2, b"I0000 00:00:1.5 8 port.cc:153] oneDNN custom operations are on.\\n")
    os.write(2, b"E0000 00:00:1.5 8 cuda.cc:5] failed call to cuInit: INTERNAL: CUDA "
                b"error: Failed call to cuInit: UNKNOWN ERROR (303)\\n")
    os.write(2, b"W0000 00:00:1.5 8 a.cc:1] a warning\\n")
    print("from Python", file=sys.stderr)
    os.write(2, b"E0000 00:00:1.5 8 a.cc:1] no new line")
    {end}
assert os.environ.get(LEVEL) == before
print("after", file=sys.stderr)
"""
KEPT = (
    "W0000 00:00:1.5 8 a.cc:1] a warning\nfrom Python\n"
    "E0000 00:00:1.5 8 a.cc:1] no new line\n"
)
ENV = {"PATH": "/usr/bin:/bin"}


def run(prepare="", end="", **env):
    script = WRITE.format(prepare=prepare, end=end)
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**ENV, **env},
        timeout=60,
    )


def test_what_is_no_error_is_left_out():
    done = run()
    assert done.stdout == "level 1\n"
    assert done.stderr == KEPT + "after\n"


def test_nothing_is_lost_where_the_import_ends_in_a_crash():
    done = run(end="os.abort()")
    assert done.returncode != 0
    assert done.stderr == KEPT


def test_an_error_of_the_import_is_raised():
    done = run(end="raise ImportError('no backend')")
    assert done.stderr.startswith(KEPT)
    assert "ImportError: no backend" in done.stderr


@pytest.mark.parametrize(
    ("prepare", "env", "level"),
    [
        ("", {"TF_CPP_MIN_LOG_LEVEL": "0"}, "0"),
        ("sys.modules['tensorflow'] = sys", {}, "None"),
    ],
    ids=["level-of-the-user", "imported-before"],
)
def test_all_is_shown_where_it_is_the_users_matter(prepare, env, level):
    done = run(prepare, **env)
    assert done.stdout == f"level {level}\n"
    assert "oneDNN" in done.stderr
    assert "cuInit" in done.stderr


@pytest.mark.parametrize("without", ["os.close(2)", "os.environ['PATH'] = ''"])
def test_without_stderr_or_grep_nothing_is_done(without):
    script = (
        f"import os; {without}; from skunsup._log_lines import tensorflow_quiet\n"
        "with tensorflow_quiet(): os.write(1, b'I0000 here')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=ENV)
    assert (done.returncode, done.stdout) == (0, b"I0000 here")


def test_a_process_that_holds_the_pipe_is_not_waited_for():
    script = (
        "import subprocess, skunsup._log_lines as m\n"
        "m.PATIENCE = 0.1\n"
        "with m.tensorflow_quiet(): held = subprocess.Popen(['sleep', '60'])\n"
        "assert held.poll() is None\n"
        "held.kill()"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        stdout=subprocess.DEVNULL,
        env=ENV,
        timeout=60,
    )
