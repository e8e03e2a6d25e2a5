def one():
    return 4


def two():
    return 3
