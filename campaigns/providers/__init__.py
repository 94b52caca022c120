"""The providers, by name. Adding one is a folder and a line here."""

from collections.abc import Callable
from datetime import datetime

import httpx

from campaigns.providers.answer import Standing
from campaigns.providers.meta import Meta
from campaigns.providers.meta import probe as meta
from campaigns.providers.meta.webhook import events as meta_events
from campaigns.providers.orbit import Orbit
from campaigns.providers.orbit import probe as orbit
from campaigns.providers.orbit.webhook import events as orbit_events
from campaigns.providers.protocol import Provider, Sender
from schemas.inbound import Inbound
from schemas.page import ProviderName

PROVIDERS: dict[ProviderName, Provider] = {
    ProviderName.META: Meta(),
    ProviderName.ORBIT: Orbit(),
}

PROBES: dict[
    ProviderName,
    tuple[Callable[[Sender], httpx.Request], Callable[[Sender, httpx.Response, datetime], Standing]],
] = {
    ProviderName.META: (meta.probe, meta.standing),
    ProviderName.ORBIT: (orbit.probe, orbit.standing),
}
"""How to ask whether a token is accepted, and what the answer says; both pure."""

EVENTS: dict[ProviderName, Callable[[bytes], list[Inbound]]] = {
    ProviderName.META: meta_events,
    ProviderName.ORBIT: orbit_events,
}
"""What a webhook's body says; pure. Raises UnreadableBody for what is no JSON, and nothing else whatever it holds."""
