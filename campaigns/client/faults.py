"""What went wrong, in the words of the server, as an error that scripts can tell apart."""

import socket
import ssl
from collections.abc import Iterator, Mapping

import httpx
from pydantic import ValidationError

from campaigns import faults
from campaigns.errors import InputError, PagecastError, StateError, UsageError
from schemas.api.envelope import Failure, Fault


class UnreachableError(PagecastError):
    """The server cannot be reached, or cannot do its work now."""


CLASSES: Mapping[str, type[PagecastError]] = {
    **faults.CLASSES,
    "unauthorized": UsageError,
    "forbidden": StateError,
    "method_not_allowed": UsageError,
    "validation_failed": InputError,
    "payload_too_large": InputError,
    "idempotency_key_reused": InputError,
    "request_in_progress": StateError,
    "too_many_attempts": StateError,
    "unavailable": UnreachableError,
    "service_unavailable": UnreachableError,
}
"""What a code of the API means: those of the core, and those of HTTP."""

_MOVED = range(300, 400)
_BROKEN = range(400, 600)


def raised(fault: Fault) -> PagecastError:
    """Return the error that a fault is, with the server's sentence."""
    return faults.raised(fault, CLASSES)


def check(url: str, response: httpx.Response) -> None:
    """Raise the error that an answer tells of, if it tells of one."""
    if response.status_code in _MOVED:
        to = response.headers.get("location", "another address")
        raise UsageError(f"{url} says that it has moved to {to}. Give the address where the API is now.")
    if response.status_code in _BROKEN:
        fault = fault_of(response)
        raise raised(fault) if fault else _strange(url, response)


def fault_of(response: httpx.Response) -> Fault | None:
    """Return what an answer says went wrong; None where it is not in the API's words."""
    try:
        return Failure.model_validate_json(response.content).error
    except ValidationError:
        return None


def misread(url: str) -> PagecastError:
    """Return the error about an answer whose shape is not known here."""
    return PagecastError(
        f"{url} answered with what this version of Pagecast cannot read. Use the same version here and on the server."
    )


def unreachable(url: str, error: httpx.TransportError) -> UnreachableError:
    """Return the error about a connection that failed."""
    return UnreachableError(_sentence(url, error))


def is_refused_for_good(error: httpx.TransportError) -> bool:
    """Whether trying again changes nothing."""
    return any(isinstance(each, ssl.SSLError | socket.gaierror) for each in _causes(error))


def _sentence(url: str, error: httpx.TransportError) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {url} cannot be trusted: {cause.verify_message}. Check the address; the file of "
                "an authority of your own goes into SSL_CERT_FILE."
            )
        if isinstance(cause, ssl.SSLError):
            return f"{url} does not speak TLS. Check the address and its port."
        if isinstance(cause, socket.gaierror):
            return f"The name in {url} is not known to this network. Check the address."
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return f"Nothing answers at {url}. Check the address, and that `pagecast up` runs there."
    if isinstance(error, httpx.TimeoutException):
        return f"{url} took the request and did not answer in time. It may have been done: look, or ask for the same."
    return f"The connection to {url} broke off before the answer was here. Ask for the same again."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _strange(url: str, response: httpx.Response) -> PagecastError:
    said = f"{url} answered {response.status_code}, and not as Pagecast does"
    if response.status_code == httpx.codes.NOT_FOUND:
        return UsageError(f"{said}. Check the address.")
    return UnreachableError(f"{said}. Check the address, and the proxy in front of it.")
