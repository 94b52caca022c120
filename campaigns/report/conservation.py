"""Nobody is lost: the rows of the file are the rows of the report, and the equation says so."""

from collections.abc import Mapping

from campaigns.errors import PagecastError
from schemas.delivery import COUNTED
from schemas.status import Status


def equation(status: Status) -> str:
    """Return `5,000 rows = 12 rejected + 3 duplicate + …`, all terms that are not zero, in the order of the states.

    Raises PagecastError where it does not hold: then the ledger is damaged and no report may be trusted.
    """
    return adds_up(f"campaign {status.name}", status.total, status.counts)


def adds_up(whose: str, total: int, counts: Mapping[str, int]) -> str:
    """Return the equation of a total and its counts by state, with every key of COUNTED; raises as `equation`."""
    terms = [(str(state).replace("_", " "), counts[state]) for state in COUNTED]
    shown = " + ".join(f"{n:,} {name}" for name, n in terms if n) or "0"
    rows = f"{total:,} {'row' if total == 1 else 'rows'}"
    if sum(n for _, n in terms) != total:
        raise PagecastError(
            f"The counts of {whose} do not add up: {rows} against {shown}. "
            "Keep the database as it is and restore a backup beside it to compare."
        )
    return f"{rows} = {shown}"
