"""Processes of a whole installation beside the test: the web alone, or all that `pagecast up` runs."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.factories import ENVIRONMENT
from tests.waiting import wait_until

_PATIENCE = 60.0
_UP = ("campaigns.cli", "up", "--workers", "1")
_WEB = ("campaigns.web.app",)


@contextmanager
def installation(
    home: Path, environment: Mapping[str, str] = ENVIRONMENT, *, end: signal.Signals = signal.SIGTERM
) -> Iterator[str]:
    """Run web, workers and clock on a state folder, or on DATABASE_URL; yield the address once it answers.

    Whichever signal ends it, it ends in order.
    """
    # The bundled Redis is right for PostgreSQL too: this is the only machine.
    with _serving(_UP, home, {**environment, "PAGECAST_FORCE_EMBEDDED": "true"}, end, {0}) as url:
        yield url


@contextmanager
def web(home: Path, environment: Mapping[str, str] = ENVIRONMENT) -> Iterator[str]:
    """Run the web process alone."""
    # It ends by the signal itself, once everything is closed.
    with _serving(_WEB, home, environment, signal.SIGTERM, {0, -signal.SIGTERM}) as url:
        yield url


@contextmanager
def _serving(
    words: tuple[str, ...], home: Path, environment: Mapping[str, str], end: signal.Signals, codes: set[int]
) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as wire:
        port = wire.getsockname()[1]
    own = {"PAGECAST_HOME": str(home), "PAGECAST_PORT": str(port)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

        def answers() -> bool:
            assert process.poll() is None, _said(log.fileno())
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
            except httpx.TransportError:
                return False

        try:
            wait_until(answers, "it answers", _PATIENCE)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(end)
            process.wait(_PATIENCE)
        assert process.returncode in codes, f"{process.returncode}: {_said(log.fileno())}"


def _said(log: int) -> str:
    return os.pread(log, 1 << 20, 0).decode()
