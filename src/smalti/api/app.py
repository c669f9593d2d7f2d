"""Puts the parts together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from smalti import __version__
from smalti.api.admin import Admin
from smalti.api.admin_policy import AdminPolicy
from smalti.api.auth import Gate
from smalti.api.body import Bodies
from smalti.api.catalogue import health_router, models_router
from smalti.api.console import Console
from smalti.api.country import Countries, Proxied
from smalti.api.crowd import Crowd, Seated
from smalti.api.edge import Edge
from smalti.api.errors import on_http_error, on_smalti_error, on_wrong_query
from smalti.api.guard import Patience
from smalti.api.images import Images
from smalti.api.jobs import JobFacts, jobs_router
from smalti.api.limits import limits_router
from smalti.api.links import Links
from smalti.api.metrics_route import metrics_router
from smalti.api.openapi import describe_truly
from smalti.api.sent import bodies_of
from smalti.config import Settings
from smalti.errors import SmaltiError
from smalti.observe import NO_TRACES, Traces
from smalti.service import Parts, Service
from smalti.service.first_start import local_caller
from smalti.store.addresses import find_or_make_secret


def create_app(
    service: Service, parts: Parts, settings: Settings, traces: Traces = NO_TRACES
) -> FastAPI:
    """The service is started and stopped with the app. parts: those that the service stands on.

    Raises ConfigError or StoreUnavailable.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    crowd = Crowd(settings.max_connections // 2)
    gate = Gate(parts.people, crowd, local_caller(parts.people) if settings.local_mode else None)
    links = Links(
        service,
        find_or_make_secret(settings.data_dir),
        settings.picture_lifetime_s,
        settings.public_url,
    )
    policies = service.policies
    facts = JobFacts(service, links)
    bodies = Bodies(settings.max_body_mb * 1_000_000)
    sent = bodies_of(service.models.values())

    app = FastAPI(
        title="smalti",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Patience, pause_s=settings.body_timeout_s)
    app.add_middleware(Seated, crowd=crowd)
    app.add_middleware(Edge, metrics=service.metrics, traces=traces)
    app.add_middleware(Proxied, networks=settings.trusted_proxies)
    app.state.countries = Countries(settings)
    app.add_exception_handler(SmaltiError, on_smalti_error)
    app.add_exception_handler(RequestValidationError, on_wrong_query)
    app.add_exception_handler(HTTPException, on_http_error)
    for router in (
        Images(service, facts, bodies, settings).router(sent),
        jobs_router(facts, settings.keep_alive_s),
        limits_router(service, bodies, sent["explain_limits"]),
        models_router(service),
    ):
        app.include_router(router, dependencies=[Depends(gate.needs("images"))])
    administrators = gate.needs("admin")
    for admin in (
        Admin(service, policies, parts.jobs).router(),
        AdminPolicy(policies, parts.jobs).router(),
        Console(service, parts.jobs).router(),
    ):
        app.include_router(admin, dependencies=[Depends(administrators)])
    app.include_router(metrics_router(service.metrics, administrators))
    app.include_router(health_router(service))
    app.include_router(links.router())
    app.openapi = describe_truly(app)  # type: ignore[method-assign]
    return app
