from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from engine.registry import PluginInfo, Registry
from engine.sdk import API_VERSION, Context, Params, StepDefinition, StepResult, Steps

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one entry point of the group `flowdesk.steps`, as pip would lay it out."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def add(name: str, code: str, target: str = "steps", *, version: str = "1.0") -> None:
        (tmp_path / f"{name}.py").write_text(dedent(code))
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[flowdesk.steps]\n{name} = {name}:{target}\n")
        monkeypatch.syspath_prepend(str(tmp_path))  # again: the finder's cache of this folder is old now

    yield add
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


GOOD = """
    from flowdesk.sdk import StepResult, Steps

    steps = Steps("good")

    @steps.action("one")
    async def one(ctx, params):
        '''Do one thing.'''
        return StepResult.success({"one": 1})
"""


def found(registry: Registry, name: str) -> PluginInfo:
    return next(plugin for plugin in registry.plugins if plugin.name == name)


def load(*builtins: str) -> Registry:
    registry = Registry()
    registry.load(builtins)
    return registry


def test_a_good_plugin_is_loaded_with_its_origin(install: Install) -> None:
    install("good_plugin", GOOD, version="2.5")
    registry = load()
    assert found(registry, "good_plugin") == PluginInfo("good_plugin", "good_plugin", ("good.one",), "2.5")
    definition = registry.get("good.one")
    assert definition is not None
    assert (definition.source, definition.kind, definition.description) == ("good_plugin", "ACTION", "Do one thing.")


@pytest.mark.parametrize(
    ("code", "target", "error"),
    [
        ("import no_such_module_anywhere", "steps", "ModuleNotFoundError"),
        ("def broken(:", "steps", "SyntaxError"),
        ("x = 1", "steps", "AttributeError"),
        ("steps = 5", "steps", "expected a Steps object or a function setup(registry), found int"),
        ("raise SystemExit(3)", "steps", "SystemExit: 3"),
        ("import asyncio\nraise asyncio.CancelledError", "steps", "CancelledError"),
        ("class Odd(BaseException): ...\nraise Odd('boom')", "steps", "Odd: boom"),
        ("def setup(registry): raise ValueError('no key')", "setup", "ValueError: no key"),
        ("def setup(registry): registry.register('a.b', object())", "setup", "no run(ctx, params) method"),
        (
            "from flowdesk.sdk import Steps\nsteps = Steps('old', api_version=0)",
            "steps",
            "made for plugin API 0; this is 1",
        ),
        (
            "from flowdesk.sdk import Steps\nsteps = Steps('x')\nsteps.action('a b')(lambda ctx, params: None)",
            "steps",
            "a step is called family.name, not 'x.a b'",
        ),
        (
            """
            from flowdesk.sdk import Steps
            steps = Steps("x")
            steps.action("a")(lambda ctx, params: None)
            steps.action("a")(lambda ctx, params: None)
            """,
            "steps",
            "the step 'x.a' is declared twice",
        ),
        (
            "from flowdesk.sdk import Steps\nsteps = Steps('x')\nsteps.action('a', dict)(lambda ctx, params: None)",
            "steps",
            "must be a pydantic model class",
        ),
        (
            """
            from flowdesk.sdk import Params, Steps
            class Thing: ...
            class P(Params, arbitrary_types_allowed=True):
                thing: Thing
            steps = Steps("x")
            steps.action("a", P)(lambda ctx, params: None)
            """,
            "steps",
            "Cannot generate a JsonSchema",
        ),
    ],
)
def test_a_broken_plugin_is_listed_with_its_error_and_hurts_nobody(
    install: Install, code: str, target: str, error: str
) -> None:
    """Row 35: import error, wrong API version, nonsense: skipped and shown."""
    install("broken_plugin", code, target)
    install("good_plugin", GOOD)
    registry = load("plugins.data")
    broken = found(registry, "broken_plugin")
    assert error in (broken.error or "")
    assert broken.refs == ()
    assert found(registry, "good_plugin").error is None
    assert "data.set" in registry
    assert [d.ref for d in registry.all() if d.source == "broken_plugin"] == []


def test_a_name_clash_refuses_the_whole_plugin(install: Install) -> None:
    """Row 35: a stranger cannot replace a built-in step, nor slip others in beside the attempt."""
    install(
        "thief",
        """
        from flowdesk.sdk import Steps
        steps = Steps("data")
        steps.action("fresh")(lambda ctx, params: None)
        steps.action("set")(lambda ctx, params: None)
        """,
    )
    registry = load("plugins.data")
    assert "the step 'data.set' exists already, from built in" in (found(registry, "thief").error or "")
    assert "data.fresh" not in registry
    definition = registry.get("data.set")
    assert definition is not None
    assert definition.source == "built in"


def test_two_strangers_with_one_name(install: Install) -> None:
    """Row 35: the first one in alphabetical order stays, the other is told who has the name."""
    install("a_plugin", GOOD)
    install("b_plugin", GOOD)
    registry = load()
    assert found(registry, "a_plugin").error is None
    assert "from a_plugin" in (found(registry, "b_plugin").error or "")


def test_a_missing_built_in_is_listed_too() -> None:
    registry = load("plugins.no_such_module")
    assert "ModuleNotFoundError" in (found(registry, "plugins.no_such_module").error or "")


def test_interrupting_the_start_is_not_a_broken_plugin(install: Install) -> None:
    install("interrupted", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load()


def test_strangers_can_be_left_out(install: Install) -> None:
    install("good_plugin", GOOD)
    registry = Registry()
    registry.load((), third_party=False)
    assert registry.plugins == []


class Hello:
    """Says hello."""

    def run(self, ctx: Any, params: Any) -> dict[str, Any]:
        return {"ok": True, "data": {"said": params["name"]}}


def test_the_short_way_to_register(install: Install) -> None:
    registry = Registry()
    registry.register("mail.send", Hello())
    definition = registry.get("mail.send")
    assert definition is not None
    assert (definition.title, definition.description, definition.kind) == ("Hello", "Says hello.", "ACTION")
    assert definition.handler is not None
    assert definition.handler(None, {"name": "Ali"}) == {"ok": True, "data": {"said": "Ali"}}
    with pytest.raises(ValueError, match="exists already, from registered"):
        registry.register("mail.send", Hello())


def test_a_plugin_may_register_the_short_way(install: Install) -> None:
    install(
        "short_plugin",
        """
        class Greet:
            '''Greets.'''
            async def run(self, ctx, params):
                return {"ok": True}

        def setup(registry):
            registry.register("greet.short", Greet())
        """,
        "setup",
    )
    registry = load()
    definition = registry.get("greet.short")
    assert definition is not None
    assert (definition.source, definition.title) == ("short_plugin", "Greet")


@pytest.mark.parametrize("ref", ["", ".", "a", "a.", ".a", "a b.c", "a.b\n", "a..b", "1.a", "a.b c", "å.b"])
def test_malformed_names_are_refused(ref: str) -> None:
    with pytest.raises(ValueError, match=r"a step is called family\.name"):
        Registry().register(ref, Hello())


@pytest.mark.parametrize("ref", ["a.b", "http.request", "my-mail.send_now", "acme.crm.v2", "manual"])
def test_good_names_are_accepted(ref: str) -> None:
    registry = Registry()
    registry.register(ref, Hello())
    assert ref in registry


def test_an_action_needs_a_handler() -> None:
    bare = StepDefinition("a.b", "ACTION", None, None, "A", "", "pure")
    with pytest.raises(ValueError, match="cannot be called"):
        Registry().add(bare)


def test_listing_and_the_nearest_name() -> None:
    registry = load("plugins.core", "plugins.data")
    refs = [definition.ref for definition in registry.all()]
    assert refs == sorted(refs)
    assert registry.nearest("data.sett") == "data.set"
    assert registry.nearest("core.slep") == "core.sleep"
    assert registry.nearest("zzzzzz") is None
    assert registry.get("data.sett") is None


def test_decorating_describes_the_step() -> None:
    class Who(Params):
        """Whom to greet."""

        full_name: str
        """The name to say."""

    steps = Steps("greet")

    @steps.action("hello_world", Who, effect="pure")
    async def hello(ctx: Context, params: Who) -> StepResult:
        """Say hello.

        Twice.
        """
        return StepResult.success()

    registry = Registry()
    registry.include(steps, source="test")
    definition = registry.get("greet.hello_world")
    assert definition is not None
    assert (definition.title, definition.description) == ("Greet hello world", "Say hello.\n\nTwice.")
    assert Who.model_json_schema()["properties"] == {
        "fullName": {"description": "The name to say.", "title": "Full name", "type": "string"}
    }
    assert steps.api_version == API_VERSION
