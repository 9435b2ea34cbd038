"""File of a checkpoint: an `.npz` archive of arrays with JSON beside them."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ARRAY = "__array__"

NO_FOLDER = (
    "checkpoint={path!r}, but the folder {folder!r} does not exist. Create it, or give "
    "another path."
)
IS_FOLDER = (
    "checkpoint={path!r} is a folder, but expected a file. Give the path of a file "
    "in it, such as {example!r}."
)
NO_FILE = (
    "checkpoint={path!r} is a device or a pipe, but expected a file. Give the path of "
    "a file, which need not exist yet."
)
UNREADABLE = (
    "checkpoint={path!r} cannot be read as a checkpoint ({error}). It was cut short or "
    "is another file. Delete it to fit from the start, or give another path."
)


def check_path(path: Path) -> None:
    """Raise ValueError where no file can be at `path`."""
    if path.is_dir():
        example = str(path / "fit.npz")
        raise ValueError(IS_FOLDER.format(path=str(path), example=example))
    if path.exists() and not path.is_file():
        raise ValueError(NO_FILE.format(path=str(path)))
    if not path.parent.is_dir():
        raise ValueError(NO_FOLDER.format(path=str(path), folder=str(path.parent)))


def write(path: Path, tree: dict[str, Any]) -> None:
    """Write what JSON can hold, and arrays, in one step: the file is old or new.

    Parameters
    ----------
    path : Path
        Where to.
    tree : dict
        Dicts with keys of type str, lists, arrays, numbers, strings, None.

    Raises
    ------
    OSError
        If the file cannot be written. What was there before stays.
    """
    arrays: list[np.ndarray] = []
    text = json.dumps(_without_arrays(tree, arrays))
    packed = np.frombuffer(text.encode(), np.uint8)
    part = unfinished(path)
    try:
        with open(part, "wb") as file:
            np.savez(file, packed, *arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def content_of(path: Path) -> bytes | None:
    """Content of the file, None without one.

    Raises
    ------
    ValueError
        If no file can be at `path`, or the one that is there cannot be read.
    """
    check_path(path)
    try:
        return path.read_bytes() if path.exists() else None
    except OSError as error:
        raise _unreadable(path, error) from error


def parsed(content: bytes, path: Path) -> dict[str, Any]:
    """Read what `write` wrote, from the content of the file.

    Raises
    ------
    ValueError
        If it is no checkpoint, or a part of one; `path` is for the message.
    """
    try:
        file = io.BytesIO(content)
        with zipfile.ZipFile(file), np.load(file, allow_pickle=False) as archive:
            packed, *held = [archive[f"arr_{i}"] for i in range(len(archive.files))]
        tree = json.loads(packed.tobytes())
        if not isinstance(tree, dict):
            raise ValueError("it has another content")
        whole: dict[str, Any] = _with_arrays(tree, held)
    except Exception as error:  # of zipfile, json and NumPy alike
        raise _unreadable(path, error) from error
    return whole


def _unreadable(path: Path, error: Exception) -> ValueError:
    name = f"{type(error).__name__}: {error}"
    return ValueError(UNREADABLE.format(path=str(path), error=name))


def unfinished(path: Path) -> Path:
    """Path of the file until it is whole."""
    return path.with_name(path.name + ".part")


def _without_arrays(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return `value` with the place in `arrays` instead of each array."""
    if isinstance(value, np.ndarray):
        for place, known in enumerate(arrays):
            if known is value:
                return {ARRAY: place}
        arrays.append(value)
        return {ARRAY: len(arrays) - 1}
    if isinstance(value, dict):
        return {name: _without_arrays(item, arrays) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_arrays(item, arrays) for item in value]
    return value


def _with_arrays(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return `value` with the arrays in their places."""
    if isinstance(value, dict):
        if ARRAY in value:
            return arrays[value[ARRAY]]
        return {name: _with_arrays(item, arrays) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_arrays(item, arrays) for item in value]
    return value
