"""Errors that say what to do where memory runs out."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from skunsup._networks._description import reason

# How torch, TensorFlow, JAX and NumPy say that memory is lacking, or that a size is
# too large for any memory.
LACKING = re.compile(
    "not enough memory|can't allocate memory|out of memory|RESOURCE_EXHAUSTED"
    "|OOM when allocating|[Ff]ailed to allocate|Unable to allocate"
    "|Storage size calculation overflowed|Overflow when unpacking|too large to convert"
    "|Maximum allowed dimension exceeded|array is too big"
)
LACKING_TYPES = ("OutOfMemoryError", "ResourceExhaustedError")
# Of a layer, 16 TiB: TensorFlow would wait ten seconds for more, and backends end the
# process at 2**63 bytes.
MOST_WEIGHTS = 2**42


def lacks_memory(error: BaseException) -> bool:
    """Return True if a backend or NumPy raised `error` for lack of memory."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in LACKING_TYPES
        or bool(LACKING.search(str(error)))
    )


def check_weights_fit(part: Any) -> None:
    """Raise MemoryError where a layer is too large for any machine.

    Parameters
    ----------
    part : Part
        Of a network, not built yet.
    """
    stack = getattr(part, "stack", part)
    sizes = getattr(stack, "sizes", None) or (stack.n_outputs,)
    pairs = zip((stack.n_inputs, *sizes), sizes, strict=False)
    if getattr(part, "n_members", 1) * max(a * b for a, b in pairs) > MOST_WEIGHTS:
        raise MemoryError


@contextmanager
def memory_errors_explained(sizes: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """Turn an error about lacking memory into a MemoryError that says what to lower.

    Parameters
    ----------
    sizes : callable
        Returns the parameters that say how much memory is needed, by name.
    """
    try:
        yield
    except Exception as error:
        explained = type(error) is MemoryError and error.args
        if explained or not lacks_memory(error):
            raise
        asked = sizes()
        values = ", ".join(f"{k}={_short(v)}" for k, v in asked.items())
        cause = reason(error) if str(error) else "more weights than any machine holds"
        raise MemoryError(
            f"There is not enough memory for {values} ({cause}). Lower "
            f"{' or '.join(asked)}, or use a machine or an accelerator with more."
        ) from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
