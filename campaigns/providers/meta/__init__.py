"""Meta's Graph API: Messenger, and Instagram by either login."""

from campaigns.providers.meta.provider import Meta

__all__ = ["Meta"]
