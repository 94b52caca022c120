"""PostgreSQL as Pagecast opens it; imported only where DATABASE_URL names one."""

from typing import Any

from psycopg import Connection
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns.errors import InputError

_NAMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_OPTIONS = {"connect_timeout": 10, "application_name": "pagecast", "keepalives_idle": 30}
_LEAST_VERSION = 13
# A machine that vanishes in the middle of a transaction must not keep its rows locked until TCP gives up, after hours.
_IDLE = "SET idle_in_transaction_session_timeout = '60s'"


def opened(address: str) -> Engine:
    """Connect once and return the engine; raises InputError, which never holds the password."""
    url = _parsed(address)
    options = {name: value for name, value in _OPTIONS.items() if name not in url.query}
    engine = create_engine(
        url,
        connect_args=options,
        isolation_level="READ COMMITTED",
        pool_size=5,
        max_overflow=25,
        pool_pre_ping=True,
        hide_parameters=True,  # people's words and ids would stand in logs
    )
    event.listen(engine, "connect", _prepare)
    try:
        with engine.connect():
            return engine
    except OperationalError as error:
        raise InputError(_said(url, error)) from None


def _parsed(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise InputError("DATABASE_URL is no address. Write postgresql://USER:PASSWORD@HOST/DATABASE.") from None
    if url.drivername not in _NAMES:
        raise InputError(
            f"DATABASE_URL begins with {url.drivername}://, which Pagecast does not speak. Use postgresql:// or "
            "sqlite:///, or unset it for the default."
        )
    return url.set(drivername="postgresql+psycopg")


def _said(url: URL, error: OperationalError) -> str:
    # A line that begins with a blank is the library's own advice.
    lines = [line for line in str(error.orig).splitlines() if line[:1].strip()] or [type(error).__name__]
    told = lines[-1].removeprefix("connection failed: ").rstrip(".")
    if url.password:
        told = told.replace(str(url.password), "***")
    return f"The database of DATABASE_URL cannot be used: {told}. Check the address, and that the server runs."


def _prepare(connection: Connection[Any], _entry: ConnectionPoolEntry) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
    version = connection.info.server_version // 10_000
    if version < _LEAST_VERSION:
        raise InputError(f"PostgreSQL {version} is too old. Use {_LEAST_VERSION} or newer.")
    connection.execute(_IDLE)
    # `off` may lose the last commits when the power goes: a message would be sent without its claim.
    if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
        connection.execute("SET synchronous_commit = on")
    connection.commit()


class _WithoutNul(StrDumper):
    """A text is sent as text, so that a parameter used twice has one type wherever it stands.

    PostgreSQL keeps no NUL in it, and a name or a platform's answer may bring one.
    """

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "") if "\0" in obj else obj)
