"""What a seeded dice does to the processes, one fault after the other."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.child import Child
from tests.chaos.topology import LEASE_S, Topology

InFlight = Callable[[], int]


@dataclass
class Faults:
    """Each method is one fault, blocking for as long as it lasts; `doubtful` counts what may have to be done twice."""

    topology: Topology
    dice: random.Random
    in_flight: InFlight
    done: dict[str, int] = field(default_factory=dict)
    doubtful: int = 0
    """How many steps may have been under way at faults that lose what a step did."""
    exit_codes: set[int] = field(default_factory=set)

    def plan(self, count: int, names: tuple[str, ...] = ()) -> list[Callable[[], None]]:
        """These faults in any order, or so many: each that is possible here once, then whatever the dice says."""
        kinds: list[Callable[[], None]] = [getattr(self, name) for name in names or self._possible()]
        self.dice.shuffle(kinds)
        return kinds if names else (kinds + self.dice.choices(kinds, k=max(0, count - len(kinds))))[:count]

    def _possible(self) -> list[str]:
        names = ["kill_server", "terminate_server", "kill_during_start"]
        if self.topology.workers:
            names += ["kill_worker", "kill_worker_process", "kill_manager", "pause_worker", "terminate_worker"]
        if len(self.topology.servers) > 1:
            names += ["pause_server", "kill_everything"]
        if self.topology.valkey is not None:
            names += ["flush_redis", "kill_redis"]
        if self.topology.mongod is not None:
            names += ["kill_mongod"]
        return names

    def kill_server(self) -> None:
        """kill -9; started again after a while."""
        self._kill("kill -9 server", self.dice.choice(self.topology.servers))

    def kill_worker(self) -> None:
        """kill -9 of a worker with its manager."""
        self._kill("kill -9 worker", self.dice.choice(self.topology.workers))

    def kill_worker_process(self) -> None:
        """kill -9 of the process below a manager, which starts it again."""
        self._note("kill -9 process of a worker", doubtful=True)
        child = self.dice.choice(self.topology.workers)
        child.kill_process()
        self._ready(child)

    def kill_manager(self) -> None:
        """kill -9 of a manager alone: what it started leaves in good order."""
        self._note("kill -9 manager of a worker", doubtful=False)
        child = self.dice.choice(self.topology.workers)
        child.kill_manager()
        child.start()
        self._ready(child)

    def kill_during_start(self) -> None:
        """kill -9, and again during the recovery (row 3)."""
        child = self.dice.choice(self.topology.children)
        self._note("kill -9 again in recovery", doubtful=True)
        child.kill()
        child.start()
        # It takes about half a second until it takes up what was left.
        time.sleep(0.4 + self.dice.random() * 0.4)
        self._kill("kill -9 server", child)

    def kill_everything(self) -> None:
        """All processes of FlowDesk at the same moment."""
        self._note("kill -9 all processes", doubtful=True)
        for child in self.topology.children:
            child.kill()
        for child in self.topology.children:
            child.start()
        self._ready(*self.topology.children)

    def terminate_server(self) -> None:
        """SIGTERM: steps under way end, exit 0 (row 4)."""
        self._terminate("SIGTERM server", self.dice.choice(self.topology.servers))

    def terminate_worker(self) -> None:
        """SIGTERM to the whole process group of a worker (row 4)."""
        self._terminate("SIGTERM worker", self.dice.choice(self.topology.workers))

    def pause_server(self) -> None:
        """A server that goes on after its runs were given to others."""
        self._pause("SIGSTOP server", self.dice.choice(self.topology.servers))

    def pause_worker(self) -> None:
        """A worker that goes on after its runs were given to others."""
        self._pause("SIGSTOP worker", self.dice.choice(self.topology.workers))

    def flush_redis(self) -> None:
        """Everything in Redis is gone."""
        assert self.topology.valkey is not None
        self._note("FLUSHALL", doubtful=False)
        assert self.topology.valkey.send(b"FLUSHALL") == b"+OK\r\n"

    def kill_redis(self) -> None:
        """Redis is away for a while."""
        assert self.topology.valkey is not None
        self._note("kill -9 Redis", doubtful=False)
        self.topology.valkey.kill()
        self.pass_time(1.0)
        self.topology.valkey.start()

    def kill_mongod(self) -> None:
        """The database is away for a while."""
        assert self.topology.mongod is not None
        self._note("kill -9 mongod", doubtful=True)
        self.topology.mongod.kill()
        self.pass_time(0.5)
        self.topology.mongod.start()
        self._ready(*self.topology.servers)

    def pass_time(self, longest_s: float) -> None:
        """Some part of this time."""
        time.sleep(self.dice.random() * longest_s)

    def _kill(self, what: str, child: Child) -> None:
        self._note(what, doubtful=True)
        child.kill()
        self.pass_time(0.3)
        child.start()
        self._ready(child)

    def _terminate(self, what: str, child: Child) -> None:
        self._note(what, doubtful=False)
        self.exit_codes.add(child.terminate())
        child.start()
        self._ready(child)

    def _pause(self, what: str, child: Child) -> None:
        self._note(what, doubtful=True)
        child.pause()
        # Others take over after the lease, at their next look, which happens every two seconds.
        time.sleep(LEASE_S + 2.5)
        child.resume()
        self._ready(child)

    def _ready(self, *children: Child) -> None:
        for child in children:
            child.wait_ready()

    def _note(self, what: str, *, doubtful: bool) -> None:
        self.done[what] = self.done.get(what, 0) + 1
        if doubtful:
            self.doubtful += self.in_flight()
