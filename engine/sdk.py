"""What a step needs of FlowDesk: everything a plugin may import.

    from engine.sdk import Context, StepResult, Steps

    steps = Steps("greet")

    @steps.action("hello", Hello)            # Hello: a pydantic model; its JSON Schema draws the form
    async def hello(ctx: Context, params: Hello) -> StepResult:
        ctx.log(f"greeting {params.name}")
        return StepResult.success({"greeting": f"Hello {params.name}"})

Third parties import the same names from `flowdesk.sdk`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from engine.egress import OPEN as OPEN
from engine.egress import Egress as Egress
from engine.errors import BadJson
from engine.forms import check_form
from engine.jsonio import parse_json
from engine.schedules.params import AtParams as AtParams
from engine.schedules.params import CronParams as CronParams
from engine.schedules.params import IntervalParams as IntervalParams
from engine.waiting import Ending, Wait

API_VERSION = 1
"""Raised when a plugin written for an older FlowDesk would break."""

Level = Literal["debug", "info", "warning", "error"]


class Params(BaseModel):
    """The base of every params model: camelCase keys outside, unknown keys refused, docstrings become help texts."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        field_title_generator=lambda name, _: name.strip("_").replace("_", " ").capitalize(),
    )


class Stop(Exception):
    """Fail this step at once, whatever attempts are left."""

    def __init__(self, message: str, *, code: str = "stopped", data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data


class RetryLater(Exception):
    """Fail this attempt and try again after `after_ms`, if attempts are left."""

    def __init__(
        self, after_ms: int, message: str = "the step asked to be tried later", *, code: str = "retry"
    ) -> None:
        super().__init__(message)
        self.after_ms = after_ms
        self.message = message
        self.code = code


@dataclass(slots=True, frozen=True)
class Calls:
    """Runs a step wants made on its behalf, one for each item, before it is finished.

    They run `workflow`, or the step's own body when that is None. `data` is what each gets besides its item. At most
    `concurrency` are under way at once. `repeats` means one after another until the expression `until` holds, the items
    being nothing but numbers. `results` says what becomes the output: `one` the only run's result, `all` of them in
    order, `errors` only, or their `count`.
    """

    items: Sequence[Any]
    workflow: str | None = None
    data: Mapping[str, Any] | None = None
    waits: bool = True
    concurrency: int = 1
    on_item_error: Literal["stop", "collect", "skip"] = "stop"
    results: Literal["one", "all", "errors", "count", "last"] = "all"
    repeats: bool = False
    until: str | None = None
    delay_ms: int = 0
    fails_unless_reached: bool = True


@dataclass(slots=True)
class StepResult:
    """What an attempt came to.

    `data` is the output: an object is merged into `data`, anything else is kept under `steps.<id>` only, unless the
    step has `saveAs`. `goto` chooses a route: the label of an outgoing arrow, or the id of a step one leads to.
    `retryable=False` ends the attempts. `code` is the stable name of the error. `calls` makes the step wait for runs of
    its own, whose results become its output; for steps declared with `calls`.
    """

    ok: bool
    data: Any = None
    error: str | None = None
    code: str | None = None
    goto: str | None = None
    retryable: bool = True
    retry_after_ms: int | None = None
    waits: Wait | None = None
    calls: Calls | None = None

    @classmethod
    def wait(cls, wait: Wait) -> StepResult:
        """No result yet: the step waits, holding nothing, and comes to what the wait says. For kinds with `waits`."""
        return cls(True, waits=wait)

    @classmethod
    def success(cls, data: Any = None, *, goto: str | None = None) -> StepResult:
        """A finished step with its output."""
        return cls(True, data, goto=goto)

    @classmethod
    def failure(
        cls,
        error: str,
        *,
        code: str = "step_failed",
        data: Any = None,
        retryable: bool = True,
        retry_after_ms: int | None = None,
    ) -> StepResult:
        """A failed attempt; `data` is kept for debugging."""
        return cls(False, data, error, code, None, retryable, retry_after_ms)


class Context(Protocol):
    """What a handler knows about the run it works for. One object per attempt."""

    run_id: str
    workspace_id: str
    """Whose run it is; what is kept open between steps is not shared with other workspaces."""
    workflow_id: str
    workflow_version: int
    step_id: str
    attempt: int
    idempotency_key: str
    """The same for every execution of this step in this run; send it with anything that must not happen twice."""
    traceparent: str | None
    """The W3C trace context of this attempt, to be sent with requests to others; None when the run is not traced."""
    data: Mapping[str, Any]
    """The trigger's data merged with the outputs of all finished ancestors."""
    scope: Mapping[str, Any]
    """Everything templates and conditions see: data, steps, trigger, run, workflow."""
    state: Any
    """What the lifespan of this family of steps yielded."""
    edges: tuple[str, ...]
    """The labels of the arrows that leave this step."""

    def log(self, message: str, level: Level = "info", **fields: Any) -> None:
        """Add a line to the run's journal and live log."""

    def evaluate(self, expression: str, **names: Any) -> Any:
        """The value of a CEL expression over the scope; raises Stop with what is wrong and where."""

    def require_host(
        self, host: str, port: int | None = None, *, carrying: Iterable[str | bytes] | None = None
    ) -> None:
        """Ask before anything leaves for a host: raises Stop when a secret among the params is bound to other hosts.

        `carrying` are the parts of what is about to leave, where they may well hold no secret, as after a redirect; the
        params are taken to hold theirs otherwise. A kind of step that always asks says so with `checks_hosts`.
        """


async def everywhere(_workspace_id: str) -> Egress:
    """The lists of a workspace that has none."""
    return OPEN


@dataclass(slots=True, frozen=True)
class Host:
    """What the process offers to the lifespans of plugins."""

    user_agent: str = "FlowDesk"
    egress_allow: tuple[str, ...] = ()
    """Addresses (`127.0.0.1`, `10.0.0.0/8`) outgoing requests may reach although they are not public."""
    own_addresses: Callable[[], tuple[tuple[str, int], ...]] = field(default=tuple)
    """The (address, port) pairs this server listens on; never a target, whatever is allowed."""
    egress: Callable[[str], Awaitable[Egress]] = field(default=everywhere)
    """The lists of a workspace, by its id: the same object for as long as they are the same."""
    max_response_bytes: int = 10_000_000


Lifespan = Callable[[Host], AbstractAsyncContextManager[Any]]
Handler = Callable[..., Any]
HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])
EffectName = Literal["pure", "idempotent", "once"]


@dataclass(slots=True, frozen=True)
class Example:
    """A worked use of a step, shown in docs and forms and run by a test where `runnable`."""

    title: str
    params: Mapping[str, Any]
    data: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    runnable: bool = True


@dataclass(slots=True, frozen=True)
class StepDefinition:
    """One kind of step as the registry knows it."""

    ref: str
    kind: Literal["TRIGGER", "ACTION"]
    handler: Handler | None
    params: type[BaseModel] | None
    title: str
    description: str
    effect: EffectName
    routes: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    """The route labels these raw params can choose, so that a mistyped label is refused at save."""
    expressions: tuple[str, ...] = ()
    """Paths of params that hold CEL (`condition`, `cases[].when`): compiled at save, never rendered as templates."""
    url_fields: tuple[str, ...] = ()
    """Paths of params that hold a URL (`url`): values substituted in its path or query are percent-encoded."""
    instant: bool = False
    """Never awaits and never blocks: runs without a time-out of its own. For built-ins only."""
    volatile: bool = False
    """Gives another output when repeated (time, randomness): its output is committed before anything leaves."""
    replies: bool = False
    """Its output `{status, headers, body}` answers the caller that waits for the run; never merged into `data`."""
    calls: bool = False
    """Its result may be `calls`: runs to make before the step is finished. For built-ins only."""
    takes_body: bool = False
    """The step may have a `body` of steps, which those runs run."""
    names: tuple[str, ...] = ()
    """Names its expressions can read besides those that all can, such as `result`."""
    timeout_ms: int | None = None
    examples: tuple[Example, ...] = ()
    waits: bool = False
    """May answer with `StepResult.wait`."""
    signals: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    """The names of the signals these raw params wait for, so that a mistyped one is refused when it is sent."""
    until_step: Callable[[Mapping[str, Any]], str | None] | None = None
    """The step these raw params name whose end also ends the wait, as if its time were up."""
    secret_fields: frozenset[str] = frozenset()
    """Top-level params that are masked in the journal, such as `password`."""
    checks_hosts: bool = False
    """Calls `ctx.require_host` before anything leaves: only such steps get secrets that are bound to hosts."""
    source: str = "built in"


class Steps:
    """A family of steps: a plugin makes one, decorates its handlers with it, and names it in its entry point."""

    def __init__(self, family: str, *, lifespan: Lifespan | None = None, api_version: int = API_VERSION) -> None:
        self.family = family
        self.lifespan = lifespan
        self.api_version = api_version
        self.definitions: list[StepDefinition] = []

    def action(
        self,
        name: str,
        params: type[BaseModel] | None = None,
        *,
        title: str | None = None,
        effect: EffectName = "idempotent",
        routes: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None,
        expressions: tuple[str, ...] = (),
        url_fields: tuple[str, ...] = (),
        instant: bool = False,
        volatile: bool = False,
        replies: bool = False,
        calls: bool = False,
        takes_body: bool = False,
        names: tuple[str, ...] = (),
        timeout_ms: int | None = None,
        waits: bool = False,
        signals: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None,
        until_step: Callable[[Mapping[str, Any]], str | None] | None = None,
        examples: tuple[Example, ...] = (),
        secret_fields: frozenset[str] = frozenset(),
        checks_hosts: bool = False,
    ) -> Callable[[HandlerT], HandlerT]:
        """Make `<family>.<name>` of the decorated `handler(ctx, params)`; async, or sync and then run in a thread.

        The handler's docstring is the description; its first sentence is shown in lists.
        """

        def add(handler: HandlerT) -> HandlerT:
            self.definitions.append(
                StepDefinition(
                    ref=f"{self.family}.{name}",
                    kind="ACTION",
                    handler=handler,
                    params=params,
                    title=title or f"{self.family} {name}".replace("_", " ").capitalize(),
                    description=_tidy(handler.__doc__),
                    effect=effect,
                    routes=routes,
                    expressions=expressions,
                    url_fields=url_fields,
                    instant=instant,
                    volatile=volatile,
                    replies=replies,
                    calls=calls,
                    takes_body=takes_body,
                    names=names,
                    timeout_ms=timeout_ms,
                    waits=waits,
                    signals=signals,
                    until_step=until_step,
                    examples=examples,
                    secret_fields=secret_fields,
                    checks_hosts=checks_hosts,
                )
            )
            return handler

        return add

    def trigger(
        self,
        name: str,
        params: type[BaseModel] | None = None,
        *,
        title: str,
        description: str,
        examples: tuple[Example, ...] = (),
    ) -> None:
        """Declare `<family>.<name>` as something that starts runs; the server does the starting."""
        self.definitions.append(
            StepDefinition(
                ref=f"{self.family}.{name}",
                kind="TRIGGER",
                handler=None,
                params=params,
                title=title,
                description=description,
                effect="pure",
                examples=examples,
                instant=True,
            )
        )


def _tidy(text: str | None) -> str:
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())


__all__ = [
    "API_VERSION",
    "AsyncIterator",
    "BadJson",
    "Calls",
    "Context",
    "Ending",
    "Example",
    "Host",
    "Params",
    "RetryLater",
    "StepDefinition",
    "StepResult",
    "Steps",
    "Stop",
    "Wait",
    "check_form",
    "parse_json",
]
