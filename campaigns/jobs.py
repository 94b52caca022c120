"""The table of long work: asked for by the web, taken by `workers.jobs`, and answered from here for a week.

A job belongs to whoever took it for `LEASE_MS`, and longer as often as they renew it. It may be done twice where its
worker was only slow, but is settled once: by whoever has it then.
"""

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from campaigns import locks
from campaigns.errors import NotFoundError, StateError
from schemas.api.envelope import Fault
from schemas.api_key import ApiKey, Role
from schemas.job import Job, JobKind

LEASE_MS = 30_000
TRIES = 3
WEEK_MS = 7 * 86_400_000
MOST_OPEN = 50
"""How many jobs of one key may wait or be worked on."""
FILES = 3
NEWEST = 1 << 62
"""A `before` that leaves nothing out."""
_AGAIN_MS = 1_000
"""A job whose process ended waits so long, times its tries: what was in its way may be gone by then."""
_DAY_S = 86_400
_REF_BYTES = 12

_OPEN = "state IN ('queued', 'working')"
_ASK = text("""
    INSERT INTO job (ref, kind, arguments, key_id, actor, state, owner, lease_until, tries, created_at)
    VALUES (:ref, :kind, :arguments, :key_id, :actor, 'queued', '', 0, 0, :now)
""")
_SAME = text(f"""
    SELECT * FROM job WHERE {_OPEN} AND key_id = :key_id AND kind = :kind AND arguments = :arguments ORDER BY id LIMIT 1
""")  # noqa: S608 - words of our own
_COUNT_OPEN = text(f"SELECT count(*) FROM job WHERE {_OPEN} AND key_id = :key_id")  # noqa: S608 - words of our own
_BY_REF = text("SELECT * FROM job WHERE ref = :ref")
_LISTED = text("""
    SELECT * FROM job WHERE id < :before AND (:key_id = 0 OR key_id = :key_id) ORDER BY id DESC LIMIT :most
""")
_BEFORE = text("SELECT count(*) FROM job WHERE state = 'queued' AND id < :id")
_FREE = f"{_OPEN} AND lease_until <= :now"
_WAITING = text(f"SELECT 1 FROM job WHERE {_FREE} LIMIT 1")  # noqa: S608 - words of our own
_NEXT = text(f"SELECT * FROM job WHERE {_FREE} ORDER BY id LIMIT 1")  # noqa: S608 - words of our own
_TAKE = text(f"""
    UPDATE job SET state = 'working', owner = :owner, lease_until = :until, tries = tries + 1,
        started_at = COALESCE(started_at, :now)
    WHERE id = :id AND {_FREE}
""")  # noqa: S608 - words of our own
_MINE = "ref = :ref AND owner = :owner AND state = 'working'"
_HELD = text(f"SELECT * FROM job WHERE {_MINE}")  # noqa: S608 - words of our own
_RENEW = text(f"UPDATE job SET lease_until = :until WHERE {_MINE}")  # noqa: S608 - words of our own
_RETURN = text(f"""
    UPDATE job SET state = 'queued', owner = '', lease_until = :after, tries = :tries WHERE {_MINE}
""")  # noqa: S608 - words of our own
_RETURN_ALL = text("""
    UPDATE job SET state = 'queued', owner = '', lease_until = 0 WHERE state = 'working' AND owner LIKE :whose
""")
_SETTLE = text(f"""
    UPDATE job SET state = :state, owner = '', finished_at = :now, result = :result, file = :file, error = :error,
        arguments = CASE WHEN kind = 'list' THEN '{{}}' ELSE arguments END
    WHERE {_MINE}
""")  # noqa: S608 - words of our own
# Whoever asks for a large file every minute would fill the disk.
_SUPERSEDE = text("""
    DELETE FROM job WHERE id IN (
        SELECT other.id FROM job JOIN job AS other ON other.key_id = job.key_id AND other.kind = job.kind
            AND other.arguments = job.arguments AND other.state = 'done' AND other.file IS NOT NULL
        WHERE job.ref = :ref ORDER BY other.id DESC LIMIT 1000 OFFSET :kept
    )
""")
_CALL_OFF = text(f"""
    UPDATE job SET state = 'failed', owner = '', arguments = '{{}}', finished_at = :now, error = :error WHERE {_OPEN}
""")  # noqa: S608 - words of our own
_FORGET_OLD = text("DELETE FROM job WHERE state <> 'working' AND COALESCE(finished_at, created_at) < :before")
_FORGET_NAMING = text("""
    DELETE FROM job WHERE state <> 'working' AND (file IS NOT NULL OR result LIKE '%' || :person || '%'
        OR error LIKE '%' || :person || '%' OR arguments LIKE '%' || :person || '%')
""")
# What is being made now may name the person still: it is made again.
_REFS = text("SELECT ref FROM job")
_ANEW = text("UPDATE job SET state = 'queued', owner = '', lease_until = 0, tries = 0 WHERE state = 'working'")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done, and for which API key; `arguments` can be JSON."""

    kind: JobKind
    arguments: Mapping[str, Any]
    key_id: int
    actor: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: with a document (JSON), a file's name in the job's folder, or a fault."""

    result: str | None = None
    file: str | None = None
    fault: Fault | None = None


def ask(conn: Connection, asked: Asked, now: int) -> Job:
    """Put work into the table, and return it; what the same key has asked for and is not done yet is the same job.

    `now` in epoch milliseconds. Raises StateError for a key that has too many.
    """
    locks.turn(conn, f"jobs of {asked.key_id}")
    facts = {
        "key_id": asked.key_id,
        "kind": asked.kind.value,
        "arguments": json.dumps(asked.arguments, sort_keys=True),
    }
    if same := conn.execute(_SAME, facts).mappings().first():
        return _job(same)
    if conn.execute(_COUNT_OPEN, facts).scalar_one() >= MOST_OPEN:
        raise StateError(f"{MOST_OPEN} jobs of this key are not done yet. Wait until some are, and ask again.")
    ref = f"job_{secrets.token_hex(_REF_BYTES)}"
    conn.execute(_ASK, facts | {"ref": ref, "actor": asked.actor, "now": now})
    return find(conn, ref)


def find(conn: Connection, ref: str) -> Job:
    """Return a job; raises NotFoundError."""
    row = conn.execute(_BY_REF, {"ref": ref}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {ref}. Jobs stay for a week; ask for the same once more.")
    return _job(row)


def seen_by(conn: Connection, ref: str, key: ApiKey) -> Job:
    """Return a job that the key may see; raises NotFoundError."""
    found = find(conn, ref)
    if found.key_id != key.id and not sees_all(key):
        raise NotFoundError(f"There is no job {ref} of yours. Jobs are seen by who asked for them, and by admins.")
    return found


def sees_all(key: ApiKey) -> bool:
    """Whether a key sees the jobs of others, and their files: what it may do is not limited."""
    return key.role is Role.ADMIN and not key.scopes


def listed(conn: Connection, key_id: int | None, before: int, most: int) -> Sequence[Job]:
    """Return jobs of one key, or of all, the newest first; only those whose row is before `before`."""
    facts = {"key_id": key_id or 0, "before": before, "most": most}
    return [_job(row) for row in conn.execute(_LISTED, facts).mappings()]


def before(conn: Connection, job: Job) -> int:
    """Return how many jobs have their turn before a queued one."""
    return int(conn.execute(_BEFORE, {"id": job.id}).scalar_one())


def waiting(conn: Connection, now: int) -> bool:
    """Whether there is something to take; costs nothing."""
    return conn.execute(_WAITING, {"now": now}).first() is not None


def take(conn: Connection, owner: str, now: int) -> Job | None:
    """Take the oldest job that nobody has; None where there is none.

    One that was tried TRIES times fails here: whatever works on it dies of it.
    """
    while row := conn.execute(_NEXT, {"now": now}).mappings().first():
        if not conn.execute(_TAKE, {"id": row["id"], "owner": owner, "now": now, "until": now + LEASE_MS}).rowcount:
            return None
        if row["tries"] < TRIES:
            return find(conn, row["ref"])
        settle(conn, row["ref"], owner, Outcome(fault=_given_up()), now)
    return None


def held(conn: Connection, ref: str, owner: str) -> Job | None:
    """Return a job that its owner still has."""
    row = conn.execute(_HELD, {"ref": ref, "owner": owner}).mappings().one_or_none()
    return _job(row) if row else None


def renew(conn: Connection, ref: str, owner: str, now: int) -> bool:
    """Keep a job for another while; False where it is its owner's no more."""
    return conn.execute(_RENEW, {"ref": ref, "owner": owner, "until": now + LEASE_MS}).rowcount > 0


def give_back(conn: Connection, job: Job, owner: str, now: int, *, counts: bool) -> None:
    """Let it be taken again; `counts` where it was a try."""
    after = now + _AGAIN_MS * job.tries if counts else 0
    tries = job.tries if counts else job.tries - 1
    conn.execute(_RETURN, {"ref": job.ref, "owner": owner, "after": after, "tries": tries})


def give_back_all(conn: Connection, whose: str) -> int:
    """Let be taken again what owners had whose names begin so; they are known to be dead. Return how many."""
    return conn.execute(_RETURN_ALL, {"whose": f"{whose}%"}).rowcount


def settle(conn: Connection, ref: str, owner: str, outcome: Outcome, now: int) -> bool:
    """Say how a job ended; False where it is its owner's no more, and nothing is said then.

    Of the jobs with a file that one key has asked for in the same words, the last FILES stay.
    """
    facts = {
        "state": "failed" if outcome.fault else "done",
        "result": outcome.result,
        "file": outcome.file,
        "error": outcome.fault.model_dump_json() if outcome.fault else None,
    }
    settled = conn.execute(_SETTLE, facts | {"ref": ref, "owner": owner, "now": now}).rowcount > 0
    if settled and outcome.file:
        conn.execute(_SUPERSEDE, {"ref": ref, "kept": FILES})
    return settled


def folder(storage: Path, ref: str) -> Path:
    """Return where the file of a job is."""
    return storage / "jobs" / ref


def call_off(conn: Connection, sentence: str, now: int) -> None:
    """Fail every job that is not done, with a sentence for who asked: what they saw then may be otherwise now."""
    error = Fault(code="conflict", message=sentence, status=409).model_dump_json()
    conn.execute(_CALL_OFF, {"error": error, "now": now})


def forget_old(conn: Connection, now: int) -> int:
    """Forget the jobs that ended, or were asked for, more than a week ago; return how many."""
    return conn.execute(_FORGET_OLD, {"before": now - WEEK_MS}).rowcount


def sweep(conn: Connection, storage: Path, now: int) -> None:
    """Remove the files of jobs that are forgotten, and what was being made a day ago by a process that died."""
    # Looked for before the table is: a job that comes in between is in both.
    found = list(storage.glob("jobs/*"))
    known = set(conn.execute(_REFS).scalars())
    for at in found:
        being_made = at.name.startswith(".")
        if _is_old(at, now) if being_made else at.name not in known:
            shutil.rmtree(at, ignore_errors=True)


def forget_naming(conn: Connection, recipient_id: str) -> int:
    """Forget the jobs that name a person, and every one with a file; return how many. `sweep` removes the files.

    What is being worked on begins anew.
    """
    conn.execute(_ANEW)
    return conn.execute(_FORGET_NAMING, {"person": recipient_id}).rowcount


def _is_old(at: Path, now: int) -> bool:
    try:
        return now / 1000 - at.stat().st_mtime > _DAY_S
    except FileNotFoundError:
        return False


def _given_up() -> Fault:
    said = (
        f"It was tried {TRIES} times and its process ended each time, perhaps for want of memory. The log of "
        "`pagecast up` says more."
    )
    return Fault(code="failed", message=said, status=500)


def _job(row: RowMapping) -> Job:
    return Job.model_validate(dict(row))
