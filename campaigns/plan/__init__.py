"""What will happen before it happens: turns, chunks, counts, the forecast, and the token that binds a launch to it."""

from campaigns.plan.division import Division, Outlook, chunk_size, divide
from campaigns.plan.forecast import forecast, token

__all__ = ["Division", "Outlook", "chunk_size", "divide", "forecast", "token"]
