"""Writes the pages that follow from the code, and `.env.example`, or checks that they are up to date.

python -m docs.generate            write them
python -m docs.generate --check    exit code 1 and the names of those that are old
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from docs import (
    api_page,
    cli_page,
    doctor_page,
    keys_page,
    metrics_page,
    operate_page,
    patterns_page,
    steps_page,
    workflows_page,
)
from server.settings_docs import env_example

ROOT: Final = Path(__file__).parent.parent

PAGES: Final[dict[str, Callable[[], str]]] = {
    ".env.example": env_example,
    "docs/api.md": api_page.render,
    "docs/cli.md": cli_page.render,
    "docs/doctor.md": doctor_page.render,
    "docs/keys.md": keys_page.render,
    "docs/metrics.md": metrics_page.render,
    "docs/operate.md": operate_page.render,
    "docs/patterns.md": patterns_page.render,
    "docs/steps.md": steps_page.render,
    "docs/workflows.md": workflows_page.render,
}


def stale(root: Path = ROOT) -> list[str]:
    """The names of pages that differ from what the code says."""
    return [name for name, render in PAGES.items() if _read(root / name) != render()]


def write(root: Path = ROOT) -> list[str]:
    """Write what differs; the names of the pages that did."""
    names = stale(root)
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(PAGES[name](), encoding="utf-8")
    return names


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """The command."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write(__doc__ or "")
        return 2
    check = bool(arguments)
    names = stale() if check else write()
    for name in names:
        sys.stdout.write(f"{name} {'is old: run make docs' if check else 'written'}\n")
    return 1 if check and names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
