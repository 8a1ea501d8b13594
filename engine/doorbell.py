"""Telling workers that a run can go on. A doorbell may ring in vain or twice; the store is what counts."""

from __future__ import annotations

from typing import Literal, Protocol

Execute = Literal["all", "fresh", "none"]
"""Which runs a process executes: all; only those it accepts itself, leaving retries to workers; none."""


class Doorbell(Protocol):
    """Carries ids of runs to whoever executes."""

    async def ring(self, run_id: str, reason: str) -> bool:
        """Tell some worker about this run; False when nobody could be told. Quick, and never raises."""


class NoDoorbell:
    """For a process that is alone: its own sweeper finds everything."""

    async def ring(self, run_id: str, reason: str) -> bool:
        """Nobody is there to be told."""
        return False
