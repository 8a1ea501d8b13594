"""docs/patterns.md: what FlowDesk makes of the published control-flow patterns, from the examples that are tested."""

from __future__ import annotations

from typing import Final

from tests.patterns.catalogue import PATTERNS

_HEAD: Final = """# Workflow patterns

<!-- Written by `make docs` from tests/patterns/catalogue.py; a test fails when it is old. -->

The control-flow patterns of van der Aalst, ter Hofstede, Kiepuszewski and Barros, "Workflow Patterns" (Distributed and
Parallel Databases 14, 2003), numbered as there. Each of these is a workflow that the tests check and play, down to its
exact journal. *Supported* means that there is a construct for it; a *workaround* does the same with others, at a price.

| | pattern | verdict | how |
|---|---|---|---|
"""


def render() -> str:
    """The whole page."""
    rows = [f"| {one.number} | {one.name} | {one.verdict} | {one.how} |" for one in PATTERNS]
    return _HEAD + "\n".join(rows) + "\n"
