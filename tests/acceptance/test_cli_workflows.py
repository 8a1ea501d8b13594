"""Workflows between files and the server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.command import Home

ROOT = Path(__file__).parents[2]

FLOW = """\
# Greets people.
name: {name}
tags: [greeting]   # for the list
steps:
  - id: start
    type: TRIGGER
    ref: manual
    next: say
  # what it says
  - id: say
    ref: core.log
    params:
      message: hi {{{{name}}}}
"""


STEPS = [{"id": "a", "ref": "core.log", "params": {"message": "x"}}]


def _flow(name: str) -> str:
    return FLOW.format(name=name)


def test_applying_a_file_makes_changes_and_leaves_a_workflow(served: Home) -> None:
    file = served.write("greeter.yaml", _flow("Greeter"))
    made = served.flowdesk("apply", file)
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("created  greeter.yaml  Greeter")
    again = served.flowdesk("apply", file, "--json")
    (done,) = again.json
    assert (done["action"], done["version"], done["changes"]) == ("unchanged", 1, [])

    served.write("greeter.yaml", _flow("Greeter").replace("hi {{", "hello {{"))
    dry = served.flowdesk("apply", file, "--dry-run")
    assert "would be updated" in dry.out
    assert '~ steps.say.params.message: "hi {{name}}" → "hello {{name}}"' in dry.out
    assert served.flowdesk("show", "Greeter", "--json").json["version"] == 1
    changed = served.flowdesk("apply", file)
    assert changed.out.startswith("updated  greeter.yaml  Greeter")
    assert "v2" in changed.out
    shown = served.flowdesk("show", "Greeter")
    assert done["id"] in shown.out
    assert "core.log" in shown.out


def test_the_id_is_written_into_the_file_and_nothing_else(served: Home) -> None:
    text = _flow("With id")
    file = served.write("with-id.yaml", text)
    applied = served.flowdesk("apply", file, "--write-id", "--json")
    (done,) = applied.json
    assert (served.work / file).read_text() == text.replace("name: With", f'id: "{done["id"]}"\nname: With')
    # The id now finds the workflow whatever it is called.
    (served.work / file).write_text((served.work / file).read_text().replace("name: With id", "name: Renamed"))
    (renamed,) = served.flowdesk("apply", file, "--json").json
    assert (renamed["id"], renamed["action"], renamed["version"]) == (done["id"], "update", 2)


def test_an_id_of_another_server_is_no_obstacle(served: Home) -> None:
    file = served.write(
        "moved.json",
        {"id": "0" * 36, "name": "Moved", "steps": STEPS},
    )
    made = served.flowdesk("apply", file)
    assert made.code == 0
    assert "going by the name" in made.err
    assert served.flowdesk("apply", file).out.startswith("unchanged")


def test_a_directory_is_applied_whole_or_not_at_all(served: Home) -> None:
    flows = served.work / "flows"
    flows.mkdir()
    (flows / "a.yaml").write_text(_flow("First"))
    (flows / "b.yaml").write_text(_flow("Second").replace("core.log", "core.lgo"))
    refused = served.flowdesk("apply", "flows")
    assert refused.code == 1
    assert "flows/b.yaml:11:5: step say · ref:" in refused.out
    assert "nothing was applied" in refused.err
    assert served.flowdesk("show", "First").code == 5
    (flows / "b.yaml").write_text(_flow("Second"))
    assert served.flowdesk("apply", "flows").code == 0
    listed = served.flowdesk("ls", "--json", "--limit", "1000").json
    assert {"First", "Second"} <= {workflow["name"] for workflow in listed}


def test_two_files_for_one_workflow_are_refused(served: Home) -> None:
    for name in ("one.yaml", "two.yaml"):
        served.write(name, _flow("Twin"))
    refused = served.flowdesk("apply", "one.yaml", "two.yaml")
    assert refused.code == 6
    assert "are the same workflow" in refused.err
    assert served.flowdesk("show", "Twin").code == 5


def test_a_name_that_is_not_unique_asks_for_an_id(served: Home) -> None:
    for name in ("Double", "Other"):
        served.flowdesk("apply", served.write("d.json", {"name": name, "steps": STEPS}))
    other = served.flowdesk("show", "Other", "--json").json
    served.flowdesk("apply", served.write("d.json", {"id": other["id"], "name": "Double", "steps": STEPS}))
    refused = served.flowdesk("show", "Double")
    assert refused.code == 6
    assert other["id"] in refused.err
    assert served.flowdesk("apply", served.write("d.json", {"name": "Double", "steps": STEPS})).code == 6


def test_a_version_that_is_not_the_current_one_is_a_conflict(served: Home) -> None:
    file = served.write("old.yaml", _flow("Old"))
    served.flowdesk("apply", file)
    served.write("old.yaml", _flow("Old").replace("hi", "ho"))
    served.flowdesk("apply", file)
    served.write("old.yaml", "version: 1\n" + _flow("Old"))
    refused = served.flowdesk("apply", file)
    assert refused.code == 6
    assert "version" in refused.err


def test_what_is_exported_applies_unchanged(served: Home) -> None:
    served.flowdesk("apply", served.write("export.yaml", _flow("Export me")))
    printed = served.flowdesk("export", "Export me")
    assert printed.out.startswith("id: ")
    assert "createdAt" not in printed.out
    served.write("again.yaml", printed.out)
    assert served.flowdesk("apply", "again.yaml").out.startswith("unchanged")
    as_json = served.flowdesk("export", "Export me", "--format", "json", "--no-id").json
    assert "id" not in as_json
    served.write("again.json", as_json)
    assert served.flowdesk("apply", "again.json").out.startswith("unchanged")


def test_exporting_into_a_directory_keeps_comments_and_asks_before_it_changes(served: Home) -> None:
    served.flowdesk("apply", served.write("tree.yaml", _flow("Tree")), "--write-id")
    target = served.work / "tree"
    target.mkdir()
    (served.work / "tree.yaml").rename(target / "mine.yaml")
    same = served.flowdesk("export", "Tree", "-o", "tree")
    assert same.out.startswith("unchanged  tree/mine.yaml")
    document = served.flowdesk("show", "Tree", "--json").json
    document["steps"][1]["params"]["message"] = "changed\x1b[2J"
    served.flowdesk("apply", served.write("change.json", document))
    asked = served.flowdesk("export", "Tree", "-o", "tree")
    assert asked.code == 6
    assert asked.out.startswith("differs")
    assert "hi {{name}}" in (target / "mine.yaml").read_text()
    forced = served.flowdesk("export", "Tree", "-o", "tree", "--force")
    assert (forced.code, forced.out[:7]) == (0, "updated")
    text = (target / "mine.yaml").read_text()
    assert "# what it says" in text
    assert "\x1b" not in text
    assert served.flowdesk("apply", "tree").out.startswith("unchanged")


def test_names_of_exported_files_are_ours(served: Home) -> None:
    """Row 56: a workflow's name leads nowhere but into the directory."""
    for name in ("../../evil", "/etc/passwd", "Ärger: 100 %", "日本"):
        served.flowdesk(
            "apply",
            served.write("evil.json", {"name": name, "steps": STEPS}),
        )
    done = served.flowdesk("export", "--all", "-o", "out/deep", "--json").json
    assert all(Path(item["file"]).parent == Path("out/deep") for item in done)
    assert {"evil.yaml", "etc-passwd.yaml", "arger-100.yaml", "workflow.yaml"} <= {
        path.name for path in (served.work / "out/deep").iterdir()
    }
    (served.work / "out/deep/evil.yaml").unlink()
    (served.work / "out/deep/evil.yaml").symlink_to(served.work / "victim.yaml")
    again = served.flowdesk("export", "../../evil", "-o", "out/deep", "--force")
    assert again.out.startswith("written  out/deep/evil-0")
    assert not (served.work / "victim.yaml").exists()


def test_versions_can_be_compared_and_restored(served: Home) -> None:
    file = served.write("v.yaml", _flow("Versions"))
    served.flowdesk("apply", file)
    served.flowdesk("apply", served.write("v.yaml", _flow("Versions").replace("hi", "ho")))
    assert [v["version"] for v in served.flowdesk("versions", "Versions", "--json").json] == [2, 1]
    changed = served.flowdesk("diff", "Versions")
    assert changed.out == '~ steps.say.params.message: "hi {{name}}" → "ho {{name}}"\n'
    restored = served.flowdesk("restore", "Versions", "1")
    assert "now v3" in restored.out
    assert served.flowdesk("diff", "Versions", "1", "3", "--json").json["changes"] == []
    assert served.flowdesk("restore", "Versions", "99").code == 5


def test_switching_and_deleting(served: Home) -> None:
    served.flowdesk("apply", served.write("s.yaml", _flow("Switch")))
    assert served.flowdesk("disable", "Switch").out == "Switch is off  v2\n"
    assert served.flowdesk("disable", "Switch").out == "Switch is off  v2\n"
    off = served.flowdesk("ls", "--disabled", "--json").json
    assert [workflow["name"] for workflow in off] == ["Switch"]
    assert served.flowdesk("enable", "Switch", "--json").json["enabled"] is True
    refused = served.flowdesk("delete", "Switch")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert served.flowdesk("delete", "Switch", "--yes").code == 0
    missing = served.flowdesk("show", "Swich")
    assert missing.code == 5
    assert served.flowdesk("show", "0" * 36).code == 5


def test_lists_are_as_long_as_asked_for(served: Home) -> None:
    flows = served.work / "many"
    flows.mkdir()
    for number in range(4):
        (flows / f"{number}.yaml").write_text(_flow(f"Many {number}").replace("[greeting]", "[many]"))
    served.flowdesk("apply", "many")
    few = served.flowdesk("ls", "--tag", "many", "--limit", "3")
    assert few.out.count("Many ") == 3
    assert "more than 3" in few.err
    rows = served.flowdesk("ls", "--text", "many", "--json").json
    assert len(rows) == 4
    assert all(row["id"] in served.flowdesk("ls", "--tag", "many").out for row in rows)


def test_the_examples_that_come_along_are_in_order(served: Home) -> None:
    checked = served.flowdesk("validate", str(ROOT / "examples"), "--json")
    assert [entry["problems"] for entry in checked.json if not entry["valid"]] == []
    assert checked.code == 0


def test_steps_are_listed_and_described(served: Home) -> None:
    kinds = served.flowdesk("steps", "--json").json
    assert {"http.request", "core.log", "manual"} <= {kind["ref"] for kind in kinds}
    listed = served.flowdesk("steps").out
    assert all(kind["ref"] in listed for kind in kinds)
    described = served.flowdesk("steps", "http.request").out
    for word in ("url", "required", "example"):
        assert word in described
    assert served.flowdesk("steps", "no.such").code == 5
    assert json.loads(served.flowdesk("steps", "core.log", "--json").out)["ref"] == "core.log"
