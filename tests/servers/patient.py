"""A MongoDB store whose calls may take long: for tests whose subject is not the limit of two seconds.

A machine that runs many tests, or whose disk stalls, must not decide how they end.
"""

from __future__ import annotations

from typing import Any, Final

from engine.stores.mongo.store import MongoStore

PATIENT_S: Final = 15.0


def patient_store(url: str, **more: Any) -> MongoStore:
    """One that is not open yet."""
    return MongoStore(url, **{"patience_s": PATIENT_S, "call_s": PATIENT_S, **more})
