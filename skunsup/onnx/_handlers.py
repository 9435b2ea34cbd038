"""Tables of the functions that make ONNX nodes of operations."""

from collections.abc import Callable
from typing import Any

# Called with (walk, operation, arguments, keywords); returns a name or several.
Handler = Callable[[Any, Any, list[Any], dict[str, Any]], Any]


def register(table: dict[str, Handler], *names: str) -> Callable[[Handler], Handler]:
    """Enter a function into `table` for the operations with these class names."""

    def registered(handler: Handler) -> Handler:
        for name in names:
            table[name] = handler
        return handler

    return registered
