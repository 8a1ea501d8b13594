"""docs/security.md explains every finding in the words of the review itself, the worst first."""

from __future__ import annotations

import re

from server.review.findings import CATALOGUE
from tests.house.tree import ROOT


def test_every_finding_is_explained() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_.]+)` \| (high|medium|low) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    entries = sorted(CATALOGUE.items(), key=lambda item: -item[1].severity)
    assert rows == [(code, one.severity.name.lower(), one.means, one.remedy) for code, one in entries]
