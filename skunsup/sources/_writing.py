"""Scores of sources, written to folders of Parquet files."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skunsup.sources._base import Source
from skunsup.sources._files import check_installed
from skunsup.sources._parquet import ParquetSource

UNWRITABLE = (
    "path={path!r} cannot be written to ({why}), and nothing of what was written is "
    "kept. Free space there, or give another folder that you may write to."
)
UNFINISHED = ".part"  # at the end of names of files while they are written


def write_parquet(
    function: Callable[[Any], Any],
    source: Source,
    path: "str | PathLike[str]",
    columns: Sequence[str] | None = None,
) -> ParquetSource:
    """Write what a function makes of each chunk, such as scores, to a folder.

    Each chunk is one file. Files are written under other names and renamed at the end:
    the folder has all or, after an error, none of them. Needs pyarrow and pandas.

    Parameters
    ----------
    function : callable
        From a chunk to an array or a DataFrame with as many rows, such as
        `score_samples` of a fitted detector.
    source : Source
        What to read.
    path : str or path
        A folder, which is made. It may not hold Parquet files yet.
    columns : sequence of str, default=None
        Names of the columns, where `function` gives an array; None means "0", "1", ...

    Returns
    -------
    ParquetSource
        The files that were written.

    Raises
    ------
    ValueError
        If the folder holds Parquet files, or `function` gives another number of rows.
    ImportError
        If pyarrow or pandas is not installed.
    OSError
        If the folder cannot be written to, such as on a full disk.

    See Also
    --------
    ParquetSource : What is written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skunsup import ArraySource, write_parquet
    >>> source = ArraySource(np.ones((5, 2)))
    >>> sums = write_parquet(
    ...     lambda chunk: chunk.sum(axis=1), source, tempfile.mkdtemp(), ["sum"]
    ... )
    >>> sums.read(0)["sum"].tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """
    check_installed()
    folder = Path(path)
    with _named(path):
        folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.parquet")):
        raise ValueError(
            f"path={str(path)!r} holds Parquet files, which would be mixed with those "
            "that are written. Give a folder without any."
        )
    parts: list[Path] = []
    try:
        for i in range(source.n_chunks):
            made = _made(function, source, i, columns)
            parts.append(folder / f"part-{i:06d}.parquet{UNFINISHED}")
            with _named(path):
                made.to_parquet(parts[-1], index=False)
        for part in parts:
            with _named(path):
                part.replace(part.with_suffix(""))
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
            part.with_suffix("").unlink(missing_ok=True)
        raise
    return ParquetSource(folder)


def _made(
    function: Callable[[Any], Any],
    source: Source,
    i: int,
    columns: Sequence[str] | None,
) -> Any:
    """Result of `function` for a chunk, as a DataFrame."""
    import pandas as pd

    chunk = source.read(i)
    made = function(chunk)
    if len(made) != len(chunk):
        raise ValueError(
            f"The function returned {len(made)} rows for the {len(chunk)} rows of "
            f"{source.name_of(i)}."
        )
    if isinstance(made, pd.DataFrame):
        return made
    values = np.asarray(made).reshape(len(made), -1)
    names = columns or [str(j) for j in range(values.shape[1])]
    return pd.DataFrame(values, columns=list(names))


@contextmanager
def _named(path: "str | PathLike[str]") -> Iterator[None]:
    """Block that writes to a folder; an OSError in it names the folder."""
    try:
        yield
    except OSError as error:
        # Errors of pyarrow repeat what the system says, with an address of its own.
        why = os.strerror(error.errno) if error.errno else str(error)
        message = UNWRITABLE.format(path=str(path), why=why)
        raise OSError(error.errno or errno.EIO, message) from error
