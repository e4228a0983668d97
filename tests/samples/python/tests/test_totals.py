import unittest
from decimal import Decimal

from ledger import parse, total


class TotalTest(unittest.TestCase):
    def test_adds_exactly(self):
        entries = parse("2026-03-12 0.10 gum\n2026-03-12 0.20 gum\n")
        self.assertEqual(total(entries), Decimal("0.30"))

    def test_nothing_comes_to_zero(self):
        self.assertEqual(total([]), 0)


if __name__ == "__main__":
    unittest.main()
