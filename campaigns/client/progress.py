"""How a campaign goes, from its event stream: read as it comes, and taken up where it broke off."""

from collections.abc import Iterator

from campaigns.client.call import Call
from campaigns.client.calls import campaigns
from schemas.api.campaigns import Standing
from schemas.campaign_state import OVER

AGAIN_S = 1.0
"""Between two looks, where there is no stream; and before a stream that broke off is asked for again."""


class Progress:
    """What is known of a campaign that somebody watches; `over` once nothing follows."""

    def __init__(self, ref: str) -> None:
        self._ref = ref
        self._rest = b""
        self._fields: dict[str, str] = {}
        self._last_id = ""
        self._latest: Standing | None = None
        self.over = False

    def call(self) -> Call[Standing]:
        """Return what opens the stream, from the last event on; what was read of half an event is forgotten."""
        self._rest, self._fields = b"", {}
        return campaigns.progress(self._ref, self._last_id)

    def look(self) -> Call[Standing]:
        """Return what asks once, where there is no stream."""
        return campaigns.status(self._ref)

    def read(self, part: bytes) -> Iterator[Standing]:
        """Yield what a part of the stream tells; events may begin and end anywhere in it."""
        # Not splitlines(): a name may hold what Unicode calls a line's end.
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            if event := self._line(line.decode().removesuffix("\r")):
                yield event

    def seen(self, standing: Standing) -> Iterator[Standing]:
        """Yield what a look saw, if it is new."""
        if standing != self._latest:
            yield self._told(standing)
        self.over = standing.state in OVER and not standing.in_flight

    def _line(self, line: str) -> Standing | None:
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        self._last_id = fields.get("id", self._last_id)
        self.over = fields.get("event") == "end"
        if fields.get("event") not in {"status", "end"} or "data" not in fields:
            return None
        standing = Standing.model_validate_json(fields["data"])
        return self._told(standing) if standing != self._latest else None

    def _told(self, standing: Standing) -> Standing:
        self._latest = standing
        return standing
