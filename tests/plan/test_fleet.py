"""A device's clock of steps, against one that counts every tick."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.errors import InvalidRequest
from smalti.plan.device import Device
from smalti.plan.fleet import MINI_CPU, FleetSpec, even_steps, read_fleet

SPEC = FleetSpec(1, (0.1, 0.15, 0.2, 0.25), spread=0.0)
TICK_S = 0.001


def by_ticks(arrivals: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """When each picture ends and the device-seconds it used; slots are never exceeded."""
    left = {i: steps for i, (_, steps) in enumerate(arrivals)}
    ends, used = [0.0] * len(arrivals), [0.0] * len(arrivals)
    tick = 0
    while left:
        now = tick * TICK_S
        held = [i for i in left if arrivals[i][0] <= now]
        for i in held:
            left[i] -= TICK_S / SPEC.step_s[len(held) - 1]
            used[i] += TICK_S / len(held)
            if left[i] <= 0:
                ends[i] = now + TICK_S
                del left[i]
        tick += 1
    return ends, used


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(3, 30)), min_size=1, max_size=4))
def test_it_ends_as_a_clock_of_ticks_does(drawn: list[tuple[int, int]]) -> None:
    arrivals = sorted((at / 10, float(steps)) for at, steps in drawn)
    device, ends, used = Device(0, SPEC), [0.0] * len(arrivals), [0.0] * len(arrivals)
    waiting, now = list(enumerate(arrivals)), 0.0
    while waiting or device.ends:
        end = device.next_end(now) if device.ends else float("inf")
        if waiting and waiting[0][1][0] <= end:
            i, (now, steps) = waiting.pop(0)
            device.put(i, steps, now)
        else:
            now = end
            i, used[i] = device.take(now)
            ends[i] = now
    slow_ends, slow_used = by_ticks(arrivals)
    assert ends == pytest.approx(slow_ends, abs=0.02)
    assert used == pytest.approx(slow_used, abs=0.02)


def test_what_is_cancelled_makes_room_for_the_others() -> None:
    device = Device(0, SPEC)
    device.put(0, 10.0, 0.0)
    device.put(1, 10.0, 0.0)
    assert device.cancel(0, 0.75) == pytest.approx(0.375)
    assert device.next_end(0.75) == pytest.approx(0.75 + 5 * 0.1)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4, unique=True), st.data())
def test_what_is_cancelled_leaves_the_others_as_they_are(
    steps: list[int], data: st.DataObject
) -> None:
    """Whichever it is; and it is told what it used since it began."""
    device, now = Device(0, SPEC), 0.0
    for i, its in enumerate(steps):
        device.put(i, float(its), now := 0.01 * i)
    gone = data.draw(st.integers(0, len(steps) - 1))
    used = device.cancel(gone, now)
    assert used == pytest.approx(sum(0.01 / held for held in range(gone + 1, len(steps))))
    left = sorted((its, i) for i, its in enumerate(steps) if i != gone)
    ended = []
    while device.ends:
        now = device.next_end(now)
        ended.append(device.take(now)[0])
    assert ended == [i for _, i in left]


def test_a_full_fleet_draws_as_measured() -> None:
    assert MINI_CPU.rate / 256 == pytest.approx(2.54)
    assert even_steps(1.0, 2.0, 3) == (1.0, 1.5, 2.0)
    assert even_steps(1.0, 2.0, 1) == (1.0,)


def test_a_fleet_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    file.write_text('{"devices": 2, "step_s": [0.1, 0.2]}')
    assert read_fleet(file) == FleetSpec(2, (0.1, 0.2), 0.0)
    file.write_text('{"devices": 1, "step_s": [1], "spread": 0.5}')
    assert read_fleet(file) == FleetSpec(1, (1.0,), 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"devices": 0, "step_s": [1]}', '{"devices": 1, "step_s": [0]}',
        '{"devices": 1, "step_s": []}', '{"devices": 1.9, "step_s": [1]}',
        '{"devices": Infinity, "step_s": [1]}', '{"devices": 1, "step_s": "123"}',
        '{"devices": 1, "step_s": {"1": 2}}', '{"devices": 1, "step_s": [NaN]}',
        '{"devices": 1, "step_s": [Infinity]}', '{"devices": 1, "step_s": [1], "spread": "a"}',
        '{"devices": 1, "step_s": [1], "spread": 2}',
        '{"devices": 1, "step_s": [1], "spread": -0.1}',
        '{"devices": 1, "step_s": [1%s]}' % ("0" * 400), "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_fleet_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fleet.json"
    file.write_text(text)
    with pytest.raises(InvalidRequest, match="describes no fleet") as refused:
        read_fleet(file)
    assert text in ("", "[" * 100_000) or "it needs devices, a whole number from 1; step_s" in str(
        refused.value
    )


def test_more_devices_than_a_replay_can_hold_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    file.write_text('{"devices": 100000, "step_s": [1]}')
    assert read_fleet(file).devices == 100_000
    file.write_text('{"devices": 10000000000, "step_s": [1]}')
    with pytest.raises(InvalidRequest, match=r"10000000000 devices\. It must have 100000 or"):
        read_fleet(file)
