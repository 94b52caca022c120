"""Nobody is lost: the rows of the file are the rows of the report, and the equation says so."""

from collections.abc import Callable, Mapping

from campaigns.errors import PagecastError
from schemas.delivery import COUNTED
from schemas.status import Status


def as_stored(state: str) -> str:
    """Return a state's own name, in words."""
    return str(state).replace("_", " ")


def equation(status: Status, word: Callable[[str], str] = as_stored) -> str:
    """Return `5,000 rows = 12 rejected + 3 duplicate + …`, all terms that are not zero, in the order of the states.

    `word` names a state. Raises PagecastError where it does not hold: then the ledger is damaged and no report may be
    trusted.
    """
    return adds_up(f"campaign {status.name}", status.total, status.counts, word)


def adds_up(whose: str, total: int, counts: Mapping[str, int], word: Callable[[str], str] = as_stored) -> str:
    """Return the equation of a total and its counts by state, with every key of COUNTED; raises as `equation`."""
    terms = [(word(state), counts[state]) for state in COUNTED]
    shown = " + ".join(f"{n:,} {name}" for name, n in terms if n) or "0"
    rows = f"{total:,} {'row' if total == 1 else 'rows'}"
    if sum(n for _, n in terms) != total:
        raise PagecastError(
            f"The counts of {whose} do not add up: {rows} against {shown}. "
            "Keep the database as it is and restore a backup beside it to compare."
        )
    return f"{rows} = {shown}"
