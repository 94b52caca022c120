"""The web application: what platforms send comes in, and whether the process lives and can do its work.

python -m campaigns.web.app
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns import log
from campaigns.inbox import Inbox
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from campaigns.web.webhooks import Webhooks

_CONNECTIONS = 1_000
"""Whoever comes beyond them gets a 503; platforms come again."""
_KEPT_ALIVE = 30
_GRACE = 10
"""Seconds for requests under way when the process is asked to end."""


def application(runtime: Runtime, environment: Mapping[str, str]) -> FastAPI:
    """Build the application on opened resources; `environment` is where secrets are looked up."""
    inbox = Inbox.of(runtime)
    webhooks = Webhooks(inbox, runtime.settings, environment)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await webhooks.refusals.close()
        inbox.close()

    app = FastAPI(title="Pagecast", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.include_router(webhooks.router)

    @app.get("/healthz")
    def alive() -> dict[str, str]:
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

    return app


def main() -> None:
    """Serve until asked to end."""
    settings = Settings()
    log.configure("web")
    uvicorn.run(
        application(Runtime.open(settings), os.environ),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEPT_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )


if __name__ == "__main__":
    main()
