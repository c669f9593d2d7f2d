"""A live server under overload, beside what the replay of the same demand foretells.

    python bench/live_overload.py [--minutes 5] [--loads 2 10] [--paced] [--requests 10000]
                                   [--dry]

For each load a server of its own, as `smalti serve` starts it, with the built-in model: its speed
is measured side by side, then the installed `openai` client brings even demand of users of all
tiers at a multiple of that; some go away on purpose. All that is decided is recorded.
`p50_wait_s`, `p95_wait_s`: from acceptance to the start of the first picture, as the replies tell
it; `..._predicted_s`: in replays of the same demand, with the step times of the same run and nine
dice; `..._range_s`: the least and the most that one of them gives; `..._of_arrivals_s`: in replays
of who came when and who left in the run itself. `..._ratio`: live over foretold. `speed_range`: of
the machine's speed in stretches of 20 seconds, beside its mean; the replays are as fast.
`freed_p95_s`: from a client's going away to its free slot. `same`: decisions that come out the same
from the recording; `arrivals_agree`: part of them that do from its arrivals alone, with a simulated
fleet.

Then the same service, with its database, over a paced engine that takes a declared time and draws
nothing: so many requests, recorded and decided again (`recorded`); `--paced` does this alone. With
`--dry` the server has such an engine too, to try the bench itself. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from live.compared import Figures, compared
from live.load import bring, calibrate, demand_of
from live.paced import recorded_run
from live.server import served

from smalti.plan.fleet import MINI_CPU

SLOTS = 8
FULL_S = 24.0
"""How long the speed is measured with all slots taken."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--loads", type=float, nargs="+", default=[2.0, 10.0])
    parser.add_argument("--paced", action="store_true", help="the recorded run alone")
    parser.add_argument("--dry", action="store_true", help="a paced engine for the server too")
    parser.add_argument("--requests", type=int, default=10_000, help="to the paced engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep what is recorded in this folder")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="live-overload-") as folder:
        place = Path(folder) if chosen.keep is None else chosen.keep
        for load in () if chosen.paced else chosen.loads:
            name = f"{load:g}x"
            print(f"{name} for {chosen.minutes:g} minutes", flush=True)
            found = under_load(place / name, load, chosen)
            figures[name] = found
            _print(found)
    print(f"the paced engine, {chosen.requests} requests", flush=True)
    found = asyncio.run(recorded_run(chosen.requests, 4.0, chosen.seed))
    figures["recorded"] = found
    _print(found)
    print(json.dumps({"bench": "live_overload", "figures": figures}))


def under_load(folder: Path, load: float, chosen: argparse.Namespace) -> Figures:
    with served(folder, MINI_CPU.step_s if chosen.dry else ()) as server:
        rate = calibrate(server, SLOTS, FULL_S)
        print(f"  {rate:.0f} tile-steps a second with {SLOTS} pictures at once", flush=True)
        demand, leaves = demand_of(rate, load, chosen.minutes * 60.0, chosen.seed)
        brought = bring(server, folder, demand, leaves)
    entries = server.entries()  # whole, once the server has stopped
    return {"capacity_tiles_s": round(rate, 1), **compared(brought, entries)}


def _print(figures: Figures) -> None:
    for name, value in figures.items():
        print(f"  {name:<20} {value}", flush=True)


if __name__ == "__main__":
    main()
