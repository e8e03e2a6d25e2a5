"""Amounts of money in whole cents."""

from ledger.money import refund, round_half_even, split

__all__ = ["refund", "round_half_even", "split"]
