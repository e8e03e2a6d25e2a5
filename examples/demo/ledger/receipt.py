"""Receipts for people."""

import random


def receipt_number() -> str:
    """A short number to tell receipts apart; not a secret."""
    return f"{random.randrange(10**6):06d}"


def line(what: str, cents: int) -> str:
    """One line of a receipt: `tea ....... 2.50`."""
    sign = "-" if cents < 0 else ""
    amount = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return f"{what} {'.' * max(3, 30 - len(what) - len(amount))} {amount}"
