"""The web application: the dashboard, the API, what platforms send, and whether the process lives and can do its work.

python -m campaigns.web.app
"""

import ipaddress
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
import uvicorn
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from campaigns import keys, links, log
from campaigns.errors import PagecastError, StateError
from campaigns.inbox import Inbox
from campaigns.listening import refuse_taken
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from campaigns.web import metrics
from campaigns.web.api.app import api
from campaigns.web.api.desk import AT_ONCE
from campaigns.web.api.door import Attempts, Door
from campaigns.web.api.envelope import failed
from campaigns.web.dashboard.app import alive, dashboard
from campaigns.web.login import Login
from campaigns.web.passes import Passes
from campaigns.web.pulse import Pulse
from campaigns.web.server import Server
from campaigns.web.shield import Shield
from campaigns.web.webhooks import Webhooks
from schemas.api_key import Role

_CONNECTIONS = 1_000
"""Whoever comes beyond them gets a 503; platforms come again."""
_KEPT_ALIVE = 30
_GRACE = 10
"""Seconds for requests under way when the process is asked to end."""

logger = structlog.get_logger(__name__)


def application(runtime: Runtime, environment: Mapping[str, str]) -> FastAPI:
    """Build the application on opened resources; `environment` is where secrets are looked up."""
    inbox = Inbox.of(runtime)
    pulse = Pulse(runtime)
    webhooks = Webhooks(inbox, runtime.settings, environment)
    passes, attempts, heavy = Passes(runtime), Attempts(), CapacityLimiter(AT_ONCE)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async with alive():
            yield
        pulse.end()
        await webhooks.refusals.close()
        inbox.close()

    app = FastAPI(title="Pagecast", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.include_router(webhooks.router)
    app.router.routes.append(metrics.route(runtime, inbox, attempts))
    app.state.pulse = pulse
    app.mount("/api/v1", api(runtime, environment, attempts, pulse, heavy))
    # Not the dashboard's: a program whose address is wrong is told so, and not shown the way to the login.
    app.mount("/api", Door(_nothing, runtime, attempts))
    app.include_router(Login(runtime, passes, attempts).router)

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def ready() -> JSONResponse:
        """Say whether the database and the inbox answer and have their tables."""
        try:
            with runtime.reading() as conn:
                conn.execute(text("SELECT count(*) FROM campaign"))
            inbox.waiting(0)
        except SQLAlchemyError as error:
            return JSONResponse({"status": "unavailable", "database": type(error).__name__}, status_code=503)
        return JSONResponse({"status": "ok"})

    # Last: it answers every path that is left.
    app.mount("/", dashboard(runtime, environment, passes, pulse, heavy))
    app.add_middleware(Shield)
    return app


def refuse_open_doors(runtime: Runtime, host: str) -> None:
    """Raise StateError where others could reach the API while there is no key to tell them apart."""
    if _is_loopback(host):
        return
    try:
        with runtime.reading() as conn:
            closed = keys.any_live(conn, now_of(conn))
    except SQLAlchemyError:
        # Not migrated: there is no key either.
        closed = False
    if not closed:
        raise StateError(
            f"PAGECAST_HOST is {host}, where other machines can reach the API, and there is no key to it yet. Make one "
            "with `pagecast keys create NAME --role ROLE`, or leave PAGECAST_HOST at 127.0.0.1."
        )


def first_link(runtime: Runtime) -> str:
    """Return a link for the first login, '' where there is a key to log in with, or no database yet."""
    try:
        with runtime.writing() as conn:
            now = now_of(conn)
            if keys.any_live(conn, now):
                return ""
            word = links.create(conn, Role.ADMIN, now=now, actor="first start")
    except SQLAlchemyError:
        return ""
    return f"{runtime.settings.url}/login?once={word}"


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await failed(404, "not_found", "There is nothing at this address. The API is at /api/v1.")(scope, receive, send)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def main() -> None:
    """Serve until asked to end."""
    settings = Settings()
    log.configure("web")
    runtime = Runtime.open(settings)
    try:
        refuse_open_doors(runtime, settings.host)
        refuse_taken(settings.host, settings.port)
    except PagecastError as error:
        logger.error("web.refused", sentence=str(error))  # noqa: TRY400 - the sentence is for people
        raise SystemExit(error.exit_code) from None
    if link := first_link(runtime):
        # Not by the log: a link is a secret for as long as it works.
        sys.stderr.write(f"Open {link}\nIt works once, for 15 minutes; `pagecast keys link` makes another.\n")
        sys.stderr.flush()
    site = application(runtime, os.environ)
    config = uvicorn.Config(
        site,
        host=settings.host,
        port=settings.port,
        log_config=None,  # the server's lines are redacted and shaped as ours are
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEPT_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    Server(config, site.state.pulse).serve_until_asked()


if __name__ == "__main__":
    main()
