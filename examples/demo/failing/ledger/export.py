"""Exports for the accountants. New in this change, and without a test."""

import subprocess


def export(rows: list[tuple[str, int]], path: str) -> None:
    """Writes the rows as CSV and sorts the file by the first column."""
    with open(path, "w", encoding="utf-8") as out:
        for what, cents in rows:
            if "," in what:
                raise ValueError("a comma in a name")
            out.write(f"{what},{cents}\n")
    subprocess.run(f"sort -o {path} {path}", shell=True, check=True)
    with open(path, encoding="utf-8") as back:
        if len(back.readlines()) != len(rows):
            raise OSError("the file is not whole")
