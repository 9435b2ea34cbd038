"""Files of Parquet: their list, their reading and errors in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

UNREADABLE = (
    "The file {file!r} cannot be read as Parquet ({error}). Write it anew, or move it "
    "out of the folder."
)
NOT_INSTALLED = "Parquet files need the package pyarrow: pip install pyarrow pandas."


def check_installed() -> None:
    """Raise ImportError unless the packages that read and write Parquet are there."""
    try:
        import pandas  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(NOT_INSTALLED) from error


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """Block of code that reads a file of Parquet.

    Raises
    ------
    ImportError
        If pyarrow or pandas is not installed.
    ValueError
        If the file cannot be read; with its name.
    """
    check_installed()
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as known:
            yield known
    except (OSError, ArrowException) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(UNREADABLE.format(file=str(file), error=reason)) from error


def files_of(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in the order of their names."""
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not found or not found[0].exists():
        raise ValueError(
            f"path={str(path)!r} is no file, and no folder with files that end in "
            "'.parquet'."
        )
    return found


def stamp(file: Path) -> tuple[int, int] | None:
    """Return the size and time of a file, None where it is gone."""
    try:
        known = file.stat()
    except FileNotFoundError:
        return None
    return known.st_mtime_ns, known.st_size


def check_schema(
    schema: dict[str, str], first: dict[str, str], file: Path, first_file: Path
) -> None:
    """Raise ValueError where a file has other columns than the first."""
    if list(schema.items()) == list(first.items()):
        return
    pairs = zip_longest(schema.items(), first.items(), fillvalue=("no", "column"))
    (name, kind), (other, other_kind) = next((a, b) for a, b in pairs if a != b)
    raise ValueError(
        f"{str(file)!r} has {name} {kind} where {str(first_file)!r} has {other} "
        f"{other_kind}. Name the columns that all files have in `columns`, or write "
        "the files with the same columns and types."
    )
