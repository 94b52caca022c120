"""Whether the web can listen at its address."""

import errno
import socket

from campaigns.errors import StateError

_SAID = {
    errno.EADDRINUSE: "is in use by another program. Stop that, or choose another port with PAGECAST_PORT.",
    errno.EACCES: "needs rights that this user lacks. Choose a port above 1023 with PAGECAST_PORT.",
}


def refuse_taken(host: str, port: int) -> None:
    """Raise StateError where nothing can listen at an address; port 0, any that is free, always can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # A port that was ours a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            said = _SAID.get(error.errno or 0, "is no address of this machine. Correct PAGECAST_HOST.")
            raise StateError(f"The web cannot begin: port {port} of {host} {said}") from None
