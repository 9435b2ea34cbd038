"""TensorFlow's log lines that are no errors, left out while it is imported."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
WITHOUT_INFO = "1"
# TensorFlow writes these before it looks at the level. The last one is an error by its
# level, and says what an INFO line says as well: there is no CUDA driver.
NO_ERRORS = (
    "^I[0-9]{4} "
    "|^WARNING: All log messages before absl::InitializeLog"
    "|^E.* failed call to cuInit: .*UNKNOWN ERROR \\(303\\)"
)
PATIENCE = 1.0  # seconds; a process that was started meanwhile may hold the pipe open

_filters: list[subprocess.Popen] = []


@contextmanager
def tensorflow_quiet() -> Iterator[None]:
    """Leave out TensorFlow's INFO lines, where the body imports it for the first time.

    Nothing is done where the user has set TF_CPP_MIN_LOG_LEVEL. Otherwise it is set
    meanwhile, which TensorFlow remembers, and INFO lines do not reach the screen.
    """
    if LEVEL in os.environ or "tensorflow" in sys.modules:
        yield
        return
    os.environ[LEVEL] = WITHOUT_INFO
    try:
        with lines_left_out(NO_ERRORS):
            yield
            _look_for_devices()
    finally:
        os.environ.pop(LEVEL, None)


@contextmanager
def lines_left_out(pattern: str) -> Iterator[None]:
    """Pass on all lines written to the file descriptor of stderr but some.

    Another process does it, so that a last message before a crash is passed on too.
    Where there is no `grep` or no stderr, nothing is done.

    Parameters
    ----------
    pattern : str
        Extended regular expression of the lines to leave out.
    """
    try:
        screen = os.dup(2)
        process = _filter(pattern, screen)
    except OSError:
        yield
        return
    _flush()
    os.dup2(process.stdin.fileno(), 2)  # type: ignore[union-attr]
    try:
        yield
    finally:
        _flush()
        os.dup2(screen, 2)
        os.close(screen)
        _end(process)


def _filter(pattern: str, screen: int) -> subprocess.Popen:
    """Start a thread that writes the lines that do not match to `screen`."""
    if os.name != "posix":
        raise OSError("file descriptors are not passed on")
    return subprocess.Popen(
        ["grep", "-a", "-v", "-E", pattern],
        stdin=subprocess.PIPE,
        stdout=screen,
        start_new_session=True,  # Ctrl-C is not for it
    )


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def _end(process: subprocess.Popen) -> None:
    process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        _filters.append(process)


def _look_for_devices() -> None:
    """Let TensorFlow look for GPUs now, where there is no driver for them.

    It would do so at its first operation, and complain. Where there is a driver, when
    to wake it is the user's matter.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not tensorflow.test.is_built_with_cuda():
        return
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        tensorflow.config.list_physical_devices()
