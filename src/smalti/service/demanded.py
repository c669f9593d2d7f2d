"""From what the store knows of a period to requests that can be decided again.

Of a request that was denied, less is known than of a job: not its size, and only what its rule
tells of its model and of how it was to be served. It counts as most jobs of its tier were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from smalti.control.nouns import Offer
from smalti.control.policy import Policy
from smalti.control.tiers import SERVICES
from smalti.plan.demand import Row
from smalti.plan.preview import Period
from smalti.plan.rungs import WorkRatios, less_of
from smalti.store.console_reads import Asked, Past
from smalti.store.rows import DenialRow


def period_of(
    past: Past,
    until: float,
    policy: Policy,
    works: Mapping[str, float],
    ratios: WorkRatios,
) -> Period:
    """policy: that was in force. works: tile-steps of a picture of each model there is. ratios: of
    that, on the rungs of each model."""
    usual = _Usual(past.admitted, policy, works, ratios)
    places: list[tuple[float, Row, Asked | None]] = []
    for asked in past.admitted:
        places.append((asked.at, usual.row_of_job(asked, asked.at - past.since), asked))
    for denial in past.denied:
        places.append((denial.at, usual.row_of_denial(denial, denial.at - past.since), None))
    places.sort(key=lambda place: place[0])
    leaves, failed = {}, set()
    for i, (_, _, job) in enumerate(places):
        if job is not None and job.ended == "cancelled" and job.ended_s is not None:
            leaves[i] = max(job.ended_s, 0.0)
        elif job is not None and job.ended == "failed":
            failed.add(i)
    rows = [row for _, row, _ in places]
    duration_s = max(until - past.since, 0.0)
    return Period(past.since, duration_s, rows, leaves, frozenset(failed), past.before)


@dataclass
class _Usual:
    """What is taken for granted where nothing is known."""

    jobs: Sequence[Asked]
    policy: Policy
    works: Mapping[str, float]
    ratios: WorkRatios

    def __post_init__(self) -> None:
        works: dict[str, list[float]] = defaultdict(list)
        models: dict[str, Counter[str]] = defaultdict(Counter)
        for job in self.jobs:
            for of in (job.tier, ""):
                models[of][job.model] += 1
                if work := self._in_full(job):
                    works[of].append(work)
        self._works = {of: median(some) for of, some in works.items()}
        self._models = {of: some.most_common(1)[0][0] for of, some in models.items()}

    def row_of_job(self, job: Asked, at: float) -> Row:
        features = {job.kind + "s", *(["streaming"] if job.streamed else [])}
        work = self._in_full(job) or self._work(job.tier, job.model)
        partials = (Offer("partials", work),) if job.partial_images > 0 else ()
        less = less_of(job.model, work, self.ratios) if job.kind == "generation" else ()
        return Row(
            at, job.user_id, job.org_id, job.tier, job.region, job.model, job.images, work,
            job.service, None, job.key_id, frozenset(features),
            (*partials, *less) if job.degrade else (),
        )  # fmt: skip

    def row_of_denial(self, denial: DenialRow, at: float) -> Row:
        tier = denial.tier
        service, model = "auto", self._models.get(tier) or self._models.get("")
        model = model or next(iter(self.works), "")
        features = {"generations"}
        of, _, what = denial.rule.rpartition("/")
        plan = self.policy.tiers.get(tier)
        if of == "switch/feature" and what in SERVICES:
            service = what
        elif of == "switch/feature" and what == "streaming":
            features.add(what)
        elif of == "switch/feature":
            features = {what}
        elif of == "switch/model":
            model = what
        elif denial.kind == "plan" and plan is not None and what == "service":
            service = next((s for s in SERVICES if s not in plan.services), service)
        elif denial.kind == "plan" and plan is not None and what == "model":
            model = next((m for m in self.works if m not in plan.models), model)
        work = self._work(tier, model)
        return Row(
            at, denial.user_id, denial.org_id, tier, denial.region, model, denial.images,
            work, service, None, denial.key_id, frozenset(features),
            less_of(model, work, self.ratios) if "generations" in features else (),
        )  # fmt: skip

    def _in_full(self, job: Asked) -> float | None:
        """Tile-steps of what it asked for."""
        if job.work is None:
            return None
        return job.work / self.ratios.get(job.model, {}).get(job.rung, 1.0)

    def _work(self, tier: str, model: str) -> float:
        return self._works.get(tier) or self._works.get("") or self.works.get(model, 256.0)
