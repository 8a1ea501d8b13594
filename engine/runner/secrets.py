"""The secrets of one run: fetched at the attempt that needs them, and hidden in everything that is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from engine.following import Followed
from engine.masking import Masker
from engine.plan import PlanStep
from engine.sdk import Calls, StepResult, Stop
from engine.vault import SecretValue, Vault, allows
from engine.waiting import Wait


class HostBinding:
    """Where the secrets of one attempt may go."""

    __slots__ = ("_bound", "_made")

    def __init__(
        self, given: Mapping[str, SecretValue] | None = None, made: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """`made` is what templates made of each secret, which may go to no other place."""
        self._bound = {name: secret for name, secret in (given or {}).items() if secret.hosts}
        self._made = made or {}

    def require_host(self, host: str, port: int | None, carrying: Iterable[str | bytes] | None) -> None:
        """See `engine.sdk.Context.require_host`."""
        for name, secret in self._bound.items():
            if not allows(secret.hosts, host, port) and (
                carrying is None or _carry((secret.value, *self._made.get(name, ())), carrying)
            ):
                raise Stop(
                    f"the secret {name} may not be sent to {host}; it is bound to {', '.join(secret.hosts)}",
                    code="secret_host_refused",
                )

    def refusal(self, step: PlanStep) -> StepResult | None:
        """The failure of a step that does not ask where it may send, if that matters here."""
        if not self._bound or (step.definition is not None and step.definition.checks_hosts):
            return None
        name = next(iter(self._bound))
        message = f"the secret {name} is bound to hosts, and {step.step.ref} does not say where it sends"
        return StepResult.failure(message, code="secret_host_refused", retryable=False)


UNBOUND = HostBinding()

LARGE: Final = 50_000
"""About as many characters as are looked through for secrets in a few milliseconds; each value counts for some."""
_VALUE: Final = 16


def _weight(value: Any, most: int) -> int:
    """How much there is to look through; no further than to this many."""
    waiting, weight = [value], 0
    while waiting and weight < most:
        one = waiting.pop()
        weight += _VALUE
        if isinstance(one, str):
            weight += len(one)
        elif isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return weight


def _carry(values: Iterable[str], parts: Iterable[str | bytes]) -> bool:
    masker = Masker(values)
    return any(
        masker.holds(part if isinstance(part, str) else part.decode("utf-8", "backslashreplace")) for part in parts
    )


class RunSecrets:
    """What one run was given so far."""

    def __init__(self, vault: Vault, owner: str, names: Iterable[str]) -> None:
        self._vault = vault
        self._owner = owner
        self._names = tuple(names)
        self.masker = Masker()

    async def recall(self) -> None:
        """Know the run's secrets before it goes on, since an earlier process may have sent them already."""
        self.masker.learn(await self._vault.recall(self._owner, self._names))

    async def given(self, step: PlanStep) -> dict[str, SecretValue]:
        """The secrets of one step as they are now; raises what `Vault.resolve` raises."""
        found = await self._vault.resolve(self._owner, step.secrets)
        self.masker.learn(secret.value for secret in found.values())
        return found

    def result(self, result: StepResult) -> StepResult:
        """What an attempt came to, fit to be written."""
        hide = self.masker.value
        return replace(
            result,
            data=hide(result.data),
            error=hide(result.error),
            code=hide(result.code),
            waits=None if result.waits is None else self._wait(result.waits),
            calls=None if result.calls is None else self._calls(result.calls),
        )

    async def hidden(self, result: StepResult) -> StepResult:
        """The same; what is large is looked through in a thread, since it may take longer than others should wait."""
        if not self.masker or _weight(result.data, LARGE) < LARGE:
            return self.result(result)
        return await asyncio.to_thread(self.result, result)

    def _calls(self, calls: Calls) -> Calls:
        """Called runs read secrets themselves; what is handed to them is in their journals."""
        data = None if calls.data is None else dict(calls.data)
        return replace(calls, items=self.masker.value(calls.items), data=self.masker.value(data))

    def _wait(self, wait: Wait) -> Wait:
        hide = self.masker.value
        endings = {
            outcome: replace(ending, message=hide(ending.message), data=hide(ending.data))
            for outcome, ending in wait.endings.items()
        }
        return replace(wait, name=hide(wait.name), details=hide(dict(wait.details)), endings=endings)


def in_templates(given: Mapping[str, SecretValue]) -> Followed:
    """What templates see under `secrets`."""
    return Followed({name: secret.value for name, secret in given.items()})
