"""Orbit's webhooks: who is allowed to call, and what a body says."""

from campaigns.providers.orbit.notices import events
from campaigns.providers.orbit.signature import Scheme, verified

__all__ = ["Scheme", "events", "verified"]
