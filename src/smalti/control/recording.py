"""`Recorded`: a controller that tells everything it was told and what it decided; and its replay.

A controller is a function of what it is told, so the same inputs give the same decisions, in
another process and on another day. What is told is plain data that JSON can hold, floats exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from smalti.control.controller import Controller
from smalti.control.denial import Denial
from smalti.control.forecast import Learnt
from smalti.control.nouns import Admission, Ask, Claim, Offer, Reservation, Turn
from smalti.control.policy import Policy, read_policy

Entry = dict[str, Any]
"""do: the method; now, and what else it was given; decided: what it answered, if it decided."""


class Recorded(Controller):
    """tell: takes each entry as it happens, and must not fail."""

    def __init__(self, policy: Policy, max_waiting: int, tell: Callable[[Entry], None]) -> None:
        self._tell = tell
        tell({"do": "begin", "max_waiting": max_waiting, "policy": _written(policy)})
        super().__init__(policy, max_waiting)

    @property
    def policy(self) -> Policy:
        return super().policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._tell({"do": "policy", "policy": _written(policy)})
        Controller.policy.__set__(self, policy)  # type: ignore[attr-defined]

    @property
    def slots(self) -> int:
        return super().slots

    @slots.setter
    def slots(self, slots: int) -> None:
        if slots != super().slots:
            self._tell({"do": "slots", "slots": slots})
        Controller.slots.__set__(self, slots)  # type: ignore[attr-defined]

    def clock_set(self, by_s: float) -> None:
        self._tell({"do": "clock_set", "by_s": by_s})
        super().clock_set(by_s)

    def look(self, now: float) -> bool:
        looked = super().look(now)
        if looked:
            self._tell({"do": "look", "now": now})
        return looked

    def consider(self, ask: Ask, now: float) -> Admission | Denial:
        """Told too, for what it finds is remembered for a second."""
        outcome = super().consider(ask, now)
        self._tell({"do": "consider", "now": now, **_asked(ask), "decided": decided(outcome)})
        return outcome

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        outcome = super().admit(ask, now)
        self._tell({"do": "admit", "now": now, **_asked(ask), "decided": decided(outcome)})
        return outcome

    def retract(self, job_id: str) -> None:
        self._tell({"do": "retract", "job_id": job_id})
        super().retract(job_id)

    def refund(self, job_id: str, images: int, now: float) -> None:
        self._tell({"do": "refund", "job_id": job_id, "images": images, "now": now})
        super().refund(job_id, images, now)

    def settle(self, job_id: str, device_s: float) -> None:
        self._tell({"do": "settle", "job_id": job_id, "device_s": device_s})
        super().settle(job_id, device_s)

    def restore(
        self, reservations: Iterable[Reservation], now: float, claims: Iterable[Claim] = ()
    ) -> None:
        held, told = list(reservations), list(claims)
        whole = {"reservations": [asdict(h) for h in held], "claims": [c._asdict() for c in told]}
        self._tell({"do": "restore", "now": now, **whole})
        super().restore(held, now, told)

    def recall(self, learnt: Learnt, now: float) -> None:
        super().recall(learnt, now)
        self._tell({"do": "recall", "now": now, "learnt": learnt})

    def recount(self, reservations: Iterable[Reservation], now: float) -> None:
        held = list(reservations)
        self._tell({"do": "recount", "now": now, "reservations": [asdict(h) for h in held]})
        super().recount(held, now)

    def adopt(self, ask: Ask, admitted_at: float | None = None) -> None:
        self._tell({"do": "adopt", **_asked(ask), "admitted_at": admitted_at})
        super().adopt(ask, admitted_at)

    def follow(self, job_id: str) -> None:
        self._tell({"do": "follow", "job_id": job_id})
        super().follow(job_id)

    def enqueue(self, job_id: str, now: float, indices: Sequence[int] | None = None) -> None:
        left = None if indices is None else list(indices)
        self._tell({"do": "enqueue", "job_id": job_id, "now": now, "indices": left})
        super().enqueue(job_id, now, indices)

    def next(self, now: float) -> Turn | None:
        turn = super().next(now)
        if turn is not None:
            self._tell({"do": "next", "now": now, "decided": [turn.job_id, turn.index]})
        return turn

    def finished(self, job_id: str, index: int, device_s: float, now: float) -> None:
        its = {"job_id": job_id, "index": index, "device_s": device_s, "now": now}
        self._tell({"do": "finished", **its})
        super().finished(job_id, index, device_s, now)

    def requeue(self, job_id: str, index: int, now: float) -> None:
        self._tell({"do": "requeue", "job_id": job_id, "index": index, "now": now})
        super().requeue(job_id, index, now)

    def withdraw(self, job_id: str, now: float) -> list[int]:
        self._tell({"do": "withdraw", "job_id": job_id, "now": now})
        return super().withdraw(job_id, now)


@dataclass(frozen=True)
class Agreement:
    """decisions: that were recorded; same: those that came out the same again.

    difference: the first that did not: its number, what was decided, and what is decided now.
    """

    decisions: int
    same: int
    difference: tuple[int, Any, Any] | None = None


def replay_recorded(entries: Iterable[Mapping[str, Any]]) -> Agreement:
    """Tell a new controller the same, and compare each decision.

    After a difference it may be told of jobs that it has refused; that is not the same either.
    Raises ValueError for what is no recording.
    """
    control: Controller | None = None
    decisions = same = 0
    difference = None
    for entry in entries:
        try:
            control, again = told_again(control, entry)
        except ValueError:
            if difference is None:
                raise
            again = None
        if "decided" in entry:
            decisions += 1
            if again == entry["decided"]:
                same += 1
            elif difference is None:
                difference = (decisions, entry["decided"], again)
    if control is None:
        raise ValueError("A recording begins with 'begin', and this one is empty")
    return Agreement(decisions, same, difference)


def told_again(
    control: Controller | None, entry: Mapping[str, Any]
) -> tuple[Controller, list[Any] | None]:
    """The controller that an entry was told to, after it, and what it decides.

    Raises ValueError for what is no recording.
    """
    do = entry.get("do")
    if do == "begin":
        return Controller(_policy(entry["policy"]), entry["max_waiting"]), None
    if control is None or do not in _REPLAYED:
        raise ValueError(f"A recording begins with 'begin', and this one has '{do}'.")
    return control, _REPLAYED[do](control, entry)


def decided(outcome: Admission | Denial) -> list[Any]:
    """A decision in a few words: how it is served, or why not and until when."""
    if isinstance(outcome, Denial):
        return ["refused", outcome.kind, outcome.rule, outcome.retry_at]
    return ["admitted", outcome.offer.rung, outcome.service, list(outcome.wait.start_s)]


def _written(policy: Policy) -> dict[str, Any]:
    return {"version": policy.version, **policy.written()}


def _policy(told: Mapping[str, Any]) -> Policy:
    document = {name: value for name, value in told.items() if name != "version"}
    return read_policy(document, version=told["version"])


def _asked(ask: Ask) -> dict[str, Any]:
    return {"ask": {**asdict(ask), "features": sorted(ask.features)}}


def ask_of(told: Mapping[str, Any]) -> Ask:
    """What was asked, of an entry's `ask`."""
    offers = tuple(Offer(**offer) for offer in told["offers"])
    return Ask(**{**told, "offers": offers, "features": frozenset(told["features"])})


def _held(told: Iterable[Mapping[str, Any]]) -> list[Reservation]:
    names = {field.name for field in fields(Reservation)}
    return [Reservation(**{n: v for n, v in row.items() if n in names}) for row in told]


def _set_policy(control: Controller, entry: Mapping[str, Any]) -> None:
    control.policy = _policy(entry["policy"])


def _set_slots(control: Controller, entry: Mapping[str, Any]) -> None:
    control.slots = entry["slots"]


def _next(control: Controller, entry: Mapping[str, Any]) -> list[Any] | None:
    turn = control.next(entry["now"])
    return None if turn is None else [turn.job_id, turn.index]


_REPLAYED: dict[str, Callable[[Controller, Mapping[str, Any]], Any]] = {
    "policy": _set_policy,
    "slots": _set_slots,
    "clock_set": lambda c, e: c.clock_set(e["by_s"]),
    "look": lambda c, e: c.look(e["now"]),
    "consider": lambda c, e: decided(c.consider(ask_of(e["ask"]), e["now"])),
    "admit": lambda c, e: decided(c.admit(ask_of(e["ask"]), e["now"])),
    "retract": lambda c, e: c.retract(e["job_id"]),
    "refund": lambda c, e: c.refund(e["job_id"], e["images"], e["now"]),
    "settle": lambda c, e: c.settle(e["job_id"], e["device_s"]),
    "restore": lambda c, e: c.restore(
        _held(e["reservations"]), e["now"], [Claim(**claim) for claim in e["claims"]]
    ),
    "recall": lambda c, e: c.recall(e["learnt"], e["now"]),
    "recount": lambda c, e: c.recount(_held(e["reservations"]), e["now"]),
    "adopt": lambda c, e: c.adopt(ask_of(e["ask"]), e.get("admitted_at")),
    "follow": lambda c, e: c.follow(e["job_id"]),
    "enqueue": lambda c, e: c.enqueue(e["job_id"], e["now"], e["indices"]),
    "next": _next,
    "finished": lambda c, e: c.finished(e["job_id"], e["index"], e["device_s"], e["now"]),
    "requeue": lambda c, e: c.requeue(e["job_id"], e["index"], e["now"]),
    "withdraw": lambda c, e: c.withdraw(e["job_id"], e["now"]),
}
