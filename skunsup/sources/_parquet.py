"""Folders of Parquet files, a row group at a time."""

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skunsup.sources._base import NO_ROWS, Source
from skunsup.sources._files import check_schema, files_of, opened, stamp

NEW_FILE = (
    "The folder {folder!r} has a new file {file!r}, which is not read: the source was "
    "made before. Make it anew to have the rows of that file, too."
)


class ParquetSource(Source):
    """Rows of a Parquet file, or of all files in a folder, in the order of their names.

    A chunk is a row group of a file. It is read as a DataFrame of pandas. Needs
    pyarrow and pandas.

    Parameters
    ----------
    path : str or path
        A file, or a folder with files that end in ".parquet".
    columns : sequence of str, default=None
        Names of the columns to read. None means all.

    Raises
    ------
    ImportError
        If pyarrow or pandas is not installed.
    ValueError
        If there is no file or no row, if files have other columns than the first, if
        one is no Parquet file, or, when a chunk is read, if its file has changed since.

    Warns
    -----
    UserWarning
        If a chunk is read and the folder has a new file, which the source leaves out.

    See Also
    --------
    write_parquet : Scores of a source, as files.
    ArraySource : An array of HDF5, Zarr or Dask.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skunsup import ParquetSource
    >>> folder = tempfile.mkdtemp()
    >>> table = pd.DataFrame({"a": np.arange(6.0), "b": np.ones(6)})
    >>> table.to_parquet(f"{folder}/first.parquet", row_group_size=4)
    >>> table.to_parquet(f"{folder}/second.parquet")
    >>> ParquetSource(folder).boundaries.tolist()
    [0, 4, 6, 12]
    """

    def __init__(
        self, path: "str | PathLike[str]", columns: Sequence[str] | None = None
    ) -> None:
        self.path = Path(path)
        self.columns = None if columns is None else list(columns)
        self._folder = stamp(self.path)
        self._files = files_of(self.path)
        self._seen = [stamp(file) for file in self._files]
        self._groups: list[tuple[int, int]] = []
        ends, first = [0], None
        for k, file in enumerate(self._files):
            with opened(file) as known:
                schema = self._chosen(known.schema_arrow, file)
                groups = map(known.metadata.row_group, range(known.num_row_groups))
                sizes = [group.num_rows for group in groups]
            first = schema if first is None else first
            check_schema(schema, first, file, self._files[0])
            for group, n in enumerate(sizes):
                if n:
                    self._groups.append((k, group))
                    ends.append(ends[-1] + n)
        self.boundaries = np.array(ends)
        if not len(self):
            raise ValueError(NO_ROWS.format(name=f"path={str(path)!r}"))

    def read(self, i: int) -> Any:
        """Return the rows of one chunk.

        Parameters
        ----------
        i : int
            From 0 up to the number of chunks.

        Returns
        -------
        DataFrame
            The columns that were asked for.

        Raises
        ------
        ValueError
            If the file has changed since the source was made.
        """
        k, group = self._groups[i]
        file = self._files[k]
        if stamp(file) != self._seen[k]:
            raise ValueError(
                f"The file {str(file)!r} has changed since the source was made. Make "
                "the source anew, once nothing writes to the folder."
            )
        self._look_for_new_files()
        with opened(file) as known:
            table = known.read_row_group(group, columns=self.columns)
        return table.to_pandas()

    def name_of(self, i: int) -> str:
        """Name of a chunk in messages.

        Parameters
        ----------
        i : int
            From 0 up to the number of chunks.

        Returns
        -------
        str
            With its file.
        """
        k, group = self._groups[i]
        return f"row group {group} of {str(self._files[k])!r}"

    def _look_for_new_files(self) -> None:
        """Warn of a file that came into the folder, once."""
        now = stamp(self.path)
        if now == self._folder or not self.path.is_dir():
            return
        self._folder = now
        new = [file for file in files_of(self.path) if file not in self._files]
        if new:
            folder, name = str(self.path), new[0].name
            warnings.warn(NEW_FILE.format(folder=folder, file=name), stacklevel=2)

    def _chosen(self, schema: Any, file: Path) -> dict[str, str]:
        """Return the types of the columns that are read, by name."""
        names = schema.names if self.columns is None else self.columns
        missing = [name for name in names if name not in schema.names]
        if missing:
            raise ValueError(
                f"{str(file)!r} has no column {missing[0]!r}. Its columns are "
                f"{', '.join(map(repr, schema.names))}."
            )
        return {name: str(schema.field(name).type) for name in names}
