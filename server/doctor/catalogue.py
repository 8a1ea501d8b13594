"""Every code the doctor uses, what it means and what to do; docs/doctor.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(slots=True, frozen=True)
class Entry:
    """An explanation that is true whatever the case; `remedy` is empty for what is always fine."""

    meaning: str
    remedy: str = ""


CATALOGUE: Final[dict[str, Entry]] = {
    # -- settings and files -------------------------------------------------------------------------------------------
    "settings": Entry("The settings of the environment and of `.env` in this directory.", "Correct or remove it."),
    "key": Entry(
        "Tokens are signed with this key; who has it is administrator.",
        "Keep it readable by its owner only; `openssl rand -base64 48` makes a good `JWT_SECRET`.",
    ),
    "data_dir": Entry(
        "The directory that holds the database, the signing key and the state of the running server.",
        "Make it writable for the server's user only, or let `FLOWDESK_DATA_DIR` name another one.",
    ),
    "data_dir.open": Entry(
        "Other users of this machine can change what is in the data directory.", "`--fix`, or `chmod 700` it."
    ),
    "files.open": Entry(
        "Other users of this machine can read password hashes, journals or the signing key.",
        "`--fix`, or `chmod 600` the file. When somebody may have read the key, replace it: all logins end.",
    ),
    "disk": Entry(
        "When the disk is full nothing is accepted any more: requests are answered with 507.",
        "Free some space, or keep finished runs for fewer days (`FLOWDESK_RETENTION_DAYS`).",
    ),
    "disk.slow": Entry(
        "Each acknowledged write waits for the disk; a slow one makes every run slow.",
        "Use a local solid-state disk, not a network file system. `FLOWDESK_SYNCHRONOUS=NORMAL` waits less, and may "
        "lose the last moments to a power cut.",
    ),
    "secrets": Entry("Secrets are sealed, and each must open with the keys that are here.", "Nothing need be done."),
    "secrets.key": Entry(
        "Without its key a secret is lost, and servers and workers do not start, so that nothing fails half-way.",
        "Put the key back: `FLOWDESK_SECRETS_KEY`, or `secrets.key` in the data directory. When it is lost for good, "
        "`flowdesk-server secrets discard` removes what it sealed.",
    ),
    "secrets.damaged": Entry(
        "The row of the secret was damaged, or changed by somebody who has no key.",
        "Set the secret again, and find out who can write to the database.",
    ),
    # -- the server and the database ----------------------------------------------------------------------------------
    "server": Entry(
        "Whether a server uses this database now.", "Look into its log; restart it when it does not come back."
    ),
    "database": Entry(
        "The SQLite file.",
        "Stop the server, keep a copy of the file, and restore a backup: `flowdesk restore FILE --force`.",
    ),
    "database.form": Entry(
        "Each FlowDesk knows one form of the database; a newer one brings an older file up to date at its start.",
        "Upgrade FlowDesk, or restore a backup made before the upgrade.",
    ),
    "database.log": Entry(
        "SQLite's write-ahead log grows while some reader stays open, or after a crash.",
        "End other programs that read the file; the log is emptied when the server has a quiet moment.",
    ),
    "database.unfinished_copy": Entry(
        "A `flowdesk db copy` into this database has not come to its end; no server starts on it.",
        "Give the same command again; it goes on where it stopped.",
    ),
    "store": Entry(
        "Where everything is kept.", "Start it, or correct `MONGO_URL`; as long as it is away nothing is accepted."
    ),
    "store.slow": Entry(
        "Every run waits for the database several times.", "Look for load on its machine or the network."
    ),
    "redis": Entry(
        "Redis wakes workers and carries live events. Without it nothing is lost, but retries start later and live "
        "views lag.",
        "Start it, or correct `REDIS_URL`.",
    ),
    "redis.memory": Entry(
        "A Redis that runs full either refuses what it is told or throws keys away.",
        "Give FlowDesk a Redis of its own with `maxmemory-policy noeviction`.",
    ),
    "redis.durability": Entry(
        "Nothing in Redis is needed after a restart: what is due is found in the database. With an append-only file "
        "workers are merely woken sooner.",
        "`appendonly yes` in redis.conf, if you like.",
    ),
    "clock": Entry(
        "Due times, leases and the expiry of tokens follow the wall clock; machines that share a database must agree "
        "to within a few seconds.",
        "Let NTP or chrony keep the time on every machine.",
    ),
    # -- runs and plugins ---------------------------------------------------------------------------------------------
    "processes": Entry("Who executes runs, by heartbeat.", "Start at least one server or worker."),
    "processes.differ": Entry(
        "A process that works on the same runs was started with other settings, plugins or another version than this "
        "command sees.",
        "Give all of them the same, and restart those that differ. During a rolling upgrade this is to be expected.",
    ),
    "workers": Entry(
        "Processes that execute what servers leave to them.", "`taskiq worker server.worker:broker` starts some."
    ),
    "runs.orphaned": Entry(
        "Runs whose process has died. A living one takes them up within seconds, at the first unfinished step.",
        "Start the server. If one runs, look into its log: it cannot keep up, or cannot reach the database.",
    ),
    "runs.overdue": Entry(
        "Runs whose time has come and which nobody has taken up.",
        "Start the server. If one runs, it is too busy: raise `FLOWDESK_MAX_CONCURRENT_RUNS`, or add workers.",
    ),
    "runs.missing_steps": Entry(
        "Runs that need a kind of step this installation does not have; they are left to other processes, and fail "
        "after some minutes.",
        "Install the plugin again wherever runs are executed, or cancel the runs.",
    ),
    "runs.undecided": Entry(
        "A step that must not run twice was under way when its process died. Somebody has to say what became of it.",
        "`POST /api/runs/{id}/decide` with done, again or fail.",
    ),
    "runs.differ": Entry(
        "The summary of a run, which lists and the search for due runs read, does not say what its journal says. The "
        "journal is the truth. It happens when the database was changed by other programs, or by a fault of ours.",
        "`flowdesk doctor --fix` makes the summaries again from the journals.",
    ),
    "runs.journal": Entry(
        "A run whose journal has a hole or ends too early can neither go on nor be looked at.",
        "Restore a backup if the run matters; else cancel it.",
    ),
    "runs.compared": Entry("Summaries and jobs compared with their journals.", "`--all` compares every run."),
    "jobs.parked": Entry(
        "Steps that failed for good and wait for somebody to retry them.", "`flowdesk jobs --status failed` lists them."
    ),
    "plugins": Entry(
        "Kinds of steps beyond the built-in ones; a plugin that does not load is skipped.",
        "Correct or reinstall the plugin, and restart servers and workers.",
    ),
    "workflows.missing_steps": Entry(
        "Workflows with a kind of step this installation does not have; their runs wait or fail there.",
        "Install the plugin again, or change the workflow.",
    ),
    "unchecked": Entry("Something could not be looked at.", "See what stands in the way, and ask again."),
}
