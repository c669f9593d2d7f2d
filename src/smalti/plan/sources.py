"""Demands made from published traces and facts, scaled to a fleet.

Of a trace only its shape is taken: when requests come. `scaled` makes of it as many arrivals as
keep the fleet busy `load` times over: each arrival is taken several times, moved by up to two
seconds, or left out by chance, so that bursts keep their height over the mean. Who asks is made up,
by public proportions: see `people`.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from smalti.errors import InvalidRequest
from smalti.plan.demand import Demand
from smalti.plan.fleet import FleetSpec
from smalti.plan.people import equal_users, rows_of

RUN_S = 3600.0
"""Longer sources are pressed together into so much time."""
MOVED_S = 2.0
_MEAN_WORK = 264.0
_SHAPE_ARRIVALS = 20_000
REQUESTS_MAX = 20_000_000
"""More would take hours, and more memory than most have."""


def demand_at(name: str, data: Path, load: float, fleet: FleetSpec, seed: int = 0) -> Demand:
    """The demand of a source at a multiple of what a fleet can draw.

    Raises InvalidRequest for a source that is not known, or whose files are not in `data`.
    """
    if name not in SOURCES:
        raise InvalidRequest(f"'{name}' is no source. There are {', '.join(SOURCES)}.", "source")
    times, duration_s = SOURCES[name](data)
    asked = load * fleet.rate * duration_s / _MEAN_WORK
    if asked > REQUESTS_MAX:
        raise InvalidRequest(
            f"{name} at a load of {load:g} would be {asked:.3g} requests for this fleet. It must "
            f"be {REQUESTS_MAX} or fewer: name a lower load, or a smaller fleet.",
            "load",
        )
    count = round(asked)
    dice = random.Random(f"{name} {load} {seed}")
    people = equal_users if name == "equal_users" else rows_of
    return Demand(people(scaled(times, count, duration_s, dice), dice), duration_s, name)


def scaled(times: list[float], count: int, duration_s: float, dice: random.Random) -> list[float]:
    """`count` arrivals in the shape of `times`."""
    copies, rest = divmod(count, len(times))
    chosen = times * copies + dice.sample(times, rest)
    moved = (t + dice.uniform(-MOVED_S, MOVED_S) for t in chosen)
    return sorted(min(max(t, 0.0), duration_s) for t in moved)


def azure_code(data: Path) -> tuple[list[float], float]:
    return _azure(data / "azure_llm_2023" / "AzureLLMInferenceTrace_code.csv.gz")


def azure_conv(data: Path) -> tuple[list[float], float]:
    return _azure(data / "azure_llm_2023" / "AzureLLMInferenceTrace_conv.csv.gz")


def _azure(path: Path) -> tuple[list[float], float]:
    times = [datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp() for row in _table(path)]
    return _from_zero(times)


def mooncake(data: Path) -> tuple[list[float], float]:
    path = data / "mooncake" / "conversation_trace.csv.gz"
    return _from_zero([float(row["timestamp_ms"]) / 1000 for row in _table(path)])


def burstgpt(data: Path) -> tuple[list[float], float]:
    """The flash crowd of days 8 and 9, 29 times as many as the day before, in an hour."""
    path = data / "burstgpt_derived" / "burstgpt1_hourly_requests.csv"
    hours = [float(row["requests"]) for row in _table(path)][8 * 24 : 10 * 24]
    return _from_rates(hours, RUN_S / len(hours))


def servegen_image(data: Path) -> tuple[list[float], float]:
    """Clients that send pictures, over a day, in an hour."""
    return _servegen(data / "servegen" / "mm-image_client_rates.csv.gz")


def servegen_small(data: Path) -> tuple[list[float], float]:
    """Clients of a small model, over two weeks, in an hour."""
    return _servegen(data / "servegen" / "m-small_client_rates.csv.gz")


def _servegen(path: Path) -> tuple[list[float], float]:
    rates: dict[float, float] = {}
    for row in _table(path):
        t = float(row["t"])
        rates[t] = rates.get(t, 0.0) + float(row["rate"])
    values = [rates[t] for t in sorted(rates)]
    return _from_rates(values, RUN_S / len(values))


def viral_week(data: Path) -> tuple[list[float], float]:
    """The week of 25 March 2025, in an hour: launch, limits, a million sign-ups in an hour, the
    opening to everybody. Its mean is known (700 million pictures in a week); its shape is made of
    the dated facts: each doubles the demand for a day, the hour of the million by ten.
    """
    path = data / "viral_event" / "facts.json"
    if not path.exists():
        raise _missing(path)
    facts = json.loads(path.read_text(encoding="utf-8"))
    begun = datetime.fromisoformat(facts["timeline"][0]["date"])
    rates = [1.0] * (7 * 24)
    for fact in facts["timeline"][1:6]:
        hour = (datetime.fromisoformat(fact["date"][:10]) - begun).days * 24 + 15
        for h in range(hour, min(hour + 24, len(rates))):
            rates[h] *= 2 ** (1 - (h - hour) / 24)
        if "million users in the last hour" in fact["fact"] and hour < len(rates):
            rates[hour] *= 10
    daily = [0.6 + 0.8 * (8 <= h % 24 <= 22) for h in range(len(rates))]
    return _from_rates([r * d for r, d in zip(rates, daily, strict=True)], RUN_S / len(rates))


def even(data: Path) -> tuple[list[float], float]:
    """Half an hour in which nothing changes."""
    return _from_rates([1.0], RUN_S / 2)


SOURCES: dict[str, Callable[[Path], tuple[list[float], float]]] = {
    "azure_code": azure_code,
    "azure_conv": azure_conv,
    "mooncake": mooncake,
    "burstgpt": burstgpt,
    "servegen_image": servegen_image,
    "servegen_small": servegen_small,
    "viral_week": viral_week,
    "equal_users": even,
}


def _from_zero(times: list[float]) -> tuple[list[float], float]:
    times.sort()
    return [t - times[0] for t in times], times[-1] - times[0]


def _from_rates(rates: list[float], each_s: float) -> tuple[list[float], float]:
    """A Poisson process whose rate changes in steps, of about _SHAPE_ARRIVALS arrivals."""
    dice = random.Random(len(rates))
    per_s = _SHAPE_ARRIVALS / (sum(rates) * each_s)
    times = []
    for i, rate in enumerate(rates):
        at = i * each_s
        while rate > 0:
            at += dice.expovariate(rate * per_s)
            if at >= (i + 1) * each_s:
                break
            times.append(at)
    return times, len(rates) * each_s


def _table(path: Path) -> Iterator[dict[str, str]]:
    if not path.exists():
        raise _missing(path)
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    yield from csv.DictReader(text.splitlines())


def _missing(path: Path) -> InvalidRequest:
    return InvalidRequest(
        f"{path} is not there. Name the folder that holds the published traces with --data.", "data"
    )
