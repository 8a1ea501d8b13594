"""Editing a step in its form."""

from __future__ import annotations

from textual.widgets import Button, Checkbox, Select

from engine.errors import Problem
from flowdesk.replies import Preview as PreviewReply
from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.draw.previews import Preview, previews_of
from flowdesk.tui.widgets.form.boxes import ArrayBox, MapBox, UnionBox
from flowdesk.tui.widgets.form.controls import Suggestions
from flowdesk.tui.widgets.form.fold import Fold, FoldTitle
from flowdesk.tui.widgets.text_fields import AreaInput, LineInput
from tests.tui.pressing import presses
from tests.tui.waiting import until
from tests.tui.widgets.form.host import FormHost, a_step, kind_of, settled, shown
from tests.tui.world import HOSTILE

REQUEST = {"url": "https://a.example/x", "headers": {"A": "1", "B": "2"}, "timeoutMs": 500}


def values(host: FormHost) -> object:
    return host.document["params"]


async def test_typing_changes_one_value_and_nothing_else() -> None:
    async with shown("http.request", REQUEST) as (host, pilot):
        await host.replace(pilot, "params.url", "http://b")
        assert values(host) == {**REQUEST, "url": "http://b"}
        assert {path for path, _value in host.changes} == {("params", "url")}
        assert host.form.step == host.document


async def test_a_number_stays_a_number_and_wrong_input_stays_in_the_field() -> None:
    async with shown("http.request", REQUEST) as (host, pilot):
        await host.replace(pilot, "params.timeoutMs", "700")
        assert values(host) == {**REQUEST, "timeoutMs": 700}
        await host.replace(pilot, "params.timeoutMs", "soon")
        assert host.row("params.timeoutMs").query_one(LineInput).value == "soon"
        assert "must be a whole number" in host.notes("params.timeoutMs")
        await host.replace(pilot, "params.timeoutMs", "0")
        assert "at least 1" in host.notes("params.timeoutMs")
        await host.replace(pilot, "params.timeoutMs", "{{data.wait}}")
        assert "must be" not in host.notes("params.timeoutMs")
        assert values(host) == {**REQUEST, "timeoutMs": "{{data.wait}}"}


async def test_emptying_an_optional_field_takes_the_value_away() -> None:
    async with shown("core.assert", {"condition": "true", "message": "m"}) as (host, pilot):
        await host.replace(pilot, "params.message", "")
        assert values(host) == {"condition": "true"}
        assert host.changes[-1] == (("params", "message"), GONE)
        await host.replace(pilot, "params.condition", "")
        assert values(host) == {"condition": ""}
        assert "Condition is required" in host.notes("params.condition")


async def test_choices_and_switches() -> None:
    async with shown("core.fail", {"message": "m"}) as (host, pilot):
        host.row("params.retryable").query_one(Checkbox).toggle()
        await settled(host, pilot)
        assert values(host) == {"message": "m", "retryable": True}
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        host.row("params.level").query_one(Select).value = 2
        await settled(host, pilot)
        assert values(host) == {"message": "m", "level": "warning"}
        host.row("params.level").query_one(Select).clear()
        await settled(host, pilot)
        assert values(host) == {"message": "m"}
        await pilot.pause()


@presses("form.raw")
async def test_a_field_as_json_and_back() -> None:
    async with shown("core.log", {"message": "m", "level": "info"}) as (host, pilot):
        await host.form.focus_field("params.level")
        await pilot.press("ctrl+t")
        await settled(host, pilot)
        await host.replace(pilot, "params.level", "{{data.level}}")
        assert values(host) == {"message": "m", "level": "{{data.level}}"}
        await pilot.press("x")
        await settled(host, pilot)
        assert host.form.unreadable
        assert "not valid JSON" in host.notes("params.level")
        assert values(host) == {"message": "m", "level": "{{data.level}}"}
        await host.replace(pilot, "params.level", '"error"')
        await pilot.press("ctrl+t")
        await settled(host, pilot)
        assert host.row("params.level").query_one(Select).value == 3


async def test_a_whole_group_as_json_and_back() -> None:
    async with shown("http.request", REQUEST) as (host, pilot):
        box = next(box for box in host.form.query(MapBox) if box.place == "params.headers")
        box.query_one(".add", Button).focus()
        await pilot.press("ctrl+t")
        await settled(host, pilot)
        assert host.focused is host.row("params.headers").control_widget
        await host.replace(pilot, "params.headers", "{{data.headers}}")
        assert values(host) == {**REQUEST, "headers": "{{data.headers}}"}
        await pilot.press("ctrl+t")
        await settled(host, pilot)
        await host.replace(pilot, "params.headers", '{"C": "3"}')
        await pilot.press("ctrl+t")
        await settled(host, pilot)
        assert host.row("params.headers.C").text == "3"
        assert values(host) == {**REQUEST, "headers": {"C": "3"}}


async def test_rows_of_a_map() -> None:
    async with shown("http.request", REQUEST) as (host, pilot):
        box = next(box for box in host.form.query(MapBox) if box.place == "params.headers")
        box.query_one(".add", Button).press()
        await settled(host, pilot)
        assert values(host) == REQUEST
        await pilot.press("A")
        await settled(host, pilot)
        assert "there twice" in str(box.query_one(".title").render())
        await pilot.press("c", "tab", "3")
        await settled(host, pilot)
        assert values(host) == {**REQUEST, "headers": {"A": "1", "B": "2", "Ac": "3"}}
        box.query(".remove").first(Button).press()
        await settled(host, pilot)
        assert values(host) == {**REQUEST, "headers": {"B": "2", "Ac": "3"}}


async def test_items_of_a_list() -> None:
    cases = [{"label": "a", "when": "true"}, {"label": "b", "when": "false"}]
    async with shown("flow.switch", {"cases": cases}) as (host, pilot):
        box = host.form.query_one(ArrayBox)
        box.query(".up").last(Button).press()
        await settled(host, pilot)
        assert values(host) == {"cases": cases[::-1]}
        box.query_one(".add", Button).press()
        await settled(host, pilot)
        await pilot.press("c")
        await settled(host, pilot)
        assert values(host) == {"cases": [*cases[::-1], {"label": "c"}]}
        box.query(".remove").first(Button).press()
        await settled(host, pilot)
        assert values(host) == {"cases": [cases[0], {"label": "c"}]}
        await host.replace(pilot, "params.cases[0].label", "z")
        assert values(host) == {"cases": [{"label": "z", "when": "true"}, {"label": "c"}]}


async def test_another_form_of_a_value_and_the_first_one_again() -> None:
    body = {"kind": "text", "text": "hello"}
    async with shown("http.request", {"url": "u", "body": body}) as (host, pilot):
        union = next(box for box in host.form.query(UnionBox) if box.place == "params.body")
        choice = union.query(Select).first()
        choice.value = 0
        await settled(host, pilot)
        assert values(host) == {"url": "u", "body": {"kind": "json"}}
        assert host.row("params.body.value")
        choice.value = 2
        await settled(host, pilot)
        assert values(host) == {"url": "u", "body": body}
        choice.clear()
        await settled(host, pilot)
        assert values(host) == {"url": "u"}


async def test_problems_stand_at_their_fields_and_strangers_at_the_top() -> None:
    problems = [
        Problem("bad", f"wrong {HOSTILE}", "it", "params.url", "write https"),
        Problem("bad", "too long", "it", "retry.maxAttempts"),
        Problem("bad", "nowhere", "it", "next[0].to"),
        Problem("bad", "header", "it", "params.headers.Z"),
    ]
    async with shown("http.request", REQUEST, problems) as (host, pilot):
        assert "write https" in host.notes("params.url")
        assert "\x1b" not in host.notes("params.url")
        assert "next[0].to: nowhere" in str(host.form.query_one(".problems").render())
        limits = next(fold for fold in host.form.query(Fold) if fold.covers("retry.maxAttempts"))
        assert limits.has_class("-wrong")
        assert limits.has_class("-closed")
        assert await host.form.focus_field("retry.maxAttempts")
        await settled(host, pilot)
        assert not limits.has_class("-closed")
        assert "too long" in host.notes("retry.maxAttempts")
        await pilot.press("3")
        await settled(host, pilot)
        assert host.document["retry"] == {"maxAttempts": 3}


@presses("form.leave", "fold.toggle")
async def test_escape_leaves_the_field_and_the_fold_opens_by_key() -> None:
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        await host.form.focus_field("params.message")
        await pilot.press("escape")
        assert host.focused is host.form
        host.form.query(Fold).last().query_one(FoldTitle).focus()
        await pilot.press("enter")
        await settled(host, pilot)
        assert host.row("timeoutMs")
        fold = host.form.query(Fold).last()
        for closed in (True, False):
            await pilot.press("space")
            await settled(host, pilot)
            assert fold.has_class("-closed") is closed
        assert host.changes == []


async def test_an_id_is_changed_when_the_field_is_left_and_only_to_a_good_one() -> None:
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        await host.replace(pilot, "id", "new id")
        await pilot.press("tab")
        await settled(host, pilot)
        assert host.document["id"] == "it"
        assert "must fit" in host.notes("id")
        await host.replace(pilot, "id", "new_id")
        assert host.changes == []
        await pilot.press("tab")
        await settled(host, pilot)
        assert host.changes == [(("id",), "new_id")]


async def test_the_editor_gets_the_text_and_what_comes_back_is_kept() -> None:
    async with shown("text.template", {"template": "a\nb"}) as (host, pilot):
        await host.form.focus_field("params.template")
        await pilot.press("ctrl+e")
        await settled(host, pilot)
        assert host.editor == [("params.template", "a\nb")]
        host.form.put_text("params.template", "c\x1b[2J\nd")
        await settled(host, pilot)
        assert values(host) == {"template": "c[2J\nd"}


@presses("completion.next", "completion.previous", "completion.take/enter")
async def test_braces_offer_names_with_values_and_enter_takes_one() -> None:
    async with shown("core.log", {"message": ""}) as (host, pilot):
        host.form.set_scope({"data": {"email": "ada@x", "errors": [HOSTILE]}, "steps": {}}, "run #18")
        await host.form.focus_field("params.message")
        await pilot.press(*"to {{e")
        await until(lambda: host.form.query(Suggestions), "the suggestions")
        assert [c.label for c in host.form.query_one(Suggestions).candidates][:2] == ["email", "errors"]
        await pilot.press("down", "up", "enter")
        await settled(host, pilot)
        assert values(host) == {"message": "to {{email}}"}
        assert not host.form.query(Suggestions)


@presses("completion.take/tab", "completion.close")
async def test_suggestions_in_an_area_and_escape_only_closes_them() -> None:
    async with shown("text.template", {"template": "x\n"}) as (host, pilot):
        host.form.set_scope({"data": {"email": "ada@x"}}, "")
        await host.form.focus_field("params.template")
        area = host.row("params.template").query_one(AreaInput)
        area.move_cursor(area.document.end)
        await pilot.press(*"{{em")
        await until(lambda: host.form.query(Suggestions), "the suggestions")
        await pilot.press("tab")
        await settled(host, pilot)
        assert values(host) == {"template": "x\n{{email}}"}
        await pilot.press(*" {{em")
        await until(lambda: host.form.query(Suggestions), "the suggestions")
        await pilot.press("escape")
        await settled(host, pilot)
        assert not host.form.query(Suggestions)
        assert host.focused is not host.form


async def test_previews_are_asked_for_when_typing_pauses_and_shown() -> None:
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        host.form.set_scope({}, "run #1842")
        await host.replace(pilot, "params.message", "to {{email")
        await pilot.press("}", "}")
        await until(lambda: {"message": "to {{email}}"} in host.wanted, "the wish for a preview")
        host.form.set_preview({"params.message": Preview("to " + HOSTILE)})
        assert "↳ to x [/y]" in host.notes("params.message")
        assert "from run #1842" in host.notes("params.message")
        host.form.set_preview({"params.message": Preview(error="no such name")})
        assert "↳ no such name" in host.notes("params.message")


def test_previews_by_path() -> None:
    params = {"a": "{{x}}", "b": [{"c": "{{y | int}}"}], "d": "plain"}
    wrong = Problem("template_helper", "no number", "it", "params.b[0].c")
    reply = PreviewReply({"a": "ada", "b": [{"c": "{{y | int}}"}], "d": "plain"}, [wrong], {}, False)
    assert previews_of(params, reply) == {
        "params.a": Preview('"ada"'),
        "params.b[0].c": Preview('"{{y | int}}"', "no number"),
    }


async def test_loading_what_the_form_came_to_keeps_the_focus_and_another_step_does_not() -> None:
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        await host.replace(pilot, "params.message", "n")
        before = host.focused
        await host.form.load(host.kind, host.document)
        assert host.focused is before
        await host.form.load(host.kind, a_step("core.log", {"message": "undone"}))
        await settled(host, pilot)
        assert host.row("params.message").text == "undone"
        assert host.focused is host.row("params.message").query_one(LineInput)
        await host.form.load(kind_of("manual"), a_step("manual", {}))
        await settled(host, pilot)
        assert not [fold for fold in host.form.query(Fold) if fold.covers("retry")]
        assert [path for path, _ in host.changes] == [("params", "message")] * len(host.changes)


async def test_secrets_are_not_shown_but_templates_are() -> None:
    auth = {"kind": "bearer", "token": "s3cret"}
    async with shown("http.request", {"url": "u", "auth": auth}) as (host, pilot):
        token = host.row("params.auth.token").query_one(LineInput)
        assert token.password
        await host.replace(pilot, "params.auth.token", "{{data.token}}")
        assert not token.password


async def test_pasting_never_brings_invisible_characters() -> None:
    async with shown("core.log", {"message": "m"}) as (host, pilot):
        line = host.row("params.message").query_one(LineInput)
        line.insert_text_at_cursor(HOSTILE)
        await settled(host, pilot)
        assert line.value.isprintable()
        assert "[/y] [red]z" in line.value
        await pilot.pause()
