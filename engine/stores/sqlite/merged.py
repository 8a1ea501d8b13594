"""Lists over indexes that lead with a status: one short range per status, merged.

An index (user_id, status, created_at) answers "failed runs of this user, newest first" by walking exactly the rows it
returns. Without a status the newest are among the newest of each status, so six such walks and a merge do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.stores.sqlite.readers import packed


@dataclass(slots=True)
class Merged:
    """A query in the making. Conditions are our own SQL; whatever comes from outside goes into `values`."""

    table: str
    key: str
    """The column that names a row, and that the index holds."""
    columns: Sequence[str]
    order: tuple[str, ...]
    statuses: Iterable[str]
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def equal(self, column: str, value: Any) -> None:
        """Only rows with this value; None means any."""
        if value is not None:
            self.conditions.append(f"{column} = :{column}")
            self.values[column] = value

    def after(self, place: Sequence[Any]) -> None:
        """Only rows behind this one in the order."""
        first = self.order[0]
        names = [f"after{index}" for index in range(len(place))]
        self.values.update(zip(names, place, strict=True))
        self.conditions.append(f"{first} <= :after0")
        self.conditions.append(f"({', '.join(self.order)}) < ({', '.join(':' + name for name in names)})")

    def query(self, index: str, limit: int) -> str:
        """The packed query, its first column the key; `limit` rows and one more, which tells whether there are more."""
        self.values["limit"] = limit + 1
        order = ", ".join(f"{column} DESC" for column in self.order)
        inner = ", ".join(dict.fromkeys((self.key, *self.order)))
        ranges = " UNION ALL ".join(
            f"SELECT * FROM (SELECT {inner} FROM {self.table} INDEXED BY {index} WHERE "
            f"{' AND '.join([*self.conditions, f'status = {status!r}'])} ORDER BY {order} LIMIT :limit)"
            for status in self.statuses
        )
        keys = f"SELECT {self.key} FROM ({ranges}) ORDER BY {order} LIMIT :limit"
        columns = (self.key, *self.columns)
        rows = f"SELECT * FROM {self.table} WHERE {self.key} IN ({keys}) ORDER BY {order}"
        return packed(columns, rows)
