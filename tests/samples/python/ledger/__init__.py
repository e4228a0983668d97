"""Reads a ledger: one entry a line."""

from .parser import Entry, parse
from .totals import total

__all__ = ["Entry", "parse", "total"]
