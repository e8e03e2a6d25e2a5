from ledger.money import refund, split


def test_refund():
    assert refund(100, 50) == 50


def test_split():
    assert sum(split(100, 3)) == 100
