"""The web application: whether the process lives, and whether it can do its work.

python -m campaigns.web.app
"""

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns import log
from campaigns.runtime import Runtime
from campaigns.settings import Settings


def application(runtime: Runtime) -> FastAPI:
    """Build the application on opened resources."""
    app = FastAPI(title="Pagecast", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def alive() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def ready() -> JSONResponse:
        """Say whether the database answers and has its tables."""
        try:
            with runtime.reading() as conn:
                conn.execute(text("SELECT count(*) FROM campaign"))
        except SQLAlchemyError as error:
            return JSONResponse({"status": "unavailable", "database": type(error).__name__}, status_code=503)
        return JSONResponse({"status": "ok"})

    return app


def main() -> None:
    """Serve until asked to end."""
    settings = Settings()
    log.configure("web")
    uvicorn.run(application(Runtime.open(settings)), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
