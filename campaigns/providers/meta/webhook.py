"""Meta's webhooks: who is allowed to call, and what a body says."""

from campaigns.providers.meta.entries import events
from campaigns.providers.meta.signature import challenge, verified

__all__ = ["challenge", "events", "verified"]
