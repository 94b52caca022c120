"""The web server, which ends what would never end by itself."""

import socket
import sys
from contextlib import suppress

import uvicorn

from campaigns.web.pulse import Pulse

_NOT_STARTED = 3
"""The exit code of uvicorn's own command."""


class Server(uvicorn.Server):
    """Ends all streams before it waits for the requests under way: they would hold the process for its whole grace."""

    def __init__(self, config: uvicorn.Config, pulse: Pulse) -> None:
        super().__init__(config)
        self._pulse = pulse

    def serve_until_asked(self) -> None:
        """Serve until asked to end; raises SystemExit where it cannot begin."""
        with suppress(KeyboardInterrupt):
            self.run()
        if not self.started:
            sys.exit(_NOT_STARTED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the streams, then take leave as uvicorn does."""
        self._pulse.end()
        await super().shutdown(sockets)
