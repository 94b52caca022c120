"""How Redis is, as one line of JSON, for the doctor: `{"version", "bundled", "warnings"}` or `{"problem"}`.

    python -m workers.doctor

The bundled server is started for the look if nobody uses it, and stopped again.
"""

import json
import sys

from redis import Redis

from campaigns.errors import PagecastError
from campaigns.settings import Settings
from workers import embedded


def look(settings: Settings) -> dict[str, object]:
    """Return what the doctor prints; no address in it, which may hold a password. Raises PagecastError."""
    server = embedded.of(settings)
    try:
        return _about(server.url if server else str(settings.redis_url), bundled=server is not None)
    finally:
        if server:
            server.release()


def _about(url: str, *, bundled: bool) -> dict[str, object]:
    warnings = embedded.verify(url)
    with Redis.from_url(url) as client:
        about = client.info("server")
    version = about.get("valkey_version", about["redis_version"])
    return {"version": str(version), "bundled": bundled, "warnings": warnings}


def main() -> None:
    """Look, and print."""
    try:
        found = look(Settings())
    except PagecastError as error:
        found = {"problem": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
