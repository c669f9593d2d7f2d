"""POST /v1/images/generations and /v1/images/edits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from smalti.api import places
from smalti.api.auth import caller_of
from smalti.api.body import Bodies, Body
from smalti.api.country import country_of
from smalti.api.denials import comes_back
from smalti.api.described import ASKING, described, drawing_replies
from smalti.api.edge import GONE
from smalti.api.errors import JsonReply, error_body
from smalti.api.events import disconnected
from smalti.api.idempotent import REPLAYED, Keys, begun_by, begun_meanwhile, key_of
from smalti.api.jobs import JobFacts, blobs_of, follow
from smalti.api.patience import is_detached, patience_of, silence_of
from smalti.api.rates import standing_headers
from smalti.api.reply import SOURCES, base64_of
from smalti.api.retries import Fingerprint, Retries, fingerprint
from smalti.api.schema import EditRequest, GenerationRequest, ImageRequest, parse
from smalti.api.uploads import Uploads
from smalti.config import Settings
from smalti.errors import InvalidRequest, Unavailable
from smalti.observe import about_request
from smalti.pictures.decode import Alpha, Limits, Upload
from smalti.service import Denied, DrawRequest, Job, JobView, Listener, Service
from smalti.service.request import Manner
from smalti.store.idempotency import AlreadyBegun

T = TypeVar("T")


@dataclass(frozen=True)
class Begun:
    """A job that answers a request. again: whether it had answered one under the same key."""

    view: JobView
    again: bool = False


class Images:
    """The two addresses, over a service."""

    def __init__(
        self, service: Service, facts: JobFacts, bodies: Bodies, settings: Settings
    ) -> None:
        self.service = service
        self.facts = facts
        self.settings = settings
        self._bodies = bodies
        self._retries = Retries(service.taken_up)
        service.when_left = self._retries.left
        self._keys = Keys()
        self._uploads = Uploads(
            Limits(settings.max_upload_mb * 1_000_000, settings.max_upload_megapixels * 1_000_000)
        )

    def router(self, described_bodies: Mapping[str, dict[str, Any]]) -> APIRouter:
        """described_bodies: what /openapi.json says of what is sent, by the operation's name."""
        router = APIRouter(prefix="/v1/images")
        for path, endpoint, name in (
            ("/generations", self.generations, "generate_images"),
            ("/edits", self.edits, "edit_images"),
        ):
            router.add_api_route(
                path,
                _raw(endpoint),
                methods=["POST"],
                response_class=Response,
                responses=drawing_replies(),
                openapi_extra={"requestBody": described_bodies[name], "parameters": ASKING},
                operation_id=name,
            )
        router.add_api_route(
            "/variations",
            variations,
            methods=["POST"],
            status_code=404,
            response_class=Response,
            responses=described({}, 401, 403, 404, 503),
            deprecated=True,
            operation_id="vary_images",
        )
        return router

    async def generations(self, request: Request) -> Response:
        """Draw pictures from words."""
        async with self._bodies.read(request) as body:
            asked = parse(GenerationRequest, body)
            no_pictures(body)
            sent = fingerprint(caller_of(request).user.user_id, request.url.path, body)
        wanted = draw_request(asked, manner=self._manner(request, asked))
        return await self._answer(request, asked, await self._begin(request, sent, asked, wanted))

    async def edits(self, request: Request) -> Response:
        """Draw pictures from other pictures and words."""
        return await self._answer(request, *await self._begin_edit(request))

    async def _begin_edit(self, request: Request) -> tuple[ImageRequest, Begun]:
        """Apart from `edits`, which waits long, and must not hold the pictures that were sent."""
        async with self._bodies.read(request) as body:
            asked = parse(EditRequest, body)
            user_id, path = caller_of(request).user.user_id, request.url.path
            source, mask = await self._uploads.read(user_id, body)
            sent = await asyncio.to_thread(fingerprint, user_id, path, body)
            count = len(body.images)
        manner = self._manner(request, asked)
        wanted = draw_request(asked, source, mask, count, manner)
        return asked, await self._begin(request, sent, asked, wanted)

    # --- drawing ---

    async def _begin(
        self, request: Request, sent: Fingerprint, asked: ImageRequest, wanted: DrawRequest
    ) -> Begun:
        """A new job, or the one that was begun for the same request before."""
        about = about_request()
        about.prompt = asked.prompt
        key, detached = key_of(request), is_detached(request, asked)
        if key is None:
            begun = Begun((await self._retried(request, sent, wanted, detached)).view())
        else:
            async with self._keys.alone(request, key):
                begun = await self._begin_under(key, request, sent, wanted, detached)
        about.job_id = begun.view.job_id
        return begun

    async def _begin_under(
        self, key: str, request: Request, sent: Fingerprint, wanted: DrawRequest, detached: bool
    ) -> Begun:
        """As `_begin`, with the client's Idempotency-Key."""
        view = await begun_by(self.service, request, key, sent)
        if view is not None:
            return Begun(view, again=True)
        wanted = replace(wanted, manner=replace(wanted.manner, idempotency=(key, sent[1])))
        try:
            return Begun((await self._job(request, wanted, detached)).view())
        except AlreadyBegun as begun:
            view = begun_meanwhile(self.service, request, key, sent, begun)
            return Begun(view, again=True)

    async def _answer(self, request: Request, asked: ImageRequest, begun: Begun) -> Response:
        view, job = begun.view, begun.view.live
        headers = self._headers(request, begun)
        if job is None:
            return await self._again(request, asked, view, headers)
        if is_detached(request, asked):
            job.detached = True  # also one that was begun by a request that waited for it
            return self._promise(request, job.view(), headers)
        if asked.stream:
            silence_s = silence_of(request, self.settings.keep_alive_s)
            stream = follow(self.facts, job.view(), silence_s, who=asked.who)
            stream.headers.update(headers)
            return stream
        with job.listen() as listener:
            contents = await _unless_gone(request, self._finish(request, job, asked, listener))
        if contents is None:
            return Response(status_code=GONE)
        view = job.view()  # the wait for the pictures may have been long
        headers = self._headers(request, replace(begun, view=view))
        return JsonReply(self.facts.reply(view, asked.who).whole(view, contents), headers=headers)

    def _headers(self, request: Request, begun: Begun) -> dict[str, str]:
        """As it is now: where the job is in the queue, and what is left of the limits."""
        return {
            **self._left(request, begun.view),
            **places.headers(begun.view.job_id, begun.view.wait),
            **(REPLAYED if begun.again else {}),
        }

    def _left(self, request: Request, view: JobView) -> dict[str, str]:
        """What is left now of the limits that hold for a job."""
        caller, region = caller_of(request), country_of(request)
        return standing_headers(
            self.service.standing(caller, region, view.brief.model), time.time()
        )

    async def _again(
        self, request: Request, asked: ImageRequest, view: JobView, headers: dict[str, str]
    ) -> Response:
        """What a job that has ended was answered with."""
        if is_detached(request, asked):
            return self._promise(request, view, headers)
        if asked.stream:
            stream = follow(self.facts, view, self.settings.keep_alive_s, who=asked.who)
            stream.headers.update(headers)
            return stream
        blobs = blobs_of(view)
        if asked.response_format == "url":
            contents = [{"url": self.facts.links.to(blob, request)} for blob in blobs]
        else:
            files = [await asyncio.to_thread(self.service.picture, blob) for blob in blobs]
            contents = [{"b64_json": base64_of(file)} for file in files]
        whole = self.facts.reply(view, asked.who).whole(view, contents)
        return JsonReply(whole, headers=headers)

    async def _retried(
        self, request: Request, sent: Fingerprint, wanted: DrawRequest, detached: bool
    ) -> Job:
        """Of a request without a key: a new job, or the one that the first attempt of a retry
        began."""
        with self._retries.attempt(sent) as before:
            begun = await self._retries.joined(sent, request.headers, before)
            if begun is not None:
                return begun
            wanted = replace(wanted, manner=replace(wanted.manner, sent=sent[1]))
            try:
                job = await self._job(request, wanted, detached)
            except Unavailable:
                self._retries.refused(sent)
                raise
            except Denied as refusal:
                if comes_back(refusal.denial):
                    self._retries.refused(sent)
                raise
            self._retries.begun(sent, job)
            return job

    async def _job(self, request: Request, wanted: DrawRequest, detached: bool) -> Job:
        return await self.service.submit(
            wanted, caller_of(request), request_id=about_request().request_id, detached=detached
        )

    def _manner(self, request: Request, asked: ImageRequest) -> Manner:
        return manner_of(asked, patience_of(request, asked), country_of(request))

    def _promise(self, request: Request, view: JobView, headers: dict[str, str]) -> Response:
        """A job in place of pictures, as the client preferred."""
        at = {"location": f"/v1/jobs/{view.job_id}", "preference-applied": "respond-async"}
        told = self.facts.told(view, request)
        return JsonReply(told, status_code=202, headers={**headers, **at})

    async def _finish(
        self, request: Request, job: Job, asked: ImageRequest, listener: Listener
    ) -> list[dict[str, str]]:
        """Wait for every picture, and say where or what it is."""
        async for _ in listener.events():
            pass
        if asked.response_format == "url":
            blobs = [picture.blob for picture in job.pictures]
            return [{"url": self.facts.links.to(blob, request)} for blob in blobs if blob]
        files = [await asyncio.to_thread(job.file, picture.index) for picture in job.pictures]
        return [{"b64_json": base64_of(file)} for file in files]


def draw_request(
    asked: ImageRequest,
    source: Upload | None = None,
    mask: Alpha | None = None,
    sent: int = 0,
    manner: Manner | None = None,
) -> DrawRequest:
    """sent: how many source pictures came with the request."""
    return DrawRequest(
        prompt=asked.prompt,
        model=asked.model,
        n=asked.n,
        size=asked.pixels,
        seed=asked.seed,
        quality=asked.quality,
        style=asked.own_style,
        source=source,
        mask=mask,
        output_format=asked.output_format,
        output_compression=asked.output_compression,
        asked={**asked.asked(), **({SOURCES: sent} if sent else {})},
        kind="generation" if source is None else "edit",
        manner=manner or manner_of(asked),
    )


def manner_of(asked: ImageRequest, patience_s: float | None = None, region: str = "") -> Manner:
    return Manner(
        service=asked.service_tier,
        degrade=asked.degrade == "allow",
        streamed=asked.stream,
        partial_images=asked.partial_images,
        patience_s=patience_s,
        region=region,
    )


def no_pictures(body: Body) -> None:
    """Raises InvalidRequest where a picture was sent."""
    for file in body.images + body.masks:
        raise InvalidRequest(
            f"'{file.param}' has no place here. Send pictures to /v1/images/edits.",
            param=file.param,
            code="unknown_parameter",
        )


async def variations() -> Response:
    """Retired by OpenAI, and not revived here."""
    body = error_body(
        "Variations are retired. Send the picture to /v1/images/edits, with a prompt.",
        "invalid_request_error",
        "not_found",
    )
    return JsonReply(body, status_code=404)


async def _unless_gone(request: Request, work: Awaitable[T]) -> T | None:
    """The result of `work`, or None if the client is gone before it is there."""
    working = asyncio.ensure_future(work)
    gone = asyncio.create_task(disconnected(request.receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()


def _raw(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """An endpoint that reads the body itself, in a form that FastAPI can inspect."""

    async def call(request: Request) -> Response:
        return await endpoint(request)

    call.__doc__ = endpoint.__doc__
    return call
