"""The providers, by name. Adding one is a folder and a line here."""

from campaigns.providers.meta import Meta
from campaigns.providers.orbit import Orbit
from campaigns.providers.protocol import Provider
from schemas.page import ProviderName

PROVIDERS: dict[ProviderName, Provider] = {
    ProviderName.META: Meta(),
    ProviderName.ORBIT: Orbit(),
}
