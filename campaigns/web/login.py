"""Coming in and going out: by an API key, or by a link that works once.

GET  /login              the form; with ?once=… a button that uses the link, so that a preview of it does not
POST /login              a key becomes a session
POST /login/once         a link becomes a key, shown this once, and a session
POST /logout             the session ends
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qs, quote

from anyio.to_thread import run_sync
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, StrictUndefined, Template

from campaigns import keys, links
from campaigns.errors import StateError
from campaigns.keys import Created
from campaigns.runtime import Runtime, now_of
from campaigns.web.api.door import Attempts
from campaigns.web.dashboard import theme
from campaigns.web.passes import COOKIE, WHOLE, Passes
from campaigns.web.shield import is_same_origin
from schemas.api_key import ApiKey
from schemas.login_link import LoginLink

HOME = "/"
_LARGEST_FORM = 4_096
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page says; `once` is the word of a link that can be used, `made` a key that is shown this once."""

    error: str = ""
    next: str = HOME
    once: str = ""
    role: str = ""
    made: Created | None = None


class Login:
    """The routes, and what they share."""

    def __init__(self, runtime: Runtime, passes: Passes, attempts: Attempts) -> None:
        self._runtime = runtime
        self._passes = passes
        self._attempts = attempts
        self.router = APIRouter()
        self.router.add_route("/login", self._ask, methods=["GET"])
        self.router.add_route("/login", self._enter, methods=["POST"])
        self.router.add_route("/login/once", self._enter_once, methods=["POST"])
        self.router.add_route("/logout", self._leave, methods=["POST"])
        self.router.add_route("/login.css", _style, methods=["GET"])

    async def _ask(self, request: Request) -> Response:
        """Show the form, or what a link offers; who is in already goes on."""
        target = inside(request.query_params.get("next", ""))
        if word := request.query_params.get("once", ""):
            link = await run_sync(self._found, word)
            return _page(_Shown(once=word, role=link.role) if link else _Shown(error=_used_up()))
        if await run_sync(lambda: self._passes.admit(request.cookies.get(COOKIE, ""))):
            return RedirectResponse(target, 303)
        return _page(_Shown(next=target))

    async def _enter(self, request: Request) -> Response:
        """Let in whoever has a key."""
        form = await self._form(request)
        target = inside(form.get("next", ""))
        entered = await run_sync(self._verified, form.get("key", "").strip())
        if entered is None:
            return self._refused(request, target)
        answer = RedirectResponse(target, 303)
        self._let_in(request, answer, *entered)
        return answer

    async def _enter_once(self, request: Request) -> Response:
        """Use a link up, and show the key that it makes."""
        form = await self._form(request)
        try:
            made, now = await run_sync(self._used, form.get("once", ""))
        except StateError as error:
            return _page(_Shown(error=str(error)), 401)
        answer = _page(_Shown(made=made))
        self._let_in(request, answer, made.key, now)
        return answer

    async def _leave(self, request: Request) -> Response:
        """End the session, also where it is open elsewhere."""
        self._need_own_page(request)
        await run_sync(self._passes.end, request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    async def _form(self, request: Request) -> dict[str, str]:
        self._need_own_page(request)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST_FORM:
                raise HTTPException(413)
        return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}

    def _need_own_page(self, request: Request) -> None:
        if not is_same_origin(request.headers, self._runtime.settings.url):
            raise HTTPException(403, "Another site asked for this. Open the dashboard's own address, and try again.")

    def _refused(self, request: Request, target: str) -> Response:
        wait = self._attempts.wrong(request.client.host if request.client else "")
        if wait:
            said = f"Too many wrong keys came from this address. Try again in {wait} s."
            return _page(_Shown(error=said, next=target), 429, {"Retry-After": str(wait)})
        said = "This key is not known, has expired or was revoked. Check that all of it was copied."
        return _page(_Shown(error=said, next=target), 401)

    def _let_in(self, request: Request, answer: Response, key: ApiKey, now: int) -> None:
        write(answer, self._passes.issue(key, now), secure=is_secure(request, self._runtime))

    def _found(self, word: str) -> LoginLink | None:
        with self._runtime.reading() as conn:
            return links.find(conn, word, now_of(conn))

    def _verified(self, presented: str) -> tuple[ApiKey, int] | None:
        with self._runtime.reading() as conn:
            now = now_of(conn)
            key = keys.verify(conn, presented, now)
        if key is None:
            return None
        with self._runtime.writing() as conn:
            keys.used(conn, key, now)
        return key, now

    def _used(self, word: str) -> tuple[Created, int]:
        with self._runtime.writing() as conn:
            now = now_of(conn)
            link = links.use(conn, word, now)
            name = keys.free_name(conn, str(link.role))
            return keys.create(conn, name, link.role, now=now, actor=link.created_by), now


def write(answer: Response, cookie: str, *, secure: bool) -> None:
    """Put a session into an answer."""
    answer.set_cookie(COOKIE, cookie, max_age=WHOLE, httponly=True, samesite="lax", secure=secure)


def is_secure(request: Request, runtime: Runtime) -> bool:
    """Whether people reach us by https."""
    return request.url.scheme == "https" or runtime.settings.url.startswith("https:")


def inside(target: str) -> str:
    """Return a path of ours; HOME for everything that leads elsewhere."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\", "/login"))
    return quote(target, safe="/?&=%-._~:@,+") if ours else HOME


def _used_up() -> str:
    return "This link was used already, or is older than 15 minutes. `pagecast keys link` makes another."


def _page(shown: _Shown, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    content = _template().render(shown=shown, icon=theme.ICON_URL)
    return HTMLResponse(content, status, headers=_HEADERS | (headers or {}))


async def _style(_request: Request) -> Response:
    return Response(theme.variables(theme.BY_SYSTEM) + _text("login.css"), media_type="text/css")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("login.html"))


@cache
def _text(name: str) -> str:
    return (files("campaigns.web") / name).read_text("utf-8")
