"""What happened, and what is happening: one set of functions feeds CLI, API, dashboard and the exported files.

Every function takes an open transaction (`Runtime.reading()`); none changes anything in the database.
"""

from campaigns.report.conservation import equation
from campaigns.report.ending import exit_code
from campaigns.report.explanation import Explanation, explain
from campaigns.report.folder import Written, write
from campaigns.report.person import Person, person
from campaigns.report.remainder import Remainder, remainder
from campaigns.report.standing import status
from campaigns.report.summary import Summary

__all__ = [
    "Explanation",
    "Person",
    "Remainder",
    "Summary",
    "Written",
    "equation",
    "exit_code",
    "explain",
    "person",
    "remainder",
    "status",
    "write",
]
