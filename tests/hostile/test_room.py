"""Large uploads take turns, so that memory is bounded however many come at once."""

from __future__ import annotations

import asyncio
import base64
import gc
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
from asking import SOURCE
from crowd import eventually_draws
from hosted import Hosted, new_key, soon
from starlette.requests import Request
from starlette.types import Message

from smalti.api import body as body_module
from smalti.api import uploads as uploads_module
from smalti.api.body import Bodies
from smalti.errors import Unavailable
from smalti.observe.about import serving
from smalti.pictures.decode import Upload, _Room, decode

LARGE = b'{"prompt": "' + b"a" * 2_000_000 + b'", "image": "aGk="}'
SMALL = b'{"prompt": "a"}'


def sending(data: bytes, *, told: bool = True) -> Request:
    messages: list[Message] = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive() -> Message:
        return messages.pop()

    headers = [(b"content-length", str(len(data)).encode())] if told else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize("told", [True, False])
def test_a_large_body_waits_for_another(told: bool) -> None:
    async def scene() -> None:
        bodies = Bodies(3_000_000, 3_000_000)
        seen: list[str] = []

        async def second() -> None:
            async with bodies.read(sending(LARGE, told=told)):
                seen.append("second")

        async with bodies.read(sending(LARGE, told=told)) as first:
            waiting = asyncio.create_task(second())
            async with bodies.read(sending(SMALL)):
                seen.append("small")
            await asyncio.sleep(0.05)
            assert seen == ["small"]
            assert first.images
        assert first.images == []
        await waiting
        assert seen == ["small", "second"]

    asyncio.run(scene())


def test_a_body_for_which_there_is_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "ROOM_TIMEOUT_S", 0.05)

    async def scene() -> None:
        bodies = Bodies(3_000_000, 3_000_000)
        async with bodies.read(sending(LARGE)):
            with pytest.raises(Unavailable, match="Many large uploads"):
                async with bodies.read(sending(LARGE)):
                    pass
        async with bodies.read(sending(LARGE)):
            pass

    asyncio.run(scene())


def test_one_user_takes_half_of_the_room_for_bodies() -> None:
    """However slowly they come: those of others are read meanwhile."""

    async def scene() -> None:
        bodies, may_end, seen = Bodies(3_000_000), asyncio.Event(), list[str]()

        async def send(user_id: str) -> None:
            with serving("req_1") as about:
                about.user_id = user_id
                async with bodies.read(sending(LARGE)):
                    seen.append(user_id)
                    await may_end.wait()

        sent = [asyncio.create_task(send(user_id)) for user_id in ("eve", "eve", "eve", "ben")]
        await asyncio.sleep(0.05)
        assert seen == ["eve", "ben"]
        may_end.set()
        await asyncio.gather(*sent)
        assert sorted(seen) == ["ben", "eve", "eve", "eve"]
        assert not bodies._taken

    asyncio.run(scene())


def test_a_body_that_is_refused_gives_its_room_back() -> None:
    async def scene() -> None:
        bodies = Bodies(3_000_000, 3_000_000)
        for _ in range(3):
            with pytest.raises(ValueError, match="as it happens"):
                async with bodies.read(sending(LARGE)):
                    raise ValueError("as it happens")

    asyncio.run(scene())


def test_pictures_are_unpacked_a_few_at_a_time() -> None:
    room, begun, may_end = _Room(10), Event(), Event()

    def large() -> None:
        with room.of(50):
            begun.set()
            may_end.wait(10)

    def small() -> None:
        with room.of(1):
            ended.set()

    ended = Event()
    threads = [Thread(target=large), Thread(target=small)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    assert not ended.wait(0.05)
    may_end.set()
    assert ended.wait(10)
    for thread in threads:
        thread.join()


def test_a_large_picture_has_its_turn_before_small_ones_that_came_later() -> None:
    room, in_turn = _Room(10), list[str]()

    def unpack(name: str, pixels: int) -> None:
        with room.of(pixels):
            in_turn.append(name)

    threads = [Thread(target=unpack, args=its) for its in (("large", 10), ("small", 1))]
    with room.of(5):
        for place, thread in enumerate(threads, 1):
            thread.start()
            soon(lambda place=place: len(room._line) == place)  # type: ignore[misc]
        assert in_turn == []
    for thread in threads:
        thread.join()
    assert in_turn == ["large", "small"]


def test_what_one_user_has_unpacked_keeps_nobody_else_waiting(
    start_here: Callable[..., Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those who send pictures, nor those whose files are to be made."""
    served, may_end, begun = start_here(), Event(), list[str]()

    def slowly(data: bytes, name: str, *rest: Any) -> Upload:
        begun.append(name)
        if name == "slow.png":
            may_end.wait(20)
        return decode(data, name, *rest)

    monkeypatch.setattr(uploads_module, "decode", slowly)

    async def scene() -> None:
        async with httpx2.AsyncClient(base_url=served.url, timeout=20) as http:

            async def post(key: str, name: str) -> int:
                reply = await http.post(
                    "/v1/images/edits",
                    data={"prompt": "a boat"},
                    files={"image": (name, SOURCE)},
                    headers={"authorization": f"Bearer {key}"},
                )
                return reply.status_code

            eve = new_key(served)
            slow = [asyncio.create_task(post(eve, "slow.png")) for _ in range(50)]
            await asyncio.to_thread(soon, lambda: len(begun) > 1)
            ben = new_key(served)
            try:
                async with asyncio.timeout(10):
                    assert await post(ben, "quick.png") == 200
                    await asyncio.to_thread(eventually_draws, served)
                assert begun.count("slow.png") == 2
            finally:
                may_end.set()
            assert set(await asyncio.gather(*slow)) == {200}

    asyncio.run(scene())


@pytest.mark.parametrize("stream", [False, True])
def test_an_edit_that_waits_holds_no_pixels(
    start_here: Callable[..., Hosted], stream: bool
) -> None:
    served = start_here(slots=1)
    headers = {"authorization": f"Bearer {served.key}"}
    others = uploads()
    body = {"prompt": "hold@1", "image": base64.b64encode(SOURCE).decode(), "stream": stream}
    with httpx2.Client(base_url=served.url, headers=headers, timeout=20) as http:

        def ask() -> None:
            with suppress(httpx2.HTTPError):
                httpx2.post(f"{served.url}/v1/images/edits", json=body, headers=headers, timeout=20)

        asking = Thread(target=ask)
        asking.start()
        assert served.backend.holding.get(timeout=20)
        gc.collect()
        assert not [mine for mine in uploads() if not any(mine is other for other in others)]
        (job,) = http.get("/v1/jobs").json()["data"]
        assert http.delete(f"/v1/jobs/{job['id']}").status_code == 200
        asking.join()


def uploads() -> list[Upload]:
    """Every unpacked picture that this process holds."""
    return [thing for thing in gc.get_objects() if isinstance(thing, Upload)]
