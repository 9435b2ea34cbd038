"""Data that are read a chunk at a time."""

from skunsup.sources._arrays import ArraySource
from skunsup.sources._base import NO_TABLE, Source, check_source, read_chunk
from skunsup.sources._parquet import ParquetSource
from skunsup.sources._writing import write_parquet

__all__ = [
    "NO_TABLE",
    "ArraySource",
    "ParquetSource",
    "Source",
    "check_source",
    "read_chunk",
    "write_parquet",
]
