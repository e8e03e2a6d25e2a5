"""Nothing to find here."""


def add(left, right):
    """The sum."""
    return left + right
