"""The limits that hold for a caller, and what they would say to a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from smalti.api import places
from smalti.api.auth import caller_of
from smalti.api.body import Bodies
from smalti.api.country import country_of
from smalti.api.denials import denial_body, denial_status, moment, retry_headers
from smalti.api.described import described, json_of
from smalti.api.errors import JsonReply
from smalti.api.images import draw_request, manner_of, no_pictures
from smalti.api.patience import is_detached, patience_of
from smalti.api.schema import GenerationRequest, parse
from smalti.api.shapes import Explanation, LimitsReply
from smalti.control.denial import Denial
from smalti.control.limits import Bound, Limit
from smalti.control.nouns import Admission, Occupancy, Standing
from smalti.control.tiers import Tier
from smalti.service import Service
from smalti.store.identity import Caller

PICTURES, A_JOB = 200, 202
"""Statuses of what is admitted."""

Use = TypeVar("Use", Standing, Occupancy)


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
        caller, region = caller_of(request), country_of(request)
        service.look_at_policy()
        tier = service.tiers[service.tier_of(caller)]
        return JsonReply(
            {
                "object": "limits",
                "user": caller.user.user_id,
                "tier": tier.name,
                "max_running": tier.max_running,
                "max_waiting": tier.max_waiting,
                "promised_wait_s": tier.promised_wait_s,
                "service_tiers": list(tier.services),
                "rungs": list(tier.rungs),
                "models": list(tier.models) or list(service.models),
                "load": round(service.load, 3),
                "limits": windows(service, caller, tier, region),
                "bounds": bounds(service, caller, tier, region),
                "paused": [
                    {"rule": s.rule, "message": s.message, "until": moment(s.until_s)}
                    for s in service.paused(caller, region)
                ],
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
        manner = manner_of(asked, patience_of(request, asked), country_of(request))
        wanted = draw_request(asked, manner=manner)
        status = A_JOB if is_detached(request, asked) else PICTURES
        return JsonReply(explanation(service.explain(wanted, caller_of(request)), status))

    return router


def windows(service: Service, caller: Caller, tier: Tier, region: str) -> list[dict[str, Any]]:
    told = partial(service.standing, caller, region)
    return [window(*one) for one in _with_models(told, _models(service, tier, tier.limits))]


def bounds(service: Service, caller: Caller, tier: Tier, region: str) -> list[dict[str, Any]]:
    told = partial(service.occupancies, caller, region)
    return [bounded(*one) for one in _with_models(told, _models(service, tier, tier.bounds))]


def _models(service: Service, tier: Tier, limits: Sequence[Limit | Bound]) -> Sequence[str]:
    """For which a tier's limits count by themselves."""
    counted = any(limit.scope == "model" for limit in limits)
    return (tier.models or tuple(service.models)) if counted else ()


def _with_models(
    told: Callable[[str], Sequence[Use]], models: Sequence[str]
) -> list[tuple[Use, str | None]]:
    """Those that count for him whatever he asks for, then those of each model."""
    return [(one, None) for one in told("")] + [
        (one, model) for model in models for one in told(model) if one.scope == "model"
    ]


def bounded(its: Occupancy, model: str | None = None) -> dict[str, Any]:
    return {
        "rule": its.rule,
        "model": model,
        "scope": its.scope,
        "counted": its.of.replace(" ", "_"),
        "limit": its.limit,
        "used": its.used,
        "remaining": max(its.limit - its.used, 0),
    }


def window(standing: Standing, model: str | None = None) -> dict[str, Any]:
    """model: that it counts, if it is of one."""
    return {
        "rule": standing.rule,
        "model": model,
        "limit": standing.limit,
        "used": standing.used,
        "remaining": standing.remaining,
        "unit": standing.unit,
        "scope": standing.scope,
        "floor": standing.floor,
        "ceiling": standing.ceiling,
        "burst": standing.burst,
        "reason": standing.reason,
        "window_s": standing.window_s,
        "reset_at": moment(standing.reset_at),
    }


def explanation(outcome: Denial | Admission, status: int) -> dict[str, Any]:
    """status: of the reply if it is admitted."""
    if isinstance(outcome, Denial):
        return {
            "object": "limits.explanation",
            "admitted": False,
            "status": int(denial_status(outcome)),
            "rung": None,
            "service_tier": None,
            "wait": None,
            "denial": denial_body(outcome),
            "headers": retry_headers(outcome, time.time()),
        }
    return {
        "object": "limits.explanation",
        "admitted": True,
        "status": status,
        "rung": outcome.offer.rung,
        "service_tier": outcome.service,
        "wait": places.forecast(outcome.wait),
        "denial": None,
        "headers": {},
    }
