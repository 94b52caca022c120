"""Lists that came in by upload, on disk until campaigns are made of them; a week later they are gone.

Each is a folder named by the hash of the file's bytes, so the same file sent twice is one list: the file itself, and
once it is read, what it was read as and what there is to say about it.

incoming  a file that arrives in one go
partial   a file that arrives piece by piece, and goes on where it broke off
stored    what is there: found, read, forgotten
"""

from campaigns.uploads.incoming import Incoming, incoming, prepared, refuse_full
from campaigns.uploads.stored import (
    Upload,
    asking,
    find,
    folder,
    forget_naming,
    id_of,
    is_of_use,
    is_there,
    latest,
    look,
    parquet,
    read,
    rejects,
)

__all__ = [
    "Incoming",
    "Upload",
    "asking",
    "find",
    "folder",
    "forget_naming",
    "id_of",
    "incoming",
    "is_of_use",
    "is_there",
    "latest",
    "look",
    "parquet",
    "prepared",
    "read",
    "refuse_full",
    "rejects",
]
