"""Whether a workflow holds together, and what its arrows say."""

from __future__ import annotations

from engine.checks.shape import ancestors, entry_steps, find_cycle

__all__ = ["ancestors", "entry_steps", "find_cycle"]
