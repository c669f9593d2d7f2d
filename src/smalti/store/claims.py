"""Times that denials have stated, and that are honoured; see `control.nouns.Claim`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from smalti.control.appointments import RULE as PLACE
from smalti.control.nouns import Claim
from smalti.store.schema import claims

_AT = "@"
"""Between the rule of a place and its time, by which one is told from another."""

_CHANGE = update(claims).where(
    claims.c.user_id == bindparam("its_user"), claims.c.rule == bindparam("its_rule")
)
_NEW = insert(claims)
_HONOURED = (
    select(claims)
    .where(claims.c.until > bindparam("now"))
    .order_by(claims.c.at, claims.c.user_id, claims.c.rule)
)
_USED = delete(claims).where(
    claims.c.user_id == bindparam("its_user"),
    claims.c.rule.in_((bindparam("its_rule"), bindparam("kept_as"))),
    claims.c.at == bindparam("its_at"),
    claims.c.until == bindparam("its_until"),
)
_PASSED = delete(claims).where(claims.c.until <= bindparam("now"))


def keep(connection: Connection, claim: Claim) -> None:
    """In place of an earlier one of the same user and rule, and of a place, of the same time."""
    name = _kept_as(claim)
    values = {"value": claim.value, "at": claim.at, "until": claim.until}
    its = {"its_user": claim.user_id, "its_rule": name}
    if connection.execute(_CHANGE, its | values).rowcount == 0:
        connection.execute(_NEW, {"user_id": claim.user_id, "rule": name, **values})


def honoured(connection: Connection, now: float) -> list[Claim]:
    """Those that are not over, in the order of the times that they state."""
    found = (Claim(**row._mapping) for row in connection.execute(_HONOURED, {"now": now}))
    return [claim._replace(rule=claim.rule.partition(_AT)[0]) for claim in found]


def use(connection: Connection, used: Sequence[Claim]) -> None:
    """They are honoured no more; one that was kept in their place since then is."""
    for claim in used:
        its = {"its_user": claim.user_id, "its_rule": claim.rule, "kept_as": _kept_as(claim)}
        connection.execute(_USED, {**its, "its_at": claim.at, "its_until": claim.until})


def forget_passed(connection: Connection, now: float) -> None:
    connection.execute(_PASSED, {"now": now})


def _kept_as(claim: Claim) -> str:
    """Who asked for few pictures and then for many is told a time for each, and both are true."""
    return f"{PLACE}{_AT}{claim.at:.0f}" if claim.rule == PLACE else claim.rule
