"""The API as one application, to be mounted at /api/v1."""

from collections.abc import Mapping
from copy import deepcopy
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter
from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader
from starlette.middleware import Middleware

from campaigns.runtime import Runtime
from campaigns.web.api import (
    audit,
    campaigns,
    contacts,
    exports,
    imports,
    inbound,
    jobs,
    keys,
    lists,
    me,
    pages,
    people,
    pieces,
    progress,
    reports,
    several,
    suppressions,
    testers,
    verbs,
    webhooks,
)
from campaigns.web.api.desk import AT_ONCE
from campaigns.web.api.door import Attempts, Door
from campaigns.web.api.faults import DOCUMENTED, TOO_LARGE, answer_errors
from campaigns.web.api.once import Once
from campaigns.web.api.specimens import exemplify
from campaigns.web.pulse import Pulse

_RESOURCES = (
    me,
    pieces,
    lists,
    campaigns,
    progress,
    verbs,
    reports,
    several,
    people,
    pages,
    testers,
    suppressions,
    contacts,
    exports,
    imports,
    inbound,
    jobs,
    webhooks,
    audit,
    keys,
)
_DESCRIPTION = """
Everything that the command line does, for programs.

Give your key in the header `X-API-Key`; `x-right` of each operation names the right that its role must have.
Answers are `{"data": …, "meta": {"request_id", "timestamp"}}`, errors `{"error": {"code", "message", "status",
"details"}, "meta": …}`. Lists come in pages: `limit` (at most 100) and `cursor`, which `meta.pagination` gives.

What takes long is answered with 202 and a job: look at `GET /jobs/{job_id}` until it is `done` or `failed`. `Prefer:
wait=30` waits for it, `Prefer: respond-async` makes a job of anything that may become one.

Give a POST an `Idempotency-Key`, and it is done once: for a day, the same request under the same word gets the first
one's answer. An answer that says that nothing was done (404, 422) uses no word up.
"""
# The door has looked at it already: this is for the documentation.
_KEY = Security(APIKeyHeader(name="X-API-Key", auto_error=False))


class Api(FastAPI):
    """The application, whose documentation has an example of every body and answer."""

    def openapi(self) -> dict[str, Any]:
        """Return the documentation."""
        if self.openapi_schema is None:
            document = super().openapi()
            for operations in document["paths"].values():
                for method in operations.keys() & {"post", "patch"}:
                    operations[method]["responses"]["413"] = deepcopy(TOO_LARGE)
            exemplify(document)
        return super().openapi()


def api(
    runtime: Runtime,
    environment: Mapping[str, str],
    attempts: Attempts | None = None,
    pulse: Pulse | None = None,
    heavy: CapacityLimiter | None = None,
) -> FastAPI:
    """Build the API on opened resources; `environment` is where secrets are looked up.

    What it shares with the rest of the process is given: who tries keys, who watches, and work that takes a core.
    """
    app = Api(
        title="Pagecast",
        version=version("pagecast"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        responses=DOCUMENTED,
        dependencies=[_KEY],
        generate_unique_id_function=lambda route: f"{route.tags[0]}_{route.name}" if route.tags else route.name,
        middleware=[Middleware(Door, runtime, attempts), Middleware(Once, runtime)],
    )
    app.state.runtime = runtime
    app.state.environment = environment
    app.state.pulse = pulse or Pulse(runtime)
    app.state.heavy = heavy or CapacityLimiter(AT_ONCE)
    answer_errors(app)
    for resource in _RESOURCES:
        app.include_router(resource.router)
    return app
