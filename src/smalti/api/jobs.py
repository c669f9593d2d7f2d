"""Jobs of one's own: what became of them, following them, cancelling them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from smalti.api import places
from smalti.api.apart import Apart
from smalti.api.auth import caller_of
from smalti.api.described import described, json_of
from smalti.api.errors import JsonReply, error_body
from smalti.api.events import EventStream, Following, event
from smalti.api.links import Links
from smalti.api.reply import Reply
from smalti.api.shapes import JobGone, JobPage, JobReply
from smalti.errors import DrawingFailed, Unavailable
from smalti.service import JobCancelled, JobView, NotFound, PictureView, Service
from smalti.store.jobs import PROMPTS_MAX, JobFilter, JobState

PAGE = 20
PAGE_MAX = 100
OF_ONE_USER = 1
"""Pages that are looked for at a time."""

JobId = Annotated[str, Path(description="As it stands in `id`.")]


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=PAGE, ge=1, le=PAGE_MAX, description="Jobs on a page.")
    after: str | None = Field(default=None, description="The last job of the page before.")
    search: str = Field(
        default="", max_length=200, description="Words of the prompt, all of them, in any order."
    )
    style: str | None = Field(default=None, max_length=64, description="Of this style alone.")
    status: JobState | None = Field(default=None, description="In this state alone.")
    conversation: str | None = Field(
        default=None, max_length=64, description="Of this conversation alone."
    )

    @property
    def only(self) -> JobFilter:
        return JobFilter(
            search=self.search,
            style=self.style,
            state=self.status,
            conversation=self.conversation,
        )


class CancelQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    forget: bool = Field(
        default=False, description="Delete it for good: its prompt, its pictures, all of it."
    )


class EventsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    partial_images: int | None = Field(
        default=None, ge=0, le=3, description="Of each picture; as the request said if left out."
    )
    smalti_events: bool | None = Field(
        default=None, description="Whether the place in the queue is told in events too."
    )
    rows: bool = Field(
        default=False,
        description="Send every row of tiles as it is drawn, in `smalti.rows` events.",
    )


@dataclass(frozen=True)
class JobFacts:
    """A job as JSON."""

    service: Service
    links: Links

    def reply(self, view: JobView, who: str | None = None) -> Reply:
        """who: whom the client asked for."""
        return Reply.of(view, self.service.models.get(view.brief.model), who)

    def told(self, view: JobView, request: Request) -> dict[str, Any]:
        """request: whose client the links are for."""
        brief = view.brief
        return {
            "id": view.job_id,
            "object": "image.job",
            "status": view.state,
            "created_at": int(view.created_at),
            "started_at": whole(view.started_at),
            "finished_at": whole(view.finished_at),
            **places.fields(view.wait),
            "images": view.images,
            "asked": {"prompt": brief.prompt, "model": brief.model, **brief.asked},
            "result": self._result(view, request),
            "error": _error(view),
        }

    def _result(self, view: JobView, request: Request) -> dict[str, Any] | None:
        blobs = [picture.blob for picture in view.pictures]
        if view.state != "succeeded" or None in blobs:
            return None
        urls = [{"url": self.links.to(blob, request)} for blob in blobs if blob is not None]
        return self.reply(view).whole(view, urls)


def _page(views: list[JobView], limit: int) -> list[JobView]:
    """As many as go on a page: not so many that everybody waits while it is written."""
    left, page = PROMPTS_MAX, list[JobView]()
    for view in views[:limit]:
        left -= len(view.brief.prompt)
        if left < 0 and page:
            break
        page.append(view)
    return page


def page_of(data: Sequence[Mapping[str, Any]], has_more: bool) -> Response:
    """A `Page` of what have ids."""
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    ends = {"first_id": first, "last_id": last, "has_more": has_more}
    return JsonReply({"object": "list", "data": data, **ends})


def whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)


def _error(view: JobView) -> dict[str, Any] | None:
    if view.state != "failed":
        return None
    message = view.error_message or "The pictures could not be drawn."
    told: dict[str, Any] = error_body(message, "server_error", view.error_code)["error"]
    return told


def jobs_router(facts: JobFacts, silence_s: float) -> APIRouter:
    """silence_s: after it, a stream says that it is alive."""
    router = APIRouter(prefix="/v1/jobs")
    service = facts.service
    apart = Apart("jobs", OF_ONE_USER)

    @router.get(
        "",
        response_class=Response,
        responses=described({200: ("Your jobs", json_of(JobPage))}, 400, 401, 403, 404, 503),
        operation_id="list_jobs",
    )
    async def list_jobs(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """Your jobs, newest first; all of them, or those that the query means."""
        caller = caller_of(request)
        if query.after is not None:
            service.find(query.after, caller)
        async with apart.turn(caller.user.user_id):
            kept = await apart.run(
                service.kept_jobs, caller, query.limit + 1, query.after, query.only
            )
        views = service.views_of(kept)
        page = _page(views, query.limit)
        return page_of([facts.told(view, request) for view in page], len(views) > len(page))

    @router.get(
        "/{job_id}",
        response_class=Response,
        responses=described({200: ("The job", json_of(JobReply))}, 401, 403, 404, 503),
        operation_id="get_job",
    )
    async def get_job(request: Request, job_id: JobId) -> Response:
        """One of your jobs; its pictures as links, once they are done."""
        return JsonReply(facts.told(service.find(job_id, caller_of(request)), request))

    @router.delete(
        "/{job_id}",
        response_class=Response,
        responses=described(
            {200: ("The job, or that it is forgotten", json_of(JobReply, JobGone))},
            400, 401, 403, 404, 503,
        ),
        operation_id="cancel_job",
    )  # fmt: skip
    async def cancel_job(
        request: Request, job_id: JobId, query: Annotated[CancelQuery, Query()]
    ) -> Response:
        """Cancel a job. What has ended stays as it is, or is forgotten if you say so."""
        caller = caller_of(request)
        if query.forget:
            await service.forget(job_id, caller)
            return JsonReply({"id": job_id, "object": "image.job", "deleted": True})
        return JsonReply(facts.told(await service.cancel(job_id, caller), request))

    stream: dict[str, Any] = {"text/event-stream": {}}

    @router.get(
        "/{job_id}/events",
        response_class=Response,
        responses=described({200: ("The events", stream)}, 400, 401, 403, 404, 503),
        operation_id="follow_job",
    )
    async def follow_job(
        request: Request, job_id: JobId, query: Annotated[EventsQuery, Query()]
    ) -> Response:
        """The stream of a job, from wherever it is. Leaving it does not cancel the job."""
        view = service.find(job_id, caller_of(request))
        return follow(facts, view, silence_s, query)

    return router


def follow(
    facts: JobFacts,
    view: JobView,
    silence_s: float,
    query: EventsQuery | None = None,
    who: str | None = None,
) -> EventStream:
    """As the job's request wanted it, but for what `query` says.

    Without a query it is the stream that was asked for with the request: who leaves it cancels.
    """
    query, cancels = query or EventsQuery(), query is None
    partial_images, typed = _wanted(view.brief.asked, query)
    if cancels and view.brief.partial_images is not None:
        partial_images = min(partial_images, view.brief.partial_images)
    reply = facts.reply(view, who)
    headers = places.headers(view.job_id, view.wait)
    if view.live is None:
        return EventStream(_ended(facts.service, view, reply), nullcontext(), headers)
    listener = view.live.listen(cancel_when_left=cancels)
    following = Following(
        view.live, reply, listener, partial_images, typed, silence_s, with_rows=query.rows
    )
    return EventStream(following.chunks(), listener, headers)


def _wanted(asked: Mapping[str, Any], query: EventsQuery) -> tuple[int, bool]:
    """partial_images and smalti_events."""
    partial_images, typed = query.partial_images, query.smalti_events
    return (
        asked.get("partial_images", 0) if partial_images is None else partial_images,
        asked.get("smalti_events", False) if typed is None else typed,
    )


def blobs_of(view: JobView) -> list[str]:
    """The files of a job that has ended. Raises why it has not all of them."""
    _check_succeeded(view)
    return [_blob(view, picture) for picture in view.pictures]


def _blob(view: JobView, picture: PictureView) -> str:
    """Raises NotFound."""
    if picture.blob is None:
        raise NotFound("picture", f"{view.job_id}/{picture.index}")
    return picture.blob


def _check_succeeded(view: JobView) -> None:
    """Raises why a job has nothing to show."""
    if not view.ended:
        raise Unavailable(f"{view.job_id} is being taken up again. Ask in a moment.", 5)
    if view.state == "cancelled":
        raise JobCancelled(view.job_id)
    if view.state == "failed":
        raise DrawingFailed(view.error_message or "The pictures could not be drawn.")


async def _ended(service: Service, view: JobView, reply: Reply) -> AsyncIterator[bytes]:
    """What a job that has ended has to show. Raises why it has nothing."""
    _check_succeeded(view)
    for picture in view.pictures:
        file = await asyncio.to_thread(service.picture, _blob(view, picture))
        yield event(reply.completed(view, picture, file, first=picture.index == 0))
