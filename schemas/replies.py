"""What came back to a campaign, in numbers."""

from pydantic import BaseModel


class Button(BaseModel):
    """A quick reply or button, and how many people tapped it; `offered` tells whether it is one of this message's."""

    title: str
    payload: str
    people: int
    offered: bool


class Response(BaseModel):
    """How many people did what, of one page, one variant, or all.

    `delivery_known` of the accepted are on a channel that tells of deliveries; `delivered` is None where none is.
    `replied` counts those accepted who answered, `rate` is its share of them (0 to 1), `median_seconds` the time from
    acceptance to a first answer. Somebody may have both `wrote` and `tapped`; `opted_out` did so by such an answer.
    """

    accepted: int = 0
    delivery_known: int = 0
    delivered: int | None = None
    read: int = 0
    replied: int = 0
    rate: float | None = None
    median_seconds: float | None = None
    wrote: int = 0
    tapped: int = 0
    opted_out: int = 0


class Replies(Response):
    """What came back in all, and by page and variant.

    `doubtful` people answered although it is not proven that the message went out. `buttons` are the most frequent.
    """

    doubtful: int = 0
    buttons: list[Button] = []
    pages: dict[str, Response] = {}
    variants: dict[str, Response] = {}

    @property
    def silent(self) -> bool:
        """Whether neither a receipt nor an answer came back."""
        return not (self.read or self.delivered or self.replied or self.doubtful or self.wrote or self.tapped)
