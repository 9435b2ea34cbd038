"""Progress of a fit on the screen: one line that is written anew after each epoch."""

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

Logs = dict[str, float]

INTERVAL = 0.2  # seconds between two lines, at least
INTERVAL_OF_FILES = 30.0  # where lines stay, as in the log of a job
END = 24  # characters behind what is left out, with the time
RECENT = 20  # epochs from which the time of the others is told


class Progress:
    """Prints epochs, losses and the time that is left.

    The time is told from the last 20 epochs, and not from the first one, in which
    programs are compiled. In a terminal a line replaces the one before it; in a
    notebook it is one output of plain text; elsewhere a line is added now and then.

    Parameters
    ----------
    n_epochs : int
        Epochs to come.
    clock : callable, default=time.perf_counter
        Returns the time in seconds.
    """

    def __init__(
        self, n_epochs: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.n_epochs, self._clock = n_epochs, clock
        self._start = clock()
        self._ends: deque[tuple[int, float]] = deque(maxlen=RECENT + 1)
        self._write, self._interval = writer()
        self._last, self._waiting = -float("inf"), ""

    def __call__(self, done: int, logs: Logs) -> None:
        """Show that `done` epochs have ended, the last with the losses `logs`."""
        now = self._clock()
        self._ends.append((done, now))
        self._waiting = self._line(done, now, logs)
        if now - self._last >= self._interval:
            self._write(self._waiting, False)
            self._last, self._waiting = now, ""

    def end(self) -> None:
        """Show the last epoch, and end the line."""
        if self._ends:
            self._write(self._waiting, True)

    def _line(self, done: int, now: float, logs: Logs) -> str:
        spent = f"{duration(now - self._start)}"
        left = self._seconds_left(done)
        if left is not None and done < self.n_epochs:
            spent += f", {duration(left)} left"
        values = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        return f"epoch {done}/{self.n_epochs}  {values}  ({spent})"

    def _seconds_left(self, done: int) -> float | None:
        """Return the time of the epochs to come; None before the second has ended."""
        first, start = self._ends[0]
        if done <= first:
            return None
        each = (self._ends[-1][1] - start) / (done - first)
        return each * (self.n_epochs - done)


def duration(seconds: float) -> str:
    """Return a time such as "4 s", "2 min 30 s" or "1 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def writer() -> tuple[Callable[[str, bool], None], float]:
    """Function that writes a line, which may be the last; seconds between two."""
    display = notebook_display()
    if display is not None:
        return NotebookLine(display), INTERVAL
    if getattr(sys.stdout, "isatty", lambda: False)():
        return TerminalLine(sys.stdout), INTERVAL
    return write_to_file, INTERVAL_OF_FILES


def write_to_file(line: str, final: bool) -> None:
    """Print `line`; an empty one says nothing new."""
    if line:
        print(line, flush=True)


def notebook_display() -> Any:
    """Return IPython's `display` within a notebook; None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return ipython.display.display if hasattr(shell, "kernel") else None  # type: ignore[union-attr]


class NotebookLine:
    """One output of plain text, which is replaced: exported pages hold the last."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def __call__(self, line: str, final: bool) -> None:
        """Show `line` in the place of the last one; an empty one leaves it."""
        if not line:
            return
        content = {"text/plain": line}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def within(line: str, width: int) -> str:
    """Return a line without its middle where it is wider: only one can be replaced."""
    if len(line) <= width:
        return line
    end = min(END, width // 2)
    return f"{line[: max(width - end - 3, 0)]}...{line[len(line) - end :]}"


class TerminalLine:
    """A line of a terminal, which is written over."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._width = stream, 0

    def __call__(self, line: str, final: bool) -> None:
        """Write `line` over the last one; an empty one leaves it."""
        if line:
            line = within(line, shutil.get_terminal_size().columns - 1)
            blank = " " * max(self._width - len(line), 0)
            self._stream.write(f"\r{line}{blank}")
            self._width = len(line)
        if final:
            self._stream.write("\n")
        self._stream.flush()
