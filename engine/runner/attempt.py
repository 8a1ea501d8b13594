"""One attempt at one step: render its parameters, call its handler within its time, make a result of whatever happens.

Nothing a handler does may hurt the process: exceptions, SystemExit and nonsense results all become failed results.
They are caught in the task that runs the handler, since one that escapes into the event loop would end it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from engine.errors import BadJson, FlowDeskError, Invalid
from engine.jsonio import dumps, parse_json
from engine.plan import PlanStep
from engine.runner.context import StepContext
from engine.sdk import Handler, RetryLater, StepDefinition, StepResult, Stop, Wait

MAX_OUTPUT: Final = 16_000_000
"""Bytes of JSON one output may have."""
MAX_WAIT: Final = 64 * 1024
"""Bytes of JSON that may say what a step waits for."""

log = logging.getLogger("flowdesk.engine")


def render(step: PlanStep, scope: Mapping[str, Any], missing: list[str]) -> Any:
    """The step's parameters for this run; raises Invalid."""
    return step.params.render(scope, missing)


def check_params(definition: StepDefinition, rendered: Any) -> Any:
    """What the handler receives: an instance of its params model, or the plain values when it has none."""
    if definition.params is None:
        return rendered
    try:
        return definition.params.model_validate(rendered)
    except ValidationError as error:
        raise Invalid(_first_problem(error), code="invalid_params") from None


def _first_problem(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    texts = [f"params.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found[:3]]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return "; ".join(texts) + more


class Call(NamedTuple):
    """A handler with everything it is called with."""

    definition: StepDefinition
    handler: Handler
    context: StepContext
    params: Any


def call_instant(given: Call) -> StepResult:
    """Run a handler that never waits, without a task and without a time limit."""
    try:
        coroutine = given.handler(given.context, given.params)
        try:
            coroutine.send(None)
        except StopIteration as done:
            return _checked(given.definition, done.value)
        coroutine.close()
        return StepResult.failure("an instant step waited", code="plugin_error", retryable=False)
    except BaseException as error:
        return _failure(error)


async def call(given: Call, timeout_s: float) -> StepResult:
    """Run a handler, async or in a thread, for at most this long."""
    try:
        async with asyncio.timeout(timeout_s):
            if inspect.iscoroutinefunction(given.handler):
                value = await given.handler(given.context, given.params)
            else:
                value = await asyncio.to_thread(_contained, given)
                if inspect.isawaitable(value):
                    value = await value
        return _checked(given.definition, value)
    except TimeoutError:
        return StepResult.failure(f"no result within {timeout_s:g} s", code="timeout")
    except BaseException as error:
        return _failure(error)


def _contained(given: Call) -> Any:
    """A handler in a thread may not end the thread pool either."""
    try:
        return given.handler(given.context, given.params)
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        return _failure(error)


def _failure(error: BaseException) -> StepResult:
    match error:
        case asyncio.CancelledError() | KeyboardInterrupt():
            raise error
        case Stop():
            return StepResult.failure(error.message, code=error.code, data=error.data, retryable=False)
        case RetryLater():
            return StepResult.failure(error.message, code=error.code, retry_after_ms=error.after_ms)
        case FlowDeskError():
            return StepResult.failure(str(error), code=error.code, retryable=not isinstance(error, Invalid))
        case _:
            log.warning("a step handler raised %s", type(error).__name__, exc_info=error)
            return StepResult.failure(f"{type(error).__name__}: {error}"[:2000], code="exception")


def _checked(definition: StepDefinition, value: Any) -> StepResult:
    result = _as_result(value)
    if result.waits is not None:
        return _checked_wait(definition, result.waits)
    if definition.source != "built in" or not definition.instant:
        try:
            raw = dumps(result.data)
            if len(raw) > MAX_OUTPUT:
                message = f"the output is {len(raw):,} bytes; {MAX_OUTPUT:,} are allowed"
                return StepResult.failure(message, code="output_too_large", retryable=False)
            if definition.source != "built in":
                # What later steps see must be what a resumed run would see: the value after a trip through JSON.
                result.data = parse_json(raw)
        except BadJson as error:
            return StepResult.failure(f"the output {error.message}", code="bad_output", retryable=False)
    return result


def _checked_wait(definition: StepDefinition, wait: Wait) -> StepResult:
    if not definition.waits:
        message = f"the kind {definition.ref} is not declared with waits=True, so it cannot wait"
        return StepResult.failure(message, code="bad_result", retryable=False)
    if wait.due(0) is not None and wait.when_due not in wait.endings:
        return StepResult.failure(f"the wait has no ending {wait.when_due!r}", code="bad_result", retryable=False)
    try:
        size = len(dumps(wait.to_json(0)))
    except BadJson as error:
        return StepResult.failure(f"what the step waits for {error.message}", code="bad_output", retryable=False)
    if size > MAX_WAIT:
        message = f"what people are asked is {size:,} bytes; {MAX_WAIT:,} are allowed"
        return StepResult.failure(message, code="output_too_large", retryable=False)
    return StepResult.wait(wait)


def _as_result(value: Any) -> StepResult:
    """A handler may return a StepResult, the seed's `{ok, data, error}`, or nothing."""
    if isinstance(value, StepResult):
        return value
    if value is None:
        return StepResult(True)
    if isinstance(value, BaseModel):
        return StepResult(True, value.model_dump(mode="json", by_alias=True))
    if isinstance(value, Mapping) and isinstance(value.get("ok"), bool):
        error = value.get("error")
        return StepResult(
            value["ok"],
            value.get("data"),
            None if error is None else str(error),
            value.get("code"),
            value.get("goto"),
            bool(value.get("retryable", True)),
            value.get("retryAfterMs"),
        )
    kind = type(value).__name__
    message = f"the handler returned {kind}; a StepResult or {{ok, data}} was expected"
    return StepResult.failure(message, code="bad_result", retryable=False)
