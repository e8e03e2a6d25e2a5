import unittest

from ledger.money import split


class Parts(unittest.TestCase):
    def test_every_number_of_parts(self):
        for ways in (1, 2, 3):
            with self.subTest(ways=ways):
                self.assertEqual(len(split(9, ways)), ways)
