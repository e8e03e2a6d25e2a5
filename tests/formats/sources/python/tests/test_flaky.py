import pathlib

COUNTER = pathlib.Path("attempts.txt")


def test_needs_a_second_attempt():
    attempts = int(COUNTER.read_text()) if COUNTER.exists() else 0
    COUNTER.write_text(str(attempts + 1))
    assert attempts >= 1


def test_never_passes():
    assert False


def test_passes_at_once():
    assert True
