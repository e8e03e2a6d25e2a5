import unittest

from ledger.money import refund, split


class Split(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(sum(split(10, 4)), 10)

    def test_fails(self):
        self.assertEqual(split(10, 4), [3, 3, 3, 1])

    def test_error(self):
        split(10, None)

    @unittest.skip("later")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.assertEqual(1, 2)

    def test_subtests(self):
        for ways in (1, 2, 3):
            with self.subTest(ways=ways):
                self.assertNotEqual(len(split(9, ways)), 2)


class Refund(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no database")

    def test_never_runs(self):
        self.assertEqual(refund(1, 1), 0)


class Whole(unittest.TestCase):
    def test_passes(self):
        print("<out> & more")
