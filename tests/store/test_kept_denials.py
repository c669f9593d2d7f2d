"""What was refused, and the times that were stated then."""

from __future__ import annotations

import asyncio

import pytest
from store_rows import held, job_row, picture_rows

from smalti.control.nouns import Claim
from smalti.store import denials
from smalti.store.jobs import AlreadyBegun, DenialRow, Idempotency, Jobs


def refused(at: float, user_id: str = "user_1", rule: str = "free/day") -> DenialRow:
    return DenialRow(
        at=at,
        user_id=user_id,
        org_id="org_1",
        key_id="key_1",
        tier="free",
        region="CH",
        rule=rule,
        kind="limit",
        images=2,
        retry_at=at + 60.0,
        request_id="req_1",
        job_id="job_1",
    )


def test_denials_are_kept_as_they_were(jobs: Jobs) -> None:
    rows = [refused(10.0), refused(20.0, "user_2"), refused(30.0, rule="server/waiting")]
    bare = DenialRow(
        at=25.0, user_id="user_1", org_id="o", tier="free", rule="r", kind="plan", images=1
    )
    asyncio.run(jobs.note_denials([*rows, bare]))
    asyncio.run(jobs.note_denials([]))
    assert jobs.denials_since(0.0) == [rows[2], bare, rows[1], rows[0]]
    assert jobs.denials_since(20.0, "user_1") == [rows[2], bare]
    assert jobs.denials_since(0.0, "user_1", limit=1) == [rows[2]]
    assert jobs.denials_since(0.0, "nobody") == []


def test_denials_are_counted_by_rule(jobs: Jobs) -> None:
    rows = [refused(float(at), rule=f"rule/{at % 3}") for at in range(10)]
    asyncio.run(jobs.note_denials(rows))
    assert jobs.denial_counts(0.0) == {"rule/0": 4, "rule/1": 3, "rule/2": 3}
    assert jobs.denial_counts(8.0) == {"rule/2": 1, "rule/0": 1}
    assert jobs.denial_counts(0.0, rows[0].user_id) == jobs.denial_counts(0.0)
    assert jobs.denial_counts(0.0, "nobody") == {}


def test_denials_are_forgotten_with_the_jobs_of_their_time(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denials, "BATCH", 3)

    async def main() -> None:
        await jobs.note_denials([refused(float(at)) for at in range(10)])
        await jobs.purge(jobs_before=7.0, pictures_before=9.0)

    asyncio.run(main())
    assert [row.at for row in jobs.denials_since(0.0)] == [9.0, 8.0, 7.0]


def test_a_claim_takes_the_place_of_an_earlier_one(jobs: Jobs) -> None:
    async def main() -> None:
        await jobs.keep_claim(Claim("user_1", "plus/3h", 40, 100.0, 200.0))
        await jobs.keep_claim(Claim("user_1", "server/promise", 0, 50.0, 60.0))
        await jobs.keep_claim(Claim("user_2", "plus/3h", 9, 100.0, 200.0))
        await jobs.keep_claim(Claim("user_1", "plus/3h", 30, 120.0, 220.0))

    asyncio.run(main())
    late = [Claim("user_2", "plus/3h", 9, 100.0, 200.0), Claim("user_1", "plus/3h", 30, 120.0, 220)]
    assert jobs.claims(0.0) == [Claim("user_1", "server/promise", 0, 50.0, 60.0), *late]
    assert jobs.claims(60.0) == late
    assert jobs.claims(219.0) == late[1:]
    asyncio.run(jobs.forget_passed(200.0))
    assert jobs.claims(0.0) == late[1:]


def test_a_place_for_few_pictures_is_kept_beside_one_for_many(jobs: Jobs) -> None:
    few = Claim("user_1", "server/promise", 7, 160.0, 280.0)
    many = Claim("user_1", "server/promise", 0, 300.0, 420.0)

    async def main() -> None:
        row = job_row()
        for claim in (few, many, few._replace(value=9)):
            await jobs.keep_claim(claim)
        assert jobs.claims(0.0) == [few._replace(value=9), many]
        await jobs.accept(row, picture_rows(row), held(row), None, (few, many))
        assert jobs.claims(0.0) == []

    asyncio.run(main())


def test_claims_are_used_up_with_the_job_that_used_them(jobs: Jobs) -> None:
    used, other = Claim("user_1", "free/breathing", 9, 100.0, 200.0), Claim("ben", "r", 0, 1.0, 300)
    newer = Claim("user_1", "server/promise", 0, 150.0, 270.0)
    older = newer._replace(at=50.0, until=170.0)

    async def accept(key: str) -> None:
        row, begun = job_row(), Idempotency("user_1", key, "its body", 100.0)
        await jobs.accept(row, picture_rows(row), held(row), begun, (used, older))

    async def main() -> None:
        for claim in (used, other, newer):
            await jobs.keep_claim(claim)
        await accept("one")
        assert jobs.claims(0.0) == [other, newer], "one that came since then stands"
        await jobs.keep_claim(used)
        with pytest.raises(AlreadyBegun):
            await accept("one")
        assert used in jobs.claims(0.0), "with a job that was not accepted nothing is used up"

    asyncio.run(main())
