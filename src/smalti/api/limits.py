"""The limits that hold for a caller, and what they would say to a request."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from smalti.api import places
from smalti.api.auth import caller_of
from smalti.api.body import Bodies
from smalti.api.denials import denial_body, denial_status, moment, retry_headers
from smalti.api.described import described, json_of
from smalti.api.errors import JsonReply
from smalti.api.images import draw_request, no_pictures
from smalti.api.schema import GenerationRequest, parse
from smalti.api.shapes import Explanation, LimitsReply
from smalti.control.denial import Denial
from smalti.control.nouns import Standing, Wait
from smalti.service import Service

OK = 200


def limits_router(service: Service, bodies: Bodies, described_body: dict[str, Any]) -> APIRouter:
    """described_body: how /openapi.json describes what is explained."""
    router = APIRouter(prefix="/v1/limits")

    @router.get(
        "",
        response_class=Response,
        responses=described({200: ("Your limits", json_of(LimitsReply))}, 401, 403, 503),
        operation_id="get_limits",
    )
    async def limits(request: Request) -> Response:
        """Your limits, and what you used of them."""
        caller = caller_of(request)
        tier = service.tiers[service.tier_of(caller)]
        return JsonReply(
            {
                "object": "limits",
                "user": caller.user.user_id,
                "tier": tier.name,
                "max_running": tier.max_running,
                "max_waiting": tier.max_waiting,
                "limits": [window(standing) for standing in service.standing(caller)],
            }
        )

    @router.post(
        "/explain",
        response_class=Response,
        responses=described(
            {200: ("What would happen", json_of(Explanation))}, 400, 401, 403, 404, 408, 413, 503
        ),
        openapi_extra={"requestBody": described_body},
        operation_id="explain_limits",
    )
    async def explain(request: Request) -> Response:
        """What would happen to a request, the same as for generations; nothing is drawn."""
        async with bodies.read(request) as body:
            asked = parse(GenerationRequest, body)
            no_pictures(body)
        return JsonReply(explanation(service.explain(draw_request(asked), caller_of(request))))

    return router


def window(standing: Standing) -> dict[str, Any]:
    return {
        "rule": standing.rule,
        "limit": standing.limit,
        "used": standing.used,
        "remaining": standing.remaining,
        "unit": "images",
        "window_s": standing.window_s,
        "reset_at": moment(standing.reset_at),
    }


def explanation(outcome: Denial | Wait) -> dict[str, Any]:
    denied = isinstance(outcome, Denial)
    return {
        "object": "limits.explanation",
        "admitted": not denied,
        "status": int(denial_status(outcome)) if isinstance(outcome, Denial) else OK,
        "wait": places.forecast(outcome) if isinstance(outcome, Wait) else None,
        "denial": denial_body(outcome) if isinstance(outcome, Denial) else None,
        "headers": retry_headers(outcome, time.time()) if isinstance(outcome, Denial) else {},
    }
