"""Graph and Orbit in a box: limits, windows, codes and faults, to try, test and measure a sender against.

`application` is the ASGI application, `serve` puts it on a port, `start` runs it in a child process. It knows
nothing of the product's own providers or tables: what it accepts and answers comes from the platforms' documents
alone.
"""

from campaigns.simulator.app import Simulation, application
from campaigns.simulator.child import Simulator, start
from campaigns.simulator.scenario import Burst, Scenario, load
from campaigns.simulator.scenarios import SCENARIOS, chosen, named
from campaigns.simulator.webhooks import Webhooks

__all__ = [
    "SCENARIOS",
    "Burst",
    "Scenario",
    "Simulation",
    "Simulator",
    "Webhooks",
    "application",
    "chosen",
    "load",
    "named",
    "serve",
    "start",
]


def serve(scenario: Scenario, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until interrupted, see server.serve; imported late, for an application alone needs no server."""
    from campaigns.simulator.server import serve as listen  # noqa: PLC0415 - see above

    listen(scenario, host, port)
