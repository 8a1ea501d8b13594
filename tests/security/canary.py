"""Looking for a secret everywhere it must not be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.masking import forms_of

CANARY = "cnry-7Hq2/Zx9+pL4=vT8&mK1?wN6"


def shows(text: str | bytes, secret: str = CANARY) -> str | None:
    """The form of the secret a text holds, or None; a few characters of it may be anybody's."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    pieces = {secret[at : at + 10] for at in range(len(secret) - 9)}
    return next((form for form in forms_of(secret) | pieces if form in text), None)


def shown_in_database(path: Path, secret: str = CANARY) -> list[str]:
    """The tables, and the raw files, that hold it."""
    found = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name from the schema
            if any(isinstance(cell, str | bytes) and shows(cell, secret) for row in rows for cell in row):
                found.append(table)
    return found + [name for name in shown_in_files(path.parent, secret) if name.startswith(path.name)]


def shown_in_files(directory: Path, secret: str = CANARY) -> list[str]:
    """The files below the directory that hold it."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    return [file.relative_to(directory).as_posix() for file in files if shows(file.read_bytes(), secret)]
