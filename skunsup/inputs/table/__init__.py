"""Tables: their transformer, likelihood and networks."""

from skunsup.inputs.table._table import Table

__all__ = ["Table"]
