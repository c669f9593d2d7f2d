"""Decides: who is admitted, whose picture is next, how long one waits. Pure; the time is passed in.

controller  the one object that the service speaks to
nouns       what is said to and by it; denial: why not
policy      what an operator has decided: tiers, limits (as they are written), switches
rules       whether a request is within it: accounts count (rolling windows, bursts), gauges hold
            limits against them, breathing limits follow the load, claims keep stated times true;
            wording says it
capacity    how it is served: the ladder, and appointments for who cannot be
keeping     whether what it is promised can be kept, by the fair order or by promises' deadlines;
            a bucket has what is left of a share, refusals tell who is short of slots
fair        the queue; share is fair sharing at one level, line an order by tags, user who stands at
            the end of a path, returned what lost its slot; ahead tells what goes before a place,
            by the backlog of each group
room        how many pictures may be there at a time; present counts them
live        what is remembered of a job until it is over
forecast    how long it takes: a course and lanes turn work into seconds, pace measures them;
            written reads what it had learnt before a restart
courses     how each class is served from now on: in a course, the fair order as a fluid, and what
            is due
coming      what comes: flow tells how much, crowds for how long, passing before whom it goes
told        what was told of waits, and how far off it was; conformal makes intervals of that
recording   all that a controller was told and decided, and the same again

`hatch_build.py` compiles most of it, if that is wanted; it decides the same, in less than half the
time.
"""

from smalti.control import controller
from smalti.control.controller import Controller
from smalti.control.denial import Denial, Option
from smalti.control.limits import Limit, parse_limit
from smalti.control.nouns import (
    Admission,
    Ask,
    Claim,
    Offer,
    Reservation,
    Standing,
    Turn,
    Wait,
)
from smalti.control.policy import DEFAULT_POLICY, Policy, read_policy
from smalti.control.switches import Switch
from smalti.control.tiers import DEFAULT_TIERS, Tier, read_tiers

__all__ = [
    "COMPILED",
    "DEFAULT_POLICY",
    "DEFAULT_TIERS",
    "Admission",
    "Ask",
    "Claim",
    "Controller",
    "Denial",
    "Limit",
    "Offer",
    "Option",
    "Policy",
    "Reservation",
    "Standing",
    "Switch",
    "Tier",
    "Turn",
    "Wait",
    "parse_limit",
    "read_policy",
    "read_tiers",
]

COMPILED = not (controller.__file__ or ".py").endswith(".py")
"""Whether it is compiled code that decides."""
