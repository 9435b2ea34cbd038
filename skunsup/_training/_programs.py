"""A bounded store of compiled programs, shared by all fits of a process."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skunsup._interrupts import interrupts_put_off

# Where Linux says what a process has mapped, and how much it may map.
MAPPINGS = Path("/proc/self/maps")
MOST_MAPPINGS = Path("/proc/sys/vm/max_map_count")
ROOM = 3000  # mappings; a program takes between 100 and 1,000


class LRUCache:
    """The most recently used values by key, at most `size` of them.

    Ctrl-C waits until what is being made is stored.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[Hashable, list[Any]] = OrderedDict()
        self._count = 0  # of all values, since a walk over them hashes each key
        self._lock = threading.RLock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value at `key`, made once; several threads may hold it."""
        with self._lock:
            if key not in self._values:
                with interrupts_put_off():
                    self._values[key] = [make()]
                    self._count += 1
            self._trim(key)
            return self._values[key][0]

    @contextmanager
    def exclusive(self, key: Hashable, make: Callable[[], Any]) -> Iterator[Any]:
        """Lend a value at `key` to one thread alone; others get one of their own."""
        with self._lock:
            free = self._values.pop(key, [])
            value = free.pop() if free else None
            self._count -= value is not None
            if free:
                self._values[key] = free
        if value is None:
            with interrupts_put_off():
                value = make()
        try:
            yield value
        finally:
            with self._lock:
                self._values.setdefault(key, []).append(value)
                self._count += 1
                self._trim(key)

    def clear(self) -> None:
        """Drop all values."""
        with self._lock:
            self._values.clear()
            self._count = 0

    def _trim(self, key: Hashable) -> None:
        self._values.move_to_end(key)
        while self._count > self.size:
            oldest = next(iter(self._values))
            self._values[oldest].pop(0)
            self._count -= 1
            if not self._values[oldest]:
                del self._values[oldest]


class _Counter:
    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.value += 1


_counter = _Counter()


def count_compilation() -> None:
    """Note that a program was compiled."""
    _counter.count()


def compilations() -> int:
    """Return the number of programs that the engine compiled in this process."""
    return _counter.value


def ensure_room() -> None:
    """Raise MemoryError before a program for which the system has no room left.

    Programs of others that TensorFlow never frees, or a very low limit, bring a process
    to where it may map no more memory, and it dies without a word.
    """
    if not (MAPPINGS.exists() and MOST_MAPPINGS.exists()):
        return
    limit = int(MOST_MAPPINGS.read_text())
    used = MAPPINGS.read_bytes().count(b"\n")
    if used + ROOM > limit:
        raise MemoryError(
            f"This process has {used} of {limit} memory mappings (vm.max_map_count), "
            "too many for one more compiled program. TensorFlow keeps what other code "
            "of this process compiled (jit_compile=True) until the process ends. Go on "
            "in a new process, or raise the limit (sysctl -w vm.max_map_count=262144)."
        )
