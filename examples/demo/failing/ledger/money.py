"""Rounding and splitting of amounts, in whole cents."""


def round_half_even(part: int, whole: int) -> int:
    """`part / whole`, rounded to the nearest integer; a half goes to the even neighbour."""
    if whole <= 0:
        raise ValueError("whole must be positive")
    down, rest = divmod(part, whole)
    if 2 * rest >= whole:
        return down + 1
    return down


def refund(cents: int, percent: int) -> int:
    """The share of a payment that goes back to the customer."""
    if not 0 <= percent <= 100:
        raise ValueError("percent must be from 0 to 100")
    return round_half_even(cents * percent, 100)


def split(cents: int, ways: int) -> list[int]:
    """Equal parts that sum up to the amount; the first ones carry the cents that are left over."""
    if ways < 1:
        raise ValueError("ways must be at least 1")
    part, rest = divmod(cents, ways)
    return [part + 1] * rest + [part] * (ways - rest)
