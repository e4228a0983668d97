import unittest
from datetime import date
from decimal import Decimal

from ledger import Entry, parse

COFFEE = Entry(date(2026, 3, 12), Decimal("4.50"), "coffee")
LUNCH = Entry(date(2026, 3, 12), Decimal("11.20"), "lunch with Ada")


class ParserTest(unittest.TestCase):
    def test_reads_an_entry(self):
        self.assertEqual(parse("2026-03-12 4.50 coffee\n"), [COFFEE])

    def test_keeps_the_order(self):
        text = "2026-03-12 4.50 coffee\n2026-03-12 11.20 lunch with Ada\n"
        self.assertEqual(parse(text), [COFFEE, LUNCH])

    def test_keeps_the_last_line(self):
        text = "2026-03-12 4.50 coffee\n2026-03-12 11.20 lunch with Ada"
        self.assertEqual(parse(text), [COFFEE, LUNCH])

    def test_nothing_has_no_entries(self):
        self.assertEqual(parse(""), [])

    def test_names_a_line_that_is_no_entry(self):
        with self.assertRaisesRegex(ValueError, "not an entry: 'coffee'"):
            parse("coffee\n")


if __name__ == "__main__":
    unittest.main()
