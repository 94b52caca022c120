"""A list of a gigabyte by HTTP: what the web process and the jobs process need of memory and time.

    uv run python tests/benchmarks/upload.py [--megabytes 1024]

Both are the real processes, on a state folder of their own: the list is sent in one go, read by a job, submitted and
planned, each of them waited for. The peak of jobs is that of the process which watches them and of the largest child.
"""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import rig

from campaigns import keys
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.api_key import Role

AIM_WEB_MB = 200
_BYTES_A_ROW = 63
_PART = 1024 * 1024
_LOOK = 0.05


def peak_of(pid: int) -> float:
    """Return a living process's peak memory in MB, 0 for one that is gone."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class Watch(threading.Thread):
    """Looks at a process and its children until it is told to stop; `peak` is the largest of them in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.own = self.peak = 0.0
        self._pid = pid
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(_LOOK):
            self.own = max(self.own, peak_of(self._pid))
            self.peak = max(self.peak, self.own, *(peak_of(child) for child in children_of(self._pid)), 0.0)

    def stop(self) -> None:
        self._ending.set()
        self.join()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def process(module: str, environment: dict[str, str]) -> Iterator[Watch]:
    """Run a module and watch it."""
    with subprocess.Popen([sys.executable, "-m", module], env=environment) as running:
        watch = Watch(running.pid)
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()
            running.terminate()
            running.wait(30)


def made(source: Path, size: int) -> tuple[int, str]:
    """Make a list about as long as it is to be; return its bytes and their SHA-256."""
    rig.people(source, size // _BYTES_A_ROW)
    with source.open("rb") as file:
        return source.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _parts(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while part := file.read(_PART):
            yield part


class Client:
    """Calls the API, and waits for its jobs."""

    def __init__(self, port: int, secret: str) -> None:
        base = f"http://127.0.0.1:{port}/api/v1"
        self._http = httpx.Client(base_url=base, headers={"X-API-Key": secret}, timeout=600, trust_env=False)

    def alive(self) -> bool:
        with suppress(httpx.TransportError):
            return self._http.get("/me").is_success
        return False

    def __call__(self, method: str, path: str, **rest: object) -> dict[str, object]:
        answer = self._http.request(method, path, **rest)
        data = answer.raise_for_status().json()["data"]
        while answer.status_code == httpx.codes.ACCEPTED and data["state"] in {"queued", "working"}:
            time.sleep(_LOOK)
            data = self._http.get(f"/jobs/{data['id']}").raise_for_status().json()["data"]
        if answer.status_code == httpx.codes.ACCEPTED:
            assert data["state"] == "done", data
            return data["result"]
        return data


def measure(settings: Settings, megabytes: int) -> list[rig.Figure]:
    source = settings.home / rig.LIST
    size, sha256 = made(source, megabytes * 1024**2)
    runtime = Runtime.open(settings)
    with runtime.writing() as conn:
        secret = keys.create(conn, "benchmark", Role.ADMIN, now=now_of(conn), actor="benchmark").secret
    runtime.close()
    port = free_port()
    environment = rig.environment(settings) | {"PAGECAST_PORT": str(port)}
    took: dict[str, float] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        took[what] = time.perf_counter() - began

    with process("campaigns.web.app", environment) as web, process("workers.jobs", environment) as jobs:
        client = Client(port, secret)
        while not client.alive():
            time.sleep(_LOOK)
        idle = web.own
        with timed("send, and read by a job"):
            listed = client("POST", "/lists", content=_parts(source), params={"name": rig.LIST})
        assert listed["id"] == f"lst_{sha256[:32]}"
        file = rig.campaign_file("http://127.0.0.1:9/v26.0", 1_000).model_dump(mode="json") | {"list": listed["id"]}
        with timed("submit, which reads it again"):
            drafted = client("POST", "/campaigns", json=file)
        with timed("plan"):
            plan = client("POST", f"/campaigns/{drafted['id']}/plan")
    what = f"{size / 1e6:,.0f} MB, {plan['total']:,} rows"
    return [
        *(rig.Figure(f"{what}: {each}", f"{seconds:.1f} s") for each, seconds in took.items()),
        rig.Figure("web process: idle", f"{idle:,.0f} MB"),
        rig.Figure("web process: peak", f"{web.own:,.0f} MB", f"< {AIM_WEB_MB} MB", web.own < AIM_WEB_MB),
        rig.Figure("jobs process: peak", f"{jobs.own:,.0f} MB"),
        rig.Figure("a job: peak", f"{jobs.peak:,.0f} MB"),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--megabytes", type=int, default=1024)
    chosen = parser.parse_args()
    os.environ |= rig.SECRETS
    with rig.home() as settings:
        rig.show(measure(settings, chosen.megabytes), as_json=chosen.json)


if __name__ == "__main__":
    main()
