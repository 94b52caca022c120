"""The people who must not be messaged: asked when a plan is made, and again at every claim.

`suppression` holds who they are now, `consent` what was ever said about it. No row of the one changes without a row of
the other: `history` keeps the two equal, `changes` are the verbs of operators and senders, `roll` reads;
`erased` knows people again who must not be named.
"""

from campaigns.suppression.changes import add, add_many, lift, person, suppress, suppress_all
from campaigns.suppression.erased import MARK, is_erased, name_for, name_of, recognised, rename
from campaigns.suppression.history import EVERY_SENDER, PERSONAL, Said, follow
from campaigns.suppression.roll import frame, listed, told

__all__ = [
    "EVERY_SENDER",
    "MARK",
    "PERSONAL",
    "Said",
    "add",
    "add_many",
    "follow",
    "frame",
    "is_erased",
    "lift",
    "listed",
    "name_for",
    "name_of",
    "person",
    "recognised",
    "rename",
    "suppress",
    "suppress_all",
    "told",
]
