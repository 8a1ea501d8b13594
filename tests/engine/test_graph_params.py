"""What validation says about kinds, parameters and the names they read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import model_validator

from engine.graph import validate
from engine.registry import Registry
from engine.sdk import Params, Steps
from tests.engine.kinds import params, problems, step, the


class TestKinds:
    def test_unknown_kinds_name_the_nearest(self) -> None:
        (problem,) = problems(step("a", "t.calls"))
        assert (problem.code, problem.field, problem.hint) == ("unknown_ref", "ref", "did you mean t.call?")
        assert "/api/steps" in (problems(step("a", "zzz.qqqqqqqq"))[0].hint or "")

    @pytest.mark.parametrize(("ref", "kind"), [("http.webhook", "ACTION"), ("t.free", "TRIGGER")])
    def test_the_type_fits_the_kind(self, ref: str, kind: str) -> None:
        assert the(step("a", ref, type=kind)) == ("wrong_step_type", "a", "type")

    def test_one_webhook(self) -> None:
        hooks = [step(name, "http.webhook", type="TRIGGER") for name in ("a", "b")]
        assert the(*hooks) == ("several_webhooks", "b", "ref")

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("scheduleCron", "61 * * * *", "cron"),
            ("scheduleCron", "0 0 30 2 *", "cron"),
            ("scheduleCron", "0 0 */31 2 1#2", "cron_never"),
            ("timezone", "Europe/Berln", "timezone"),
        ],
    )
    def test_schedules(self, field: str, value: str, code: str) -> None:
        """Row 14: refused at save."""
        assert the(step("a"), **{field: value}) == (code, None, field)


class TestParams:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"url": "https://x"}, []),
            ({"url": "{{data.url}}"}, []),
            ({"url": "ftp://x"}, [("bad_value", "params.url")]),
            ({}, [("missing_field", "params.url")]),
            ({"url": "https://x", "timeoutMs": "{{data.ms}}"}, []),
            ({"url": "https://x", "timeoutMs": "soon"}, [("wrong_type", "params.timeoutMs")]),
            ({"url": "https://x", "timeoutMs": 0}, [("bad_value", "params.timeoutMs")]),
            ({"url": "https://x", "timeout_ms": 0}, [("bad_value", "params.timeout_ms")]),
            ({"url": "https://x", "timeout": 5}, [("unknown_field", "params.timeout")]),
            ({"url": "https://x", "wanted": ["{{x}}", "y"]}, [("wrong_type", "params.wanted[1]")]),
            ({"url": "https://x", "wanted": "{{data.list}}"}, []),
            ({"url": "https://x", "wanted": ["{{x}}", 1, 2, 3]}, [("bad_value", "params.wanted")]),
            ({"url": "https://x", "wanted": [700]}, [("bad_value", "params")]),
            ({"url": "{{x}}", "wanted": [700]}, []),
            ({"url": "https://x", "auth": "{{data.auth}}"}, []),
            ({"url": "https://x", "auth": {"kind": "basic", "user": "{{u}}"}}, []),
            ({"url": "https://x", "auth": {"kind": "basic", "usr": "u"}},
             [("missing_field", "params.auth.user"), ("unknown_field", "params.auth.usr")]),
            ({"url": "https://x", "auth": {"kind": "{{k}}", "user": "u"}}, []),
            ({"url": "https://x", "auth": {"kind": "digest", "user": "{{u}}"}}, [("bad_value", "params.auth")]),
            ({"url": "https://x", "auth": 5}, [("wrong_type", "params.auth")]),
            ({"url": "https://x", "body": [{"text": "{{x}}"}]}, []),
            ({"url": "https://x", "body": [{"text": "x", "level": "{{l}}"}]}, []),
            ({"url": "https://x", "body": [{"text": "x", "level": "warnin"}]}, [("bad_value", "params.body[0].level")]),
            ({"url": "https://x", "body": {"a": "{{x}}"}}, [("wrong_type", "params.body")]),
            ({"url": "https://x", "pairs": 3}, [("odd_number", "params.pairs")]),
        ],
    )  # fmt: skip
    def test_what_is_known_before_a_run_is_checked(
        self, given: dict[str, Any], expected: list[tuple[str, str]]
    ) -> None:
        assert params("t.call", **given) == expected

    def test_unknown_params_name_the_nearest(self) -> None:
        found = problems(
            step("a", "t.call", params={"url": "https://x", "timeout": 1, "auth": {"kind": "bearer", "tokn": "x"}})
        )
        assert [(p.field, p.hint) for p in found if p.code == "unknown_field"] == [
            ("params.auth.tokn", "did you mean token?"),
            ("params.timeout", "did you mean timeoutMs?"),
        ]

    def test_broken_templates(self) -> None:
        (problem,) = problems(step("a", params={"x": {"y": ["ok", "line\n{{data.name | shout}}"]}}))
        assert (problem.code, problem.field, problem.line, problem.column) == ("template_helper", "params.x.y[1]", 2, 1)

    def test_broken_expressions(self) -> None:
        cases = {"cases": [{"label": "a", "when": "true"}, {"label": "b", "when": "data.x ~ 1"}]}
        assert params("t.switch", **cases) == [("bad_expression", "params.cases[1].when")]

    def test_a_plugin_that_raises_anything_is_a_problem_of_the_step(self) -> None:
        class Odd(Params):
            x: Any

            @model_validator(mode="before")
            @classmethod
            def _fail(cls, value: Any) -> Any:
                raise RuntimeError("no luck")

        steps = Steps("odd")

        @steps.action("one", Odd)
        async def one(ctx: Any, params: Odd) -> None:
            """Fails to be checked."""

        own = Registry()
        own.include(steps, source="test")
        (problem,) = validate({"name": "w", "steps": [step("a", "odd.one", params={"x": 1})]}, own)[1]
        assert (problem.code, problem.step_id, problem.field) == ("bad_value", "a", "params")
        assert "no luck" in problem.message


class TestLookups:
    @pytest.mark.parametrize(
        ("where", "code"),
        [
            ({"params": {"x": "a {{steps.lats.body}}"}}, "unknown_step"),
            ({"params": {"x": "{{steps.last.body}}"}}, "not_an_ancestor"),
            ({"params": {"x": "{{steps.mid.body}}"}}, "not_an_ancestor"),
            ({"params": {"x": "{{#data.l}}{{steps.last.x}}{{/data.l}}"}}, "not_an_ancestor"),
            ({"params": {"x": "{{secrets}}"}}, "secret_name"),
            ({"params": {"x": "{{#secrets}}{{key}}{{/secrets}}"}}, "secret_name"),
            ({"params": {"x": "{{secrets.key.part}}"}}, "secret_name"),
            ({"next": [{"to": "last", "when": "steps.lats.ok"}]}, "unknown_step"),
            ({"next": [{"to": "last", "when": "steps.last.ok"}]}, "not_an_ancestor"),
            ({"next": [{"to": "last", "when": "secrets.key == ''"}]}, "no_secrets"),
            ({"next": [{"to": "last", "when": "email != ''"}]}, "unknown_name"),
            ({"ref": "t.if", "params": {"condition": "steps.mid.ok"}}, "not_an_ancestor"),
        ],
    )
    def test_only_steps_before_can_be_read(self, where: dict[str, Any], code: str) -> None:
        middle = {"id": "mid", "ref": "t.free", "next": "last", **where}
        (problem,) = problems(step("first", next="mid"), middle, step("last"))
        assert (problem.code, problem.step_id) == (code, "mid")
        assert problem.line == 1
        assert problem.hint

    def test_what_may_be_read(self) -> None:
        middle = step(
            "mid",
            params={"x": "{{steps.first.a}} {{steps}} {{email}} {{run.id}}"},
            next=[{"to": "last", "when": "steps.mid.ok && steps.first.ok && data.l.all(x, x.ok)"}],
        )
        assert problems(step("first", next="mid"), middle, step("last", params={"x": "{{steps.mid.x}}"})) == []

    def test_the_step_that_failed_comes_before_its_rescue(self) -> None:
        rescue = step("rescue", params={"x": "{{steps.a.error.message}}"})
        assert problems(step("a", onError="rescue"), rescue) == []
