"""Who asks: made up, by public proportions, since no trace says it.

Of the work 70 % comes from free users, 20 % from plus, 7 % from pro, 3 % from teams. Most users ask
once or twice; a dozen of each tier ask over and over, some a hundred times as much as others. Nine
requests in ten are for one image; one in six is for a portrait or landscape of 294 tiles, the
others of 256.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from smalti.plan.demand import Row

TIERS = {"free": 0.70, "plus": 0.20, "pro": 0.07, "team": 0.03}
REGIONS = ("US", "IN", "DE", "BR", "JP", "GB", "FR")
HEAVY = 0.25
"""Part of a tier's requests that come from its busy users; of free users, who have three a day,
there are none."""
_BUSY_USERS = 12
_MEAN_OF_A_USER = {"free": 1.3, "plus": 3.0, "pro": 6.0, "team": 20.0}
MODEL = "smalti-mini"
SDK_PATIENCE_S = 600.0


def equal_users(times: Sequence[float], dice: random.Random) -> list[Row]:
    """Eight users of a tier without limits, each of whom asks a third more than the one before."""
    users = [f"equal_{i}" for i in range(8)]
    asks = dice.choices(users, [1.35**i for i in range(8)], k=len(times))
    return [
        Row(at, user, "org_0", "team", "US", MODEL, 1, 256.0)
        for at, user in zip(times, asks, strict=True)
    ]


def rows_of(times: Sequence[float], dice: random.Random) -> list[Row]:
    """A request at each time."""
    tiers, parts = list(TIERS), list(TIERS.values())
    users = {t: max(1, round(len(times) * TIERS[t] / _MEAN_OF_A_USER[t])) for t in tiers}
    weights = [1 / (rank + 1) for rank in range(_BUSY_USERS)]
    rows = []
    for at, tier in zip(times, dice.choices(tiers, parts, k=len(times)), strict=True):
        if tier != "free" and dice.random() < HEAVY:
            number = dice.choices(range(_BUSY_USERS), weights)[0]
            user = f"{tier}_busy_{number}"
        else:
            number = dice.randrange(users[tier])
            user = f"{tier}_{number}"
        org = f"org_{number % 40}" if tier == "team" else "org_0"
        images = 1 if tier == "free" or dice.random() < 0.9 else dice.choice((2, 2, 4))
        work = 294.0 if dice.random() < 1 / 6 else 256.0
        region = REGIONS[number % len(REGIONS)]
        patience = SDK_PATIENCE_S if dice.random() < 0.5 else None
        rows.append(Row(at, user, org, tier, region, MODEL, images, work, "auto", patience))
    return rows
