"""A campaign as its screen sees it at one moment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from campaigns.campaign_file import zone_of
from campaigns.lifecycle import find
from campaigns.report.lanes import lanes
from campaigns.runtime import now_of
from campaigns.web import pulse
from campaigns.web.dashboard import moments
from campaigns.web.dashboard.session import Session
from schemas.api.campaigns import Standing
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.page import Channel

_COMMANDS = (
    (re.compile(r"run `pagecast pages resume ([^`]+)`"), r"resume page \1"),
    (re.compile(r"`pagecast pages resume ([^`]+)`"), r"resume page \1"),
    (re.compile(r"`pagecast resume [^`]+` goes on with"), "go on with"),
    (re.compile(r"`pagecast resume [^`]+` sends"), "Resume sends"),
    (re.compile(r"`pagecast cancel [^`]+` ends"), "Cancel ends"),
    (re.compile(r"`pagecast resume [^`]+`"), "Resume"),
    (re.compile(r"\b(?:key|cli):(?=\S)"), ""),
)
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Seen:
    """`channels` are those of the campaign's pages by name; `now` is epoch ms; `rows` are those of its list."""

    campaign: Campaign
    file: CampaignFile
    standing: Standing
    channels: Mapping[str, Channel]
    rows: int
    now: int

    @property
    def ref(self) -> str:
        """The campaign's id, as people say it."""
        return self.campaign.ref

    @property
    def state(self) -> CampaignState:
        """Where it stands."""
        return self.standing.state

    @property
    def zone(self) -> ZoneInfo:
        """Whose clock its times are shown by."""
        return zone_of(self.file.schedule) or moments.UTC

    @property
    def platform(self) -> str:
        """Who accepts the messages: `Instagram`, `Messenger`, or `the platforms`."""
        names = sorted({channel.title() for channel in self.channels.values()})
        return names[0] if len(names) == 1 else "the platforms"

    @property
    def receipts(self) -> bool:
        """Whether one of its channels tells of deliveries."""
        return any(channel is not Channel.INSTAGRAM for channel in self.channels.values())

    def stamp(self, ms: int) -> str:
        """Return a moment by the campaign's clock, with the zone."""
        return moments.stamp(ms, self.zone)

    def exactly(self, ms: int) -> str:
        """Return a moment to the second."""
        local = datetime.fromtimestamp(ms / 1000, self.zone)
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} {self.zone.key}"


def look(session: Session, ref: str) -> Seen:
    """Look at a campaign; asks the database. Raises NotFoundError."""
    with session.runtime.reading() as conn:
        found, now = find.exactly(conn, ref), now_of(conn)
        rows, channels = find.rows(conn, found), _channels(conn, found, now)
    standing = pulse.standing(session.runtime, found.id or 0)
    return Seen(found, CampaignFile.model_validate_json(found.spec), standing, channels, rows, now)


def spoken(sentence: str) -> str:
    """Return a sentence for people who have buttons: without the commands of the command line."""
    for command, words in _COMMANDS:
        sentence = command.sub(words, sentence)
    return _QUOTED.sub(r"“\1”", sentence)


def _channels(conn: Connection, found: Campaign, now: int) -> Mapping[str, Channel]:
    return {lane.name: Channel(lane.channel) for lane in lanes(conn, found.id or 0, now)}
