"""Errors that the user's own code raises, and which parameter it came by."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass, replace
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any

import keras

from skunsup._networks._description import Description, parts_of, reason
from skunsup._networks._failures import lacks_memory
from skunsup._networks._losses import LossInstance

OURS = ("keras", "skunsup")
# Of what there is one instance, which runs; of others there may be copies.
SINGLE = (keras.layers.Layer, keras.callbacks.Callback)
HINT = (
    "Write it in keras.ops: NumPy, and Python's if and for on values, cannot be traced "
    "or differentiated."
)
CALLBACK_HINT = (
    "Fix the callback, or leave it out; to end training early, let it set "
    "self.model.stop_training = True."
)


@dataclass(frozen=True)
class OwnPart:
    """A layer, a loss, a schedule or a function that the user brought.

    Parameters
    ----------
    parameter : str
        By which it came, or "" where that is unknown.
    value : object
        The piece itself.
    """

    parameter: str
    value: Any

    @property
    def kind(self) -> Any:
        """The function, or the class of any other piece."""
        return self.value if hasattr(self.value, "__qualname__") else type(self.value)

    def __str__(self) -> str:
        name = getattr(self.kind, "__qualname__", str(self.kind))
        name = name.rpartition("<locals>.")[2]
        if isinstance(self.value, keras.layers.Layer):
            name = f"the layer {self.value.name!r} ({name})"
        return f"{name} of {self.parameter}" if self.parameter else name

    def run_by(self, frame: FrameType) -> "OwnPart | None":
        """Return this piece if a frame of a traceback executes it.

        If it is a class of layers, the layer that is executed.
        """
        code = frame.f_code
        if isinstance(getattr(self.kind, "__code__", None), CodeType):
            return self if code is self.kind.__code__ else None
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        single = isinstance(self.value, SINGLE)
        if first is self.value or (not single and type(first) is self.kind):
            return replace(self, value=first)
        return None


@contextmanager
def own_code_explained(
    made_of: Callable[[], Mapping[str, Any]], *, suspect: bool = True
) -> Iterator[None]:
    """Turn an error in a program with the user's own code into one that names the code.

    Where nothing is the user's own, and where memory is lacking, the error stays.

    Parameters
    ----------
    made_of : callable
        Returns what the program was made of, networks, optimizers and functions, by the
        parameter that they came by. Of a network the name does not matter.
    suspect : bool, default=True
        Whether to name what may have raised where that is not known for sure.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, Warning) or lacks_memory(error):
            raise
        own = own_parts(made_of())
        at_fault = culprit(error, own)
        if not own or (at_fault is None and not suspect):
            raise
        named = ", ".join(map(str, own)) if at_fault is None else str(at_fault)
        raised = "probably raised" if at_fault is None else "raised"
        called = at_fault is not None and at_fault.parameter.startswith("callbacks")
        raise ValueError(
            f"The network cannot be computed or trained, since {named}, which is not "
            f"of Keras or skunsup, {raised} {type(error).__name__}: {reason(error)} "
            f"{CALLBACK_HINT if called else HINT}"
        ) from error


def culprit(error: BaseException, parts: Iterable[OwnPart]) -> OwnPart | None:
    """Return the innermost piece in whose code an error was raised, if that is known.

    Parameters
    ----------
    error : BaseException
        With its traceback, and those of the errors that it came from.
    parts : iterable of OwnPart
        Pieces to choose from.
    """
    parts = list(parts)
    raised: BaseException | None = error
    while raised is not None:
        frames = []
        at = raised.__traceback__
        while at is not None:
            frames.append(at.tb_frame)
            at = at.tb_next
        runs = (part.run_by(frame) for frame in reversed(frames) for part in parts)
        found = next(filter(None, runs), None)
        if found is not None:
            return found
        raised = raised.__cause__ or raised.__context__
    return None


def own_parts(made_of: Mapping[str, Any]) -> list[OwnPart]:
    """Return the layers, losses, schedules and functions that the user brought."""
    return [
        part
        for part in all_parts(made_of)
        if (getattr(part.kind, "__module__", None) or "").partition(".")[0] not in OURS
    ]


def all_parts(made_of: Mapping[str, Any]) -> list[OwnPart]:
    """Return these pieces, and those of Keras and skunsup."""
    found: dict[int, OwnPart] = {}
    met: set[int] = set()
    for parameter, value in made_of.items():
        for part in _all_parts(parameter, value, met):
            found.setdefault(id(part.value), part)
    return list(found.values())


def _all_parts(parameter: str, value: Any, met: set[int]) -> Iterator[OwnPart]:
    if isinstance(value, partial):
        value = value.func
    if hasattr(value, "given_parts"):
        yield from _of_network(value, met)
    if isinstance(value, LossInstance):
        yield OwnPart(parameter, value.kind)
        for setting in value.settings.values():
            yield from (OwnPart(parameter, part) for part in parts_of(setting, met))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _all_parts(parameter, each, met)
    elif is_dataclass(value) and not isinstance(value, type):  # of parts not yet built
        for held in (
            value.objects if isinstance(value, Description) else vars(value).values()
        ):
            yield from _all_parts(parameter, held, met)
    elif isinstance(value, keras.callbacks.Callback):
        functions = [v for v in vars(value).values() if isinstance(v, FunctionType)]
        yield from (OwnPart(parameter, each) for each in [value, *functions])
    elif isinstance(value, type) or not hasattr(value, "get_config"):
        yield from [OwnPart(parameter, value)] if callable(value) else []
    for part in parts_of(value, met):
        scheduled = isinstance(part, keras.optimizers.schedules.LearningRateSchedule)
        yield OwnPart("learning_rate" if scheduled else parameter, part)
        if callable(getattr(part, "activation", None)):
            yield OwnPart(parameter, part.activation)


def _of_network(network: Any, met: set[int]) -> Iterator[OwnPart]:
    """Yield the pieces of a network: of its settings, and of its parts.

    In a part that the user did not give there may still be an activation of theirs.
    """
    for name, setting in network.settings.items():
        yield from _all_parts(name, setting, met)
    for name in network.part_names:
        owner = name if name in network.given_parts else "activation"
        yield from _all_parts(owner, getattr(network, name), met)
