"""Other tiers hold for who waits already, whoever changed them, though nobody asks for anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from lives import Life, ask, finish, live, until

from smalti.control.nouns import Reservation
from smalti.errors import StoreUnavailable
from smalti.service.policies import Cause, Policies
from smalti.store.database import Database
from smalti.store.jobs import Jobs


def test_a_user_gets_the_slots_that_another_process_gave_his_tier(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        ann = it.user("ann", "plus")
        job = await it.service.submit(ask("hold@5", n=4), ann)
        await it.holding(2)
        assert len(it.backend.orders) == 2
        settings = it.service.settings
        elsewhere = Database(f"sqlite:///{tmp_path}/smalti.db")
        Policies(elsewhere, settings).set_tier("plus", {"max_running": 3}, Cause("ops", "Calm."))
        elsewhere.close()
        await until(lambda: len(it.backend.orders) == 3)
        it.backend.release()
        await it.holding(2)
        it.backend.release()
        await finish(job)

    live(tmp_path, check)


def test_what_was_reserved_is_read_again_only_if_the_limits_reach_further_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a day with a million pictures that takes seconds, in which nothing else is answered."""
    read, failing = list[float](), [False]
    since = Jobs.reservations_since

    def told(jobs: Jobs, t: float) -> list[Reservation]:
        read.append(t)
        if failing[0]:
            raise StoreUnavailable("It is full.", told="It is full.")
        return since(jobs, t)

    monkeypatch.setattr(Jobs, "reservations_since", told)

    async def check(it: Life) -> None:
        def change(**fields: object) -> None:
            it.service.policies.set_tier("plus", fields, Cause("ops", "Calm."))
            it.service.look_at_policy()

        ann = it.user("ann", "plus")
        await finish(await it.service.submit(ask(n=2), ann))
        read.clear()
        change(weight=5.0)
        change(limits=["9/day"])
        assert it.service.standing(ann)[0].used == 2
        assert read == []
        failing[0] = True
        with pytest.raises(StoreUnavailable):
            change(limits=["9/week"])
        failing[0] = False
        it.service.look_at_policy()
        assert len(read) == 2
        assert it.service.standing(ann)[0].used == 2

    live(tmp_path, check)
