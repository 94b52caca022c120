"""Devotel Orbit: Instagram and Messenger through one API key."""

from campaigns.providers.orbit.provider import Orbit

__all__ = ["Orbit"]
