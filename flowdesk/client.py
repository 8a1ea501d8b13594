"""The whole API of a server as typed calls; prints nothing and asks nothing.

    async with Client("http://127.0.0.1:4000", token) as client:
        workflow = await client.workflows.create(draft)
        run = await client.workflows.execute(workflow["id"], {"name": "Ada"})
        async for event in client.events.run(run["id"]):
            ...

Errors are those of flowdesk.errors.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, cast

from flowdesk.client_accounts import AuditLog, Keys, Members, Workspaces
from flowdesk.client_events import Events
from flowdesk.client_hooks import Hooks
from flowdesk.client_http import Http, Limits, Renew, quote
from flowdesk.client_policies import Policies
from flowdesk.client_practice import Practice
from flowdesk.client_runs import Jobs, Runs
from flowdesk.client_secrets import Secrets
from flowdesk.client_workflows import Workflows
from flowdesk.replies import ServerDoc, Session, StepKind, UserDoc, WorkerDoc


class Client:
    """One server, seen by one user in one workspace (None: the personal one, or that of an API key).

    Close it, or use it as a context manager. `http` takes the place of the network; `renew` gives the token after one
    that has expired (see flowdesk.renewal).
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        workspace: str | None = None,
        limits: Limits | None = None,
        http: Http | None = None,
        renew: Renew | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = http or Http(self.url, token, limits or Limits(), workspace, renew)
        self.workflows = Workflows(self._http)
        self.hooks = Hooks(self._http)
        self.practice = Practice(self._http)
        self.runs = Runs(self._http)
        self.jobs = Jobs(self._http)
        self.secrets = Secrets(self._http)
        self.events = Events(self._http)
        self.workspaces = Workspaces(self._http)
        self.members = Members(self._http)
        self.keys = Keys(self._http)
        self.audit = AuditLog(self._http)
        self.policies = Policies(self._http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    @property
    def answered(self) -> bool:
        """Whether the server has answered anything yet; until then everything may be asked again elsewhere."""
        return self._http.answered

    def renew_with(self, renew: Renew) -> None:
        """Where the next token comes from when this one has expired."""
        self._http.renew = renew

    @property
    def renewed_token(self) -> str | None:
        """The token that has taken the place of the one given; None while that one is used."""
        return self._http.renewed

    async def register(self, email: str, password: str, invitation: str | None = None) -> Session:
        """Make an account and a token for it."""
        more = {} if invitation is None else {"invitation": invitation}
        return await self._session("/api/auth/register", {"email": email, "password": password, **more})

    async def login(self, email: str, password: str, device: str | None = None) -> Session:
        """A fresh token for an account; the device token of an earlier login tells the server that it is us again."""
        headers = {} if device is None else {"X-FlowDesk-Device": device}
        return await self._session("/api/auth/login", {"email": email, "password": password}, headers)

    async def refresh(self, refresh_token: str) -> Session:
        """The next token, and the next refresh token."""
        return await self._session("/api/auth/refresh", {"refreshToken": refresh_token})

    async def logout(self, *, everywhere: bool = False) -> None:
        """End this session, or all of the account's."""
        await self._http.call("POST", "/api/auth/logout", body={"everywhere": everywhere})

    async def change_password(self, current: str, new: str) -> Session:
        """Take another password; every token but the one this brings ends."""
        return await self._session("/api/me/password", {"current": current, "new": new})

    async def _session(self, path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> Session:
        return cast(Session, (await self._http.call("POST", path, body=body, headers=headers)).body)

    async def me(self) -> UserDoc:
        """Whose token this is."""
        return cast(UserDoc, (await self._http.call("GET", "/api/me")).body)

    async def users(self) -> list[UserDoc]:
        """Every account; for administrators."""
        return cast(list[UserDoc], (await self._http.call("GET", "/api/users")).body)

    async def alive(self, *, within_s: float = 2) -> dict[str, Any]:
        """What the server says of its own health; Unreachable when it says nothing."""
        return cast(dict[str, Any], (await self._http.call("GET", "/healthz", total_s=within_s)).body)

    async def server(self) -> ServerDoc:
        """What the server says of itself: its version, and the label its operator gave it."""
        return cast(ServerDoc, (await self._http.call("GET", "/api/server")).body)

    async def ready(self) -> dict[str, Any]:
        """Whether the server can take work, and what of it cannot."""
        return cast(dict[str, Any], (await self._http.call("GET", "/readyz")).body)

    async def workers(self) -> list[WorkerDoc]:
        """The processes that execute runs; for administrators."""
        return cast(list[WorkerDoc], (await self._http.call("GET", "/api/workers")).body)

    async def step_kinds(self) -> list[StepKind]:
        """Every kind of step the server knows."""
        return cast(list[StepKind], (await self._http.call("GET", "/api/steps")).body)

    async def step_kind(self, ref: str) -> StepKind:
        """One kind of step, with the JSON Schema of its params."""
        return cast(StepKind, (await self._http.call("GET", f"/api/steps/{quote(ref)}")).body)

    async def plugins(self) -> list[dict[str, Any]]:
        """Where the steps come from, and which plugins did not load."""
        return cast(list[dict[str, Any]], (await self._http.call("GET", "/api/plugins")).body)

    async def schedules(self, *, workflow_id: str | None = None) -> list[dict[str, Any]]:
        """Which workflows start by the clock, the next one first; those that do not fire now come last."""
        query = {"workflowId": workflow_id}
        return cast(list[dict[str, Any]], (await self._http.call("GET", "/api/schedules", query=query)).body)

    async def pause_schedule(self, workflow_id: str, schedule_id: str, reason: str | None = None) -> dict[str, Any]:
        """Let nothing of a schedule come up until it is resumed."""
        return await self._schedule(workflow_id, schedule_id, "pause", {"reason": reason})

    async def resume_schedule(self, workflow_id: str, schedule_id: str) -> dict[str, Any]:
        """Let a paused schedule go on with its next time."""
        return await self._schedule(workflow_id, schedule_id, "resume", None)

    async def backfill_schedule(self, workflow_id: str, schedule_id: str, since: str, until: str) -> dict[str, Any]:
        """Run the times of a past window that had no run."""
        return await self._schedule(workflow_id, schedule_id, "backfill", {"from": since, "to": until})

    async def _schedule(self, workflow_id: str, schedule_id: str, verb: str, body: Any) -> dict[str, Any]:
        path = f"/api/workflows/{quote(workflow_id)}/schedules/{quote(schedule_id)}/{verb}"
        return cast(dict[str, Any], (await self._http.call("POST", path, body=body)).body)

    async def schedule_times(
        self, workflow_id: str, schedule_id: str, *, since: str | None, until: str | None, limit: int
    ) -> dict[str, Any]:
        """The times of a saved schedule in any window."""
        path = f"/api/workflows/{quote(workflow_id)}/schedules/{quote(schedule_id)}/preview"
        query = {"from": since, "to": until, "limit": limit}
        return cast(dict[str, Any], (await self._http.call("GET", path, query=query)).body)

    async def preview_schedule(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """The times of any schedule in any window, in words and with what clocks and outages do."""
        return cast(dict[str, Any], (await self._http.call("POST", "/api/schedules/preview", body=schedule)).body)
