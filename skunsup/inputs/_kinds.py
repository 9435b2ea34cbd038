"""Kinds of data by name or class, as their defaults."""

from difflib import get_close_matches
from typing import Any

from skunsup._sklearn import python_number
from skunsup.inputs._base import Inputs
from skunsup.inputs.dense import Dense
from skunsup.inputs.images import Images
from skunsup.inputs.sequences import Sequences
from skunsup.inputs.table import Table
from skunsup.inputs.text import Text

NAMED: dict[str, type[Inputs]] = {
    "images": Images,
    "sequences": Sequences,
    "table": Table,
    "text": Text,
}
# Range of the parameter `inputs`.
INPUTS = [Inputs, str, type, None]


def as_kind(given: Any, name: str = "inputs") -> Inputs:
    """Return the kind of data that a parameter asks for, with Python's numbers.

    Parameters
    ----------
    given : Inputs, str, type or None
        A kind, its name, its class, or None for numbers.
    name : str
        What to call it in messages.

    Raises
    ------
    ValueError
        If there is no such kind, or it has no defaults.
    """
    if given is None:
        return Dense()
    if isinstance(given, str):
        given = NAMED.get(given) or _unknown(given, name)
    if isinstance(given, type):
        return _with_defaults(given, name)
    if not isinstance(given, Inputs):
        _unknown(given, name)
    params = given.get_params(deep=False)
    numbers = {key: python_number(value) for key, value in params.items()}
    same = all(numbers[key] is value for key, value in params.items())
    return given if same else type(given)(**numbers)


def _with_defaults(kind: type, name: str) -> Inputs:
    if not issubclass(kind, Inputs):
        _unknown(kind, name)
    try:
        return kind()
    except TypeError as error:
        raise ValueError(
            f"{name} is the class {kind.__name__}, which has no defaults for all "
            f"parameters ({error}). Give an instance: {name}={kind.__name__}(...)."
        ) from error


def _unknown(given: Any, name: str) -> Any:
    near = get_close_matches(str(given).lower(), NAMED, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"{name}={given!r} is no kind of data.{hint} Give Images(), Sequences(), "
        f"Text(), Table() or Blocks([...]), one of the names {', '.join(NAMED)} for a "
        "kind with its defaults, or None for rows of numbers."
    )
