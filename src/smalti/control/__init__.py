"""Decides: who is admitted, whose picture is next, how long one waits. Pure; the time is passed in.

controller  the one object that the service speaks to
nouns       what is said to and by it
tiers       classes of users, as `smalti.toml` writes them
limits      rolling limits and the reservations of users; rolling counts them
rules       what decides an admission; denial says why not
fair        the queue; share is fair sharing at one level, line an order by tags
sight       the order to come; ahead counts in it; lanes and pace turn counts into seconds
"""

from smalti.control.controller import Controller
from smalti.control.denial import Denial
from smalti.control.limits import Limit, parse_limit
from smalti.control.nouns import Ask, Reservation, Standing, Turn, Wait
from smalti.control.tiers import DEFAULT_TIERS, Tier, read_tiers

__all__ = [
    "DEFAULT_TIERS",
    "Ask",
    "Controller",
    "Denial",
    "Limit",
    "Reservation",
    "Standing",
    "Tier",
    "Turn",
    "Wait",
    "parse_limit",
    "read_tiers",
]
