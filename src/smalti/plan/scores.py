"""What came of a replay, in figures.

A promise is kept if the job's last picture got its slot within its tier's promised wait.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from smalti.control.tiers import Tier
from smalti.plan.demand import Row
from smalti.plan.foretold import foretold
from smalti.plan.replay import NEVER, Outcome

LIMIT_RULES = ("server/promise", "server/waiting", "server/patience")
"""Denials by these are for the server's load; all others are the user's own limits."""
WINDOW_S = 300.0
_MIN_PICTURES = 8


def scores(out: Outcome, tiers: Mapping[str, Tier]) -> dict[str, Any]:
    """The figures of one run; None where there is nothing to measure."""
    accepted = [i for i, at in enumerate(out.admitted_s) if at != NEVER]
    promised = [
        math.inf if i in out.flex else tiers[row.tier].promised_wait_s or math.inf
        for i, row in enumerate(out.demand.rows)
    ]
    own = [tiers[row.tier].promised_wait_s or math.inf for row in out.demand.rows]
    kept = [i for i in accepted if _in_time(out, i, promised[i])]
    return {
        **goodput(out, kept, own),
        "promises_broken": _broken(out, accepted, promised),
        "p95_over_promise": p95_over_promise(out, accepted, promised),
        "jain": jain(out),
        "share_error": share_error(out, tiers),
        **foretold(out, accepted),
        "attempts": round(sum(out.attempts) / max(len(out.attempts), 1), 4),
        "accepted": _ratio(len(accepted), len(out.demand.rows)),
        "degraded": _ratio(sum(r not in ("", "full") for r in out.rung), len(accepted)),
    }


def _broken(out: Outcome, accepted: Sequence[int], promised: Sequence[float]) -> float | None:
    """Of the accepted jobs that were promised something, and whose clients waited for it."""
    begun = Counter(out.begun)
    had = broken = 0
    for i in accepted:
        left_s = out.given_up.get(i)
        if promised[i] == math.inf:
            continue
        if left_s is None:
            late = not _in_time(out, i, promised[i])
        elif begun[i] == out.demand.rows[i].images:
            late = out.started_s[i] - out.admitted_s[i] > promised[i]
        elif left_s - out.admitted_s[i] > promised[i]:
            late = True
        else:
            continue  # it was not over yet when its client went away
        had, broken = had + 1, broken + late
    return _ratio(broken, had)


def _in_time(out: Outcome, i: int, promised_s: float) -> bool:
    started = out.started_s[i]
    whole = out.finished_s[i] != NEVER
    return whole and started - out.admitted_s[i] <= promised_s


def goodput(out: Outcome, kept: Sequence[int], promised: Sequence[float]) -> dict[str, Any]:
    """Work delivered within its promise, over the smaller of what was offered and what could be.

    Offered is what users asked for within their own limits. `goodput` compares with what a fluid
    server of the same rate that knows the future could deliver within the promises, which in a
    demand with bursts is less than its rate times the time; `goodput_plain` with the latter. Work
    counts as it was asked for, and if it was begun while demand was still coming. What users took
    as flex was promised nothing: `flex` is its part of what was delivered.
    """
    rows, end_s = out.demand.rows, out.demand.duration_s
    offered = [
        i for i, rule in enumerate(out.rule)
        if out.admitted_s[i] != NEVER or rule in LIMIT_RULES
    ]  # fmt: skip
    work = sum(_work(rows[i]) for i in offered)
    done = sum(_work(rows[i]) for i in kept if out.started_s[i] <= end_s)
    flex = sum(_work(rows[i]) for i in kept if out.started_s[i] <= end_s and i in out.flex)
    longest = max((p for p in promised if p < math.inf), default=0.0)
    could = deliverable(
        ((rows[i].arrival_s, _work(rows[i]), min(promised[i], longest)) for i in offered),
        out.fleet.rate,
        end_s,
    )
    return {
        "goodput": _ratio(done, min(work, could)),
        "goodput_plain": _ratio(done, min(work, out.fleet.rate * end_s)),
        "flex": _ratio(flex, done),
        "offered_over_capacity": _ratio(work, out.fleet.rate * end_s),
    }


def deliverable(jobs: Iterable[tuple[float, float, float]], rate: float, end_s: float) -> float:
    """The most work that a fluid server can do within deadlines, knowing all that will come.

    jobs: (arrival_s, work, seconds until its deadline), in the order of arrival. Earliest deadline
    first, with what is too late dropped, is optimal for work that can be split and interrupted.
    """
    waiting: list[list[float]] = []
    now = done = 0.0

    def serve(until: float) -> None:
        nonlocal now, done
        while waiting and now < until:
            deadline, left = waiting[0]
            if deadline <= now:
                heapq.heappop(waiting)
                continue
            ready = now + left / rate
            stop = min(until, deadline, ready)
            if stop == ready:
                heapq.heappop(waiting)
                done += left
            else:
                waiting[0][1] -= (stop - now) * rate
                done += (stop - now) * rate
            now = stop
        now = max(now, until)

    for arrival_s, work, patience_s in jobs:
        serve(min(arrival_s, end_s))
        heapq.heappush(waiting, [arrival_s + patience_s, work])
    serve(end_s)
    return done


def p95_over_promise(
    out: Outcome, accepted: Sequence[int], promised: Sequence[float]
) -> dict[str, float | None]:
    waits = defaultdict(list)
    for i in accepted:
        if out.started_s[i] != NEVER and promised[i] < math.inf:
            waits[out.demand.rows[i].tier].append(
                (out.started_s[i] - out.admitted_s[i], promised[i])
            )
    return {
        tier: round(percentile([w for w, _ in pairs], 0.95) / pairs[0][1], 4)
        for tier, pairs in waits.items()
    }


def turnaround_p95(out: Outcome, tier: str) -> float | None:
    """Seconds from a request to its finished pictures, of a tier's accepted requests."""
    rows = out.demand.rows
    took = [
        out.finished_s[i] - out.admitted_s[i]
        for i, row in enumerate(rows)
        if row.tier == tier and out.finished_s[i] != NEVER
    ]
    return percentile(took, 0.95) if took else None


def jain(out: Outcome) -> float | None:
    """Jain's index of the work that equal users got while all of them had pictures waiting.

    The mean over stretches of WINDOW_S, of tiers in which two users at least had something waiting
    all the time, and were drawn _MIN_PICTURES pictures each on average.
    """
    found: list[tuple[float, int]] = []
    for users in _backlogs(out, lambda row: (row.tier, row.org, row.user)).values():
        groups: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
        for (tier, org, _), its in users.items():
            groups[tier, org].append(its)
        for shares in groups.values():
            drawn = sum(pictures for pictures, _ in shares)
            if len(shares) >= 2 and drawn >= _MIN_PICTURES * len(shares):
                works = [work for _, work in shares]
                index = sum(works) ** 2 / (len(works) * sum(work * work for work in works))
                found.append((index, len(shares)))
    total = sum(n for _, n in found)
    return round(sum(i * n for i, n in found) / total, 4) if total else None


def share_error(out: Outcome, tiers: Mapping[str, Tier]) -> float | None:
    """By how much of its due a tier's share was off, while two tiers at least had work waiting.

    Of each period in which the same ones had, the largest such part; the mean over periods, as long
    as they are. What is owed for a turn that came early is paid within one.
    """
    off = stretches = 0.0
    for by_tier, lasted in _periods(_backlogs(out, lambda row: (row.tier,))):
        total = sum(by_tier.values())
        weights = sum(tiers[tier].weight for (tier,) in by_tier)
        if len(by_tier) >= 2 and total:
            off += lasted * max(
                abs(work / total / (tiers[tier].weight / weights) - 1)
                for (tier,), work in by_tier.items()
            )
            stretches += lasted
    return round(off / stretches, 4) if stretches else None


def _periods(
    backlogs: Mapping[int, Mapping[Any, tuple[int, float]]],
) -> Iterator[tuple[dict[Any, float], int]]:
    """Stretches one after the other in which the same had something waiting, as one: the work that
    was begun for each, and how many stretches it lasted."""
    last, works, lasted = -2, dict[Any, float](), 0
    for stretch in sorted(backlogs):
        began = {who: work for who, (_, work) in backlogs[stretch].items()}
        if stretch == last + 1 and began.keys() == works.keys():
            works, lasted = {who: works[who] + work for who, work in began.items()}, lasted + 1
        else:
            if lasted:
                yield works, lasted
            works, lasted = began, 1
        last = stretch
    if lasted:
        yield works, lasted


def _backlogs(out: Outcome, of: Any) -> dict[int, dict[Any, tuple[int, float]]]:
    """By stretch of WINDOW_S: who had something waiting all the time, and the pictures and work
    that were begun for him then, as served: that is what is shared."""
    changes: dict[Any, list[tuple[float, int, float]]] = defaultdict(list)
    for i, begun_s, work in zip(out.begun, out.begun_s, out.begun_work, strict=True):
        if i not in out.flex:
            who = of(out.demand.rows[i])
            changes[who].append((out.admitted_s[i], 1, 0.0))
            changes[who].append((begun_s, -1, work))
    found: dict[int, dict[Any, tuple[int, float]]] = defaultdict(dict)
    whole = int(out.demand.duration_s // WINDOW_S)
    for who, events in changes.items():
        events.sort()
        waiting, at, stretch = 0, 0, 0
        while at < len(events):
            if not waiting:
                stretch = max(stretch, int(events[at][0] // WINDOW_S))
            if stretch >= whole:
                break
            end = (stretch + 1) * WINDOW_S
            least, pictures, work = waiting, 0, 0.0
            while at < len(events) and events[at][0] < end:
                waiting += events[at][1]
                work += events[at][2]
                pictures += events[at][2] > 0
                least = min(least, waiting)
                at += 1
            if least > 0:
                found[stretch][who] = (pictures, work)
            stretch += 1
    return found


def percentile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)] if ordered else 0.0


def _work(row: Row) -> float:
    return row.images * row.work


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
