import locale

import pytest

from ledger.receipt import line, receipt_number


def test_a_number_has_six_digits():
    assert len(receipt_number()) == 6


def test_an_amount_has_two_decimals():
    assert line("tea", 250).endswith(" 2.50")


@pytest.mark.skipif(locale.localeconv()["decimal_point"] != ",", reason="needs a locale with a decimal comma")
def test_an_amount_follows_the_locale():
    assert line("tea", 250).endswith(" 2,50")
