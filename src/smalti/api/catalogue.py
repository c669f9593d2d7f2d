"""GET /v1/models, and whether the server is well."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from smalti.api.described import described, json_of
from smalti.api.errors import JsonReply
from smalti.api.shapes import Health, ModelPage, ModelReply, Readiness
from smalti.models.facts import BEST, ModelFacts
from smalti.service import Service


def models_router(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1/models")

    @router.get(
        "",
        response_class=Response,
        responses=described({200: ("The models", json_of(ModelPage))}, 401, 403, 503),
        operation_id="list_models",
    )
    async def list_models() -> Response:
        """The models that this server draws with."""
        return JsonReply(
            {"object": "list", "data": [describe(model) for model in service.models.values()]}
        )

    @router.get(
        "/{name}",
        response_class=Response,
        responses=described({200: ("The model", json_of(ModelReply))}, 401, 403, 404, 503),
        operation_id="get_model",
    )
    async def get_model(name: str) -> Response:
        """One model."""
        return JsonReply(describe(service.model(name)))

    return router


def describe(model: ModelFacts) -> dict[str, Any]:
    """A model in OpenAI's form, with what else there is to know under `smalti`."""
    sizes = {
        quality: ["x".join(map(str, model.pixels(grid))) for grid in grids]
        for quality, grids in model.qualities.items()
    }
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": "smalti",
        "smalti": {
            "summary": model.summary,
            "native_sizes": sizes[BEST],
            "qualities": sizes,
            "ladder": dict(model.rung_facts) or None,
            "styles": list(model.styles),
            "tile_px": model.tile_px,
            "source_pictures": model.sources,
            "prompt_bytes": model.prompt_bytes,
        },
    }


def health_router(service: Service) -> APIRouter:
    """A probe may ask with HEAD: `wget --spider` does, and many that watch from outside."""
    router = APIRouter()

    @router.head("/healthz", include_in_schema=False)
    @router.get(
        "/healthz",
        response_class=Response,
        responses=described({200: ("It answers", json_of(Health))}),
        operation_id="health",
    )
    async def healthz() -> Response:
        """The process answers."""
        return JsonReply({"status": "ok"})

    ready = json_of(Readiness)

    @router.head("/readyz", include_in_schema=False)
    @router.get(
        "/readyz",
        response_class=Response,
        responses=described({200: ("It can draw", ready), 503: ("It cannot, yet or now", ready)}),
        operation_id="readiness",
    )
    async def readyz() -> Response:
        """A worker can draw."""
        status = "ready" if service.ready else "failed" if service.failure else "starting"
        body = {
            "status": status,
            "reason": service.failure,
            "waiting": service.waiting,
            "devices": [asdict(device) for device in service.devices()],
        }
        return JsonReply(body, status_code=200 if service.ready else 503)

    return router
