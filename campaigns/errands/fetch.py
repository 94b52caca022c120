"""A list from a URL: over https, from the open internet, of a bounded size and in a bounded time.

Redirects are followed one by one, each judged as if it had been given. No sentence quotes the URL: it may be a secret.
"""

import asyncio
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from campaigns import uploads
from campaigns.errands.bench import Bench
from campaigns.errors import InputError
from campaigns.notices.address import GuardedTransport, RefusedAddressError, UnknownHostError
from campaigns.uploads import Incoming

LARGEST = 8 * 1024**3
"""Bytes of a list."""
PATIENCE = 3_600.0
"""Seconds for all of it."""
_SILENCE = 30.0
"""Seconds without a byte."""
_REDIRECTS = 5
_HEADERS = {"User-Agent": "Pagecast", "Accept-Encoding": "identity"}
_PART = 1024 * 1024
_WORDS = "That is no URL of a list: it begins with https:// and names a host, without a password."


def fetched(bench: Bench, url: str, name: str) -> str:
    """Fetch a list and lay its file among the uploads; return the upload's id. Raises InputError.

    `name` is what the file shall be called, '' for what the URL ends with.
    """
    called = name or unquote(PurePosixPath(httpx.URL(url).path).name)
    with uploads.incoming(bench.runtime.storage, called, bench.now()) as incoming:
        asyncio.run(_fetch(url, incoming, private=bench.runtime.settings.private_receivers))
        return incoming.laid()


def refuse(url: str, *, private: bool) -> None:
    """Raise InputError for what is no URL of a list; http only where private addresses are allowed too."""
    try:
        parsed = httpx.URL(url)
        host = parsed.host  # read only now, and may be no word of any language
    except (httpx.InvalidURL, UnicodeError):
        raise InputError(_WORDS) from None
    schemes = {"https", "http"} if private else {"https"}
    if parsed.scheme not in schemes or not host or parsed.userinfo:
        raise InputError(_WORDS)


async def _fetch(url: str, incoming: Incoming, *, private: bool) -> None:
    try:
        async with (
            asyncio.timeout(PATIENCE),
            httpx.AsyncClient(
                transport=GuardedTransport(private=private), timeout=_SILENCE, trust_env=False, headers=_HEADERS
            ) as client,
        ):
            for _ in range(_REDIRECTS + 1):
                refuse(url, private=private)
                leads_to = await _download(client, url, incoming)
                if leads_to is None:
                    return
                url = leads_to
        raise InputError(f"The URL leads on more than {_REDIRECTS} times. Give the address where the list is.")
    except RefusedAddressError:
        raise InputError("The URL leads to this machine or into a private network. Upload the list instead.") from None
    except UnknownHostError:
        raise InputError("The URL's host has no address. Look whether it is written right.") from None
    except (TimeoutError, httpx.TimeoutException):
        raise InputError("The list did not come in time. Try again, or upload it.") from None
    except httpx.HTTPError as error:
        raise InputError(f"The list could not be fetched ({type(error).__name__}). Try again, or upload it.") from None


async def _download(client: httpx.AsyncClient, url: str, incoming: Incoming) -> str | None:
    """Write the body of an answer; return where it leads instead, if it does."""
    async with client.stream("GET", url) as response:
        if response.has_redirect_location:
            return str(httpx.URL(url).join(response.headers["Location"]))
        if response.status_code != httpx.codes.OK:
            raise InputError(f"The URL answered {response.status_code} instead of the list. Look whether it is public.")
        async for part in response.aiter_bytes(_PART):
            if incoming.size + len(part) > LARGEST:
                raise InputError(f"A list has at most {LARGEST:,} bytes. Send it in several.")
            incoming.write(part)
    return None
