"""Sums over entries."""

from decimal import Decimal


def total(entries):
    """What all entries come to; nothing comes to zero."""
    return sum((entry.amount for entry in entries), Decimal(0))
