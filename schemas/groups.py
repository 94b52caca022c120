"""A campaign with a hold-out: who was sent to beside who was not."""

from pydantic import BaseModel


class Group(BaseModel):
    """How many `people` a group has, and how many of them wrote or tapped, and opted out, in its days."""

    people: int = 0
    wrote: int = 0
    opted_out: int = 0

    @property
    def rate(self) -> float | None:
        """The share that wrote, 0 to 1."""
        return self.wrote / self.people if self.people else None


class Groups(BaseModel):
    """The two groups of a campaign with a hold-out."""

    sent: Group
    held_out: Group
