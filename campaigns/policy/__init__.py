"""What the platforms allow, and who may therefore get a message: dated limits, findings, screening."""

from campaigns.policy.condition import condition
from campaigns.policy.findings import findings
from campaigns.policy.screening import screen

__all__ = ["condition", "findings", "screen"]
