"""Other tiers hold for who waits already, whoever changed them, though nobody asks for anything."""

from __future__ import annotations

from pathlib import Path

from lives import Life, ask, finish, live, until

from smalti.service.policies import Cause, Policies
from smalti.store.database import Database


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
