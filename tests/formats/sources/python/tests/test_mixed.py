import sys
import unittest

import pytest

from ledger.money import refund, round_half_even, split


def test_passes():
    assert split(10, 3) == [4, 3, 3]


@pytest.mark.parametrize("text", ["plain", "<b>&\"'</b>", "naïve ☃ 𝄞", "tab\there", "\x1b[31mred\x1b[0m", "**bold** | @org"])
def test_odd_names(text):
    print(f"out: {text}\x00\x07")
    assert refund(100, 50) == 50


def test_fails():
    assert round_half_even(5, 2) == 3, "expected <3> & got 2"


def test_raises():
    raise KeyError("no such account")


@pytest.fixture
def broken():
    raise OSError("database is gone ]]> really")


def test_setup_error(broken):
    pass


@pytest.fixture
def broken_behind():
    yield
    raise OSError("cannot close")


def test_passes_and_teardown_errors(broken_behind):
    pass


@pytest.mark.skip(reason="needs a printer")
def test_skipped():
    pass


@pytest.mark.xfail(reason="known: #12")
def test_expected_failure():
    assert False


@pytest.mark.xfail(reason="fixed meanwhile", strict=True)
def test_strict_expected_failure_passes():
    assert True


class TestInAClass:
    def test_passes(self):
        sys.stderr.write("something on stderr\n")

    def test_fails(self):
        assert {"a": 1} == {"a": 2}


class InUnittest(unittest.TestCase):
    def test_subtests(self):
        for part in (1, 2, 3):
            with self.subTest(part=part):
                self.assertNotEqual(part, 2)
