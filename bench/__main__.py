"""`make bench`: FlowDesk measured beside the raw ceilings of the same machine, in the same run.

Everything runs on 127.0.0.1, in processes and directories of its own that are gone afterwards. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import (
    commits,
    limits,
    loops,
    metrics,
    plan,
    rates,
    recovery,
    scale,
    schedules,
    secrets,
    starts,
    steps,
    tui,
    volume,
    webhooks,
)
from bench.report import Report, machine

SECTIONS: Final[dict[str, Callable[[Report, plan.Plan], None]]] = {
    "starts": starts.measure,
    "rates": rates.measure,
    "steps": steps.measure,
    "loops": loops.measure,
    "commits": commits.measure,
    "metrics": metrics.measure,
    "volume": volume.measure,
    "recovery": recovery.measure,
    "scale": scale.measure,
    "schedules": schedules.measure,
    "secrets": secrets.measure,
    "limits": limits.measure,
    "webhooks": webhooks.measure,
    "tui": tui.measure,
}


def main() -> None:
    """Measure the sections that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a short round: a minute instead of several")
    size.add_argument("--tiny", action="store_true", help="only prove that everything works; the figures mean nothing")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help="this section; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    args = parser.parse_args()
    chosen = plan.TINY if args.tiny else plan.QUICK if args.quick else plan.FULL
    report = Report()
    begun = time.perf_counter()
    print("FlowDesk bench ·", " · ".join(f"{name} {value}" for name, value in machine().items()))
    for name in args.only or SECTIONS:
        SECTIONS[name](report, chosen)
    if args.json:
        report.write(args.json)
    print(f"\nmeasured in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
