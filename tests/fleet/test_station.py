"""The rules of who is drawn where, without a process."""

from __future__ import annotations

from typing import Any, cast

import pytest
from listening import order

from smalti.fleet.flight import MAX_DEATHS, Flight
from smalti.fleet.process import WorkerProcess
from smalti.fleet.station import (
    LAST_RETRY_S,
    MAX_FAILED_STARTS,
    Station,
    Waiting,
    without_folders,
)


class NoProcess:
    pid = 1


def ignore(event: Any) -> None:
    """A listener that does not care."""


def flight(number: int, deaths: int = 0, model: str = "fake") -> Flight:
    made = Flight(order(number=number, model=model), ignore)
    made.deaths = deaths
    return made


@pytest.fixture
def station() -> Station:
    made = Station(0, "cpu", "fake", "fake_model:load", slots=2)
    made.hire(cast(WorkerProcess, NoProcess()))
    made.health = "ready"
    return made


def board(station: Station, *flights: Flight) -> None:
    for each in flights:
        station.aboard[each.picture_id] = each


def test_pictures_are_taken_in_order_of_arrival_and_those_put_back_first() -> None:
    waiting, flights = Waiting(), [flight(number) for number in range(5)]
    for each in flights[2:]:
        waiting.add(each)
    waiting.add_first(flights[:2])
    waiting.discard(flights[3])
    waiting.discard(flight(99))
    taken = [waiting.take("fake") for _ in range(5)]
    assert taken == [flights[0], flights[1], flights[2], flights[4], None]


def test_a_model_has_a_queue_of_its_own(station: Station) -> None:
    waiting, other, mine = Waiting(), flight(1, model="other"), flight(2)
    waiting.add(other)
    waiting.add(mine)
    assert station.next_of(waiting) is mine
    assert station.next_of(waiting) is None
    assert waiting.take_all("other") == [other]
    assert waiting.take_all("other") == []


@pytest.mark.parametrize("health", ["starting", "hung", "dead", "stopped"])
def test_only_a_ready_device_is_given_pictures(station: Station, health: Any) -> None:
    waiting = Waiting()
    waiting.add(flight(1))
    station.health = health
    assert station.next_of(waiting) is None


def test_a_device_is_given_as_many_pictures_as_it_has_slots(station: Station) -> None:
    waiting = Waiting()
    waiting.add(flight(3))
    board(station, flight(1), flight(2))
    assert station.next_of(waiting) is None


def test_a_suspect_waits_for_its_device_to_be_empty_and_then_has_it_alone(
    station: Station,
) -> None:
    waiting, suspect, next_one = Waiting(), flight(1, MAX_DEATHS - 1), flight(2)
    waiting.add(next_one)
    station.suspects.append(suspect)
    board(station, flight(3))
    assert station.next_of(waiting) is None
    station.aboard.clear()
    assert station.next_of(waiting) is suspect
    board(station, suspect)
    assert station.next_of(waiting) is None
    suspect.deaths = 0  # it has a new row
    assert station.next_of(waiting) is next_one


def test_a_lost_worker_leaves_its_pictures_and_its_reason(station: Station) -> None:
    flights = [flight(1), flight(2)]
    board(station, *flights)
    assert station.lose_worker("it was silent", hung=True) == flights
    assert [each.deaths for each in flights] == [1, 1]
    state = station.state()
    assert (state.state, state.problem, state.restarts, state.busy, state.pid) == (
        *("hung", "it was silent", 1, 0),
        None,
    )
    assert station.failed_starts == 0


def test_a_device_that_does_not_start_is_tried_ever_less_often(station: Station) -> None:
    waits = []
    for _ in range(12):
        station.health = "starting"
        station.lose_worker("no driver", hung=False)
        waits.append(station.retry_s)
        assert station.lost == (station.failed_starts >= MAX_FAILED_STARTS)
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == LAST_RETRY_S


def test_a_picture_that_ended_is_forgotten_everywhere(station: Station) -> None:
    aboard, suspect = flight(1), flight(2)
    board(station, aboard)
    station.suspects.append(suspect)
    station.forget(aboard)
    station.forget(suspect)
    station.forget(flight(3))
    assert not station.aboard
    assert not station.suspects


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("[Errno 2] No such file: '/srv/my models/w.bin'", "[Errno 2] No such file: 'w.bin'"),
        ("it cannot read /srv/models/w.bin: no", "it cannot read w.bin: no"),
        ("OSError: (~/w.bin)", "OSError: (w.bin)"),
        ("see https://here.org/a/b and 3/4 of it", "see https://here.org/a/b and 3/4 of it"),
        ("'fake_model:load' loads 'a', not 'b'", "'fake_model:load' loads 'a', not 'b'"),
    ],
)
def test_a_reason_tells_no_folders(reason: str, told: str) -> None:
    assert without_folders(reason) == told
