from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowdesk.applying import Intent, draft_of, normal, refuse_twins
from flowdesk.errors import InConflict
from flowdesk.files import WorkflowFile

STEP = {"id": "a", "ref": "core.log", "params": {"message": "x"}}


def _file(**document: Any) -> WorkflowFile:
    return WorkflowFile(Path(f"{document['name']}.yaml"), "", document)


def test_defaults_make_no_difference() -> None:
    long = {
        "name": "x",
        "enabled": True,
        "tags": [],
        "steps": [{**STEP, "type": "ACTION", "join": "all", "next": None}],
    }
    short = {"name": "x", "steps": [STEP]}
    assert normal(long) == normal(short)
    assert normal(long, short=True) == short


def test_what_only_the_server_writes_is_left_out() -> None:
    assert draft_of({"id": "1", "version": 2, "ownerId": "o", "createdAt": 1, "updatedAt": 1, "name": "x"}) == {
        "name": "x"
    }


def test_fields_of_a_newer_server_are_compared_as_they_are() -> None:
    document = {"name": "x", "steps": [STEP], "future": 1}
    assert normal(document) == document


def test_twins_are_refused_and_namesakes_with_ids_are_not() -> None:
    def known(workflow_id: str) -> Any:
        return {"id": workflow_id, "version": 1}

    one, two = _file(name="x", steps=[]), _file(name="x", steps=[])
    with pytest.raises(InConflict, match="the same workflow"):
        refuse_twins([Intent(one, "create"), Intent(two, "create")])
    with pytest.raises(InConflict, match="the same workflow"):
        refuse_twins([Intent(one, "update", known("1")), Intent(two, "update", known("1"))])
    refuse_twins([Intent(one, "update", known("1")), Intent(two, "update", known("2"))])
