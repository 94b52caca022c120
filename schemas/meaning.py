"""What a reason means to people, also where a list's own rule gave it."""

from dataclasses import dataclass

from schemas.reason import Reason, Stage, about


@dataclass(frozen=True, slots=True)
class Meaning:
    """The stage that gave a reason, and two sentences: what it is, and what to do."""

    stage: str
    sentence: str
    next_step: str


def meaning(reason: str) -> Meaning:
    """Return what `reason` means; a rule that is no Reason was broken by a row of the list."""
    if reason in Reason.__members__.values():
        found = about(Reason(reason))
        return Meaning(found.stage.value, found.sentence, found.next_step)
    rule = reason.replace("_", " ")
    return Meaning(Stage.LIST.value, f"The row breaks the list's rule: {rule}.", "Correct the row in the list.")
