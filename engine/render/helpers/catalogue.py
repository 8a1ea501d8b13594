"""The closed list of helpers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.render.helpers import dates, lists, numbers, text
from engine.render.helpers.base import Helper, Helpers

FAMILIES: Final[tuple[Helpers, ...]] = (text.helpers, numbers.helpers, lists.helpers, dates.helpers)

HELPERS: Final[Mapping[str, Helper]] = MappingProxyType(
    {name: helper for family in FAMILIES for name, helper in family.all.items()}
)
"""Every helper by name."""
