"""Workspaces, credentials and the audit log."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import Conflict, Invalid, NotFound, VersionConflict
from engine.store import ANYONE, Store
from engine.tenancy import CredentialKind, Member, MemberRole
from tests.contract.backends import Opener
from tests.contract.make import ME, NOW, YOU, make_credential, make_entry, make_workspace

HOSTILE = ("gone", "$ne", "' OR 1=1 --", "")


async def test_everything_comes_back_as_it_was_also_after_reopening(opener: Opener) -> None:
    workspace, credential, entry = make_workspace(), make_credential(expires_at=None), make_entry(before=None)
    async with opener() as store:
        await store.workspaces.create(workspace)
        await store.credentials.create(credential)
        await store.audit.append(entry)
    async with opener() as store:
        assert await store.workspaces.get(workspace.id) == workspace
        assert await store.credentials.get(credential.id) == credential
        assert await store.credentials.by_digest(credential.digest) == credential
        assert (await store.audit.page(owner=ANYONE, limit=9)).items == [entry]


async def test_members_find_their_workspaces_and_nobody_else_does(store: Store) -> None:
    """Row 41."""
    both = make_workspace(members=(Member(ME, MemberRole.OWNER, NOW), Member(YOU, MemberRole.VIEWER, NOW + 1)))
    mine = make_workspace()
    for workspace in (both, mine):
        await store.workspaces.create(workspace)
    assert await store.workspaces.of_user(ME) == sorted([both, mine], key=lambda one: one.id)
    assert await store.workspaces.of_user(YOU) == [both]
    for text in HOSTILE:
        assert await store.workspaces.of_user(text) == []
        with pytest.raises(NotFound):
            await store.workspaces.get(text)
    with pytest.raises(Conflict):
        await store.workspaces.create(replace(mine, name="again"))


async def test_a_workspace_changes_by_revision(store: Store) -> None:
    workspace = make_workspace()
    await store.workspaces.create(workspace)
    joined = replace(
        workspace, name="new", revision=2, members=(*workspace.members, Member(YOU, MemberRole.EDITOR, NOW + 5))
    )
    await store.workspaces.save(replace(joined, created_at=1))
    assert await store.workspaces.get(workspace.id) == joined
    assert await store.workspaces.of_user(YOU) == [joined]
    with pytest.raises(VersionConflict):
        await store.workspaces.save(replace(joined, name="late"))
    left = replace(workspace, revision=3)
    await store.workspaces.save(left)
    assert await store.workspaces.of_user(YOU) == []
    with pytest.raises(NotFound):
        await store.workspaces.save(make_workspace(revision=2))


async def test_of_several_changes_at_once_one_wins(store: Store) -> None:
    workspace = make_workspace()
    await store.workspaces.create(workspace)
    tries = [replace(workspace, revision=2, name=str(number)) for number in range(6)]
    answers = await asyncio.gather(*(store.workspaces.save(one) for one in tries), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert await store.workspaces.get(workspace.id) == tries[answers.index(None)]


async def test_a_removed_workspace_has_no_members_left(store: Store) -> None:
    workspace = make_workspace()
    await store.workspaces.create(workspace)
    await store.workspaces.delete(workspace.id)
    assert await store.workspaces.of_user(ME) == []
    for gone in (store.workspaces.delete(workspace.id), store.workspaces.get(workspace.id)):
        with pytest.raises(NotFound):
            await gone
    await store.workspaces.create(workspace)


async def test_lists_of_everything_go_on_where_they_ended(store: Store) -> None:
    workspaces, credentials = [make_workspace() for _ in range(5)], [make_credential() for _ in range(5)]
    for workspace, credential in zip(workspaces, credentials, strict=True):
        await store.workspaces.create(workspace)
        await store.credentials.create(credential)
    seen: list[str] = []
    while page := await store.workspaces.everything(limit=2, after=seen[-1] if seen else None):
        seen += [one.id for one in page]
    assert seen == sorted(one.id for one in workspaces)
    seen = []
    while found := await store.credentials.everything(limit=2, after=seen[-1] if seen else None):
        seen += [one.id for one in found]
    assert seen == sorted(one.id for one in credentials)


async def test_credentials_are_listed_by_whose_they_are(store: Store) -> None:
    """Row 41."""
    mine = [make_credential(workspace_id="team") for _ in range(3)]
    yours = make_credential(user_id=YOU, workspace_id="team")
    session = make_credential(kind=CredentialKind.SESSION, workspace_id=None)
    for credential in (*mine, yours, session):
        await store.credentials.create(credential)
    newest = sorted(mine, key=lambda one: one.id, reverse=True)
    some = store.credentials.some
    assert await some(CredentialKind.KEY, limit=9, user_id=ME) == newest
    assert await some(CredentialKind.KEY, limit=2, user_id=ME, workspace_id="team") == newest[:2]
    assert {one.id for one in await some(CredentialKind.KEY, limit=9, workspace_id="team")} == {
        *(one.id for one in mine),
        yours.id,
    }
    assert await some(CredentialKind.SESSION, limit=9, user_id=ME) == [session]
    assert await some(CredentialKind.INVITATION, limit=9, user_id=ME) == []
    for text in HOSTILE:
        assert await store.credentials.by_digest(text) is None
        assert await store.credentials.get(text) is None


async def test_ids_and_digests_are_taken_once(store: Store) -> None:
    credential = make_credential()
    await store.credentials.create(credential)
    for again in (make_credential(id=credential.id), make_credential(digest=credential.digest)):
        with pytest.raises(Conflict):
            await store.credentials.create(again)


async def test_of_several_renewals_at_once_one_wins(store: Store) -> None:
    credential = make_credential(kind=CredentialKind.SESSION)
    await store.credentials.create(credential)
    tries = [replace(credential, digest=f"d{number}", expires_at=NOW + number) for number in range(6)]
    answers = await asyncio.gather(*(store.credentials.replace(one, digest=credential.digest) for one in tries))
    assert sum(answers) == 1
    assert await store.credentials.get(credential.id) == tries[answers.index(True)]
    assert await store.credentials.by_digest(credential.digest) is None
    assert not await store.credentials.replace(make_credential(), digest="gone")


async def test_an_invitation_is_taken_once(store: Store) -> None:
    credential = make_credential(kind=CredentialKind.INVITATION)
    await store.credentials.create(credential)
    assert sum(await asyncio.gather(*(store.credentials.delete(credential.id) for _ in range(5)))) == 1
    assert await store.credentials.get(credential.id) is None


async def test_the_last_use_of_a_credential_never_moves_back(store: Store) -> None:
    credential = make_credential()
    await store.credentials.create(credential)
    for at in (NOW + 5, NOW + 2):
        await store.credentials.used(credential.id, at)
    await store.credentials.used("gone", NOW)
    assert await store.credentials.get(credential.id) == replace(credential, used_at=NOW + 5)


async def test_several_are_removed_at_once_and_only_those(store: Store) -> None:
    old = [make_credential(expires_at=NOW + number) for number in range(4)]
    keep = make_credential(expires_at=None, user_id=YOU)
    for credential in (*old, keep):
        await store.credentials.create(credential)
    assert await store.credentials.prune(expired_before=NOW + 3, limit=2) == 2
    assert await store.credentials.prune(expired_before=NOW + 3, limit=9) == 1
    assert await store.credentials.delete_some(CredentialKind.SESSION, user_id=ME) == 0
    assert await store.credentials.delete_some(CredentialKind.KEY, user_id=ME, workspace_id="other") == 0
    assert await store.credentials.delete_some(CredentialKind.KEY, user_id=ME) == 1
    assert await store.credentials.everything(limit=9) == [keep]


async def test_the_audit_log_is_paged_and_filtered(store: Store) -> None:
    """Row 41: of one workspace, or of all for whoever may see all."""
    mine = [make_entry(id=f"e{number}", target=f"t{number % 2}") for number in range(5)]
    yours = make_entry(id="e9", workspace_id=YOU, user_id=YOU, action="workflow.delete")
    for entry in (*mine, yours):
        await store.audit.append(entry)
    first = await store.audit.page(owner=ME, limit=3)
    rest = await store.audit.page(owner=ME, limit=3, cursor=first.cursor)
    assert [*first.items, *rest.items] == mine[::-1]
    assert rest.cursor is None
    assert (await store.audit.page(owner=ANYONE, limit=1)).items == [yours]
    assert (await store.audit.page(owner=ME, limit=9, target="t1")).items == [mine[3], mine[1]]
    assert (await store.audit.page(owner=ANYONE, limit=9, action="workflow.delete")).items == [yours]
    assert (await store.audit.page(owner=ANYONE, limit=9, user_id=YOU)).items == [yours]
    assert (await store.audit.page(owner="$ne", limit=9)).items == []
    with pytest.raises(Invalid):
        await store.audit.page(owner=ME, limit=3, cursor="nonsense")


async def test_an_entry_is_never_changed(store: Store) -> None:
    """The audit log is only ever added to: what comes again under the same id changes nothing."""
    entry = make_entry()
    await store.audit.append(entry)
    await store.audit.append(replace(entry, after="forged"))
    assert (await store.audit.page(owner=ME, limit=9)).items == [entry]
    assert [name for name in dir(store.audit) if not name.startswith("_")] == ["append", "page"]


def test_digests_are_not_printed() -> None:
    credential = make_credential()
    assert credential.digest not in repr(credential)
