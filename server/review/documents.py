"""What is said about a review, going out."""

from __future__ import annotations

from typing import Literal

from engine.models.base import Document


class FindingDocument(Document):
    """One thing to look at."""

    code: str
    """A stable name for the kind of finding; docs/security.md explains each."""
    severity: Literal["high", "medium", "low"]
    """`high`: open to others as it stands; `medium`: makes a mistake or leak worse; `low`: worth tidying up."""
    where: str
    """The setting, workflow and step, secret, key or member."""
    message: str
    """What was found."""
    remedy: str
    """What to do."""


class ReviewDocument(Document):
    """What was looked at, and what was found."""

    workspace_id: str
    """The workspace."""
    server: bool
    """Whether the server's settings were looked at too; only for administrators."""
    findings: list[FindingDocument]
    """What was found, the worst first."""
