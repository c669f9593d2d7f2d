"""How fast demand is replayed through the controller, and that the cost grows as n log n.

    python bench/replay.py [--requests 10000 100000 1000000] [--load 4]

    make compiled && PYTHONPATH=.compiled .venv/bin/python bench/replay.py

Made-up demand, even over time, at a multiple of what sixteen devices can draw. Processor time of
one core. The last line is JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import time
from dataclasses import replace

from smalti.control import COMPILED, DEFAULT_POLICY, Controller
from smalti.plan.demand import Demand
from smalti.plan.fleet import MINI_CPU
from smalti.plan.people import rows_of
from smalti.plan.replay import replay

FLEET = replace(MINI_CPU, devices=16)


def made_up(requests: int, load: float) -> Demand:
    dice = random.Random(requests)
    duration_s = requests * 264.0 / (load * FLEET.rate)
    times = sorted(dice.uniform(0.0, duration_s) for _ in range(requests))
    return Demand(rows_of(times, dice), duration_s, "made up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--load", type=float, default=4.0)
    chosen = parser.parse_args()
    if min(chosen.requests) < 2 or chosen.load <= 0:
        parser.error("--requests is from 2, and --load above 0")
    figures: dict[str, float] = {"compiled": COMPILED, "load": chosen.load}
    print(f"{'requests':>10} {'seconds':>9} {'us each':>9} {'us / log2 n':>12}")
    for requests in chosen.requests:
        demand = made_up(requests, chosen.load)
        gc.collect()
        gc.freeze()
        begun = time.process_time()
        replay(demand, FLEET, Controller(DEFAULT_POLICY, 100_000))
        spent_s = time.process_time() - begun
        each = spent_s / requests * 1e6
        print(f"{requests:>10} {spent_s:>9.1f} {each:>9.1f} {each / math.log2(requests):>12.2f}")
        figures[f"seconds_{requests}"] = round(spent_s, 2)
        figures[f"us_per_request_{requests}"] = round(each, 2)
    few, many = min(chosen.requests), max(chosen.requests)
    grown = figures[f"us_per_request_{many}"] / figures[f"us_per_request_{few}"]
    figures["growth"] = round(grown, 3)
    figures["growth_of_log_n"] = round(math.log2(many) / math.log2(few), 3)
    print(json.dumps({"bench": "replay", "figures": figures}))


if __name__ == "__main__":
    main()
