def untested(number):
    doubled = number * 2
    return doubled


def one():
    return 1


def two():
    return 2


def three():
    return 3
