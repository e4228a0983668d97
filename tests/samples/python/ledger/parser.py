"""From text to entries: `2026-03-12  4.50  coffee`."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    day: date
    amount: Decimal
    memo: str


def parse(text):
    """The entries of a ledger, in their order."""
    lines = text.split("\n")
    return [parse_line(line) for line in lines[:-1]]


def parse_line(line):
    """One entry; a line that is none raises `ValueError` and is named in it."""
    parts = line.split(maxsplit=2)
    if len(parts) != 3:
        raise ValueError(f"not an entry: {line!r}")
    day, amount, memo = parts
    try:
        return Entry(date.fromisoformat(day), Decimal(amount), memo)
    except (ValueError, InvalidOperation) as error:
        raise ValueError(f"not an entry: {line!r}") from error
