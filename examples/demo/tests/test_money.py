import pytest

from ledger import refund, round_half_even, split


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1, 3, 0), (2, 3, 1), (5, 2, 2), (7, 2, 4), (6, 2, 3)],
)
def test_a_half_goes_to_the_even_neighbour(part, whole, expected):
    assert round_half_even(part, whole) == expected


def test_a_whole_of_nothing_is_refused():
    with pytest.raises(ValueError, match="positive"):
        round_half_even(1, 0)


def test_refund_rounds_half_even():
    assert refund(2005, 50) == 1002


def test_a_refund_of_more_than_everything_is_refused():
    with pytest.raises(ValueError, match="percent"):
        refund(2005, 101)


@pytest.mark.parametrize("ways", [1, 2, 3, 7])
def test_the_parts_sum_up_to_the_amount(ways):
    assert sum(split(1000, ways)) == 1000
