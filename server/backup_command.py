"""`flowdesk-server backup FILE` and `restore FILE`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.errors import Unusable
from engine.jsonio import dump_text
from server.backup import backup, restore
from server.environment import load_settings
from server.exits import Exit
from server.operating import operate
from server.preflight import prepare_data_dir
from server.settings import Settings


def run_backup(given: Mapping[str, Any], target: Path, *, as_json: bool) -> int:
    """Make the copy and say so; the exit code."""

    def work() -> int:
        database = _settings(given).database
        size = backup(database, target)
        document = {"database": str(database), "backup": str(target.absolute()), "bytes": size}
        _say(f"copied {database} to {target} ({size} bytes, checked)", document, as_json=as_json)
        return Exit.OK

    return operate(work, as_json=as_json)


def run_restore(given: Mapping[str, Any], source: Path, *, force: bool, as_json: bool) -> int:
    """Put the backup in place and say so; the exit code."""

    def work() -> int:
        settings = _settings(given)
        prepare_data_dir(settings.data_dir)
        database = settings.database
        done = restore(source, database, force=force)
        kept = None if done.kept is None else str(done.kept)
        text = f"{database} is what {source} was ({done.size} bytes)" + (f"; the one before is {kept}" if kept else "")
        document = {"database": str(database), "backup": str(source.absolute()), "bytes": done.size, "kept": kept}
        _say(text, document, as_json=as_json)
        return Exit.OK

    return operate(work, as_json=as_json)


def _settings(given: Mapping[str, Any]) -> Settings:
    settings = load_settings(os.environ, Path(".env"), given)
    if settings.mongo_url is not None:
        raise Unusable(
            "the data is in MongoDB (MONGO_URL), whose own tools back it up and restore it",
            code="settings",
            hint="mongodump --uri=$MONGO_URL --gzip --archive=FILE, and mongorestore; docs/scale.md tells how",
        )
    return settings


def _say(text: str, document: dict[str, Any], *, as_json: bool) -> None:
    click.echo(dump_text(document, pretty=True) if as_json else text)
