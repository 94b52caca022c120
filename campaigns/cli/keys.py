"""`pagecast keys`: who may use the HTTP API and the dashboard."""

from typing import Annotated

import typer

from campaigns import keys, links
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app, refuse_elsewhere
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.moments import iso
from campaigns.runtime import changing, now_of
from schemas.api.keys import Created, Key, NewKey
from schemas.api_key import Role
from schemas.right import Right

keys_app = typer.Typer(no_args_is_help=True, help="Who may use the HTTP API and the dashboard, and as what.")
app.add_typer(keys_app, name="keys")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is; the audit shows it.")]
_COLUMNS = {
    "name": "name",
    "role": "role",
    "state": "state",
    "prefix": "begins with",
    "created_at": "since",
    "expires_at": "until",
    "last_used_at": "last used",
    "scopes": "only for",
}


@keys_app.command()
def create(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="What it may do; only sender and admin may launch.")],
    scopes: Annotated[
        list[Right] | None,
        typer.Option("--scope", help="No other rights of the role than these; repeat it for several."),
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="TIME", help="For how long: 12h, 90d, 4w; without it, until revoked.")
    ] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it; it cannot be shown again."""
    length = keys.lifetime(expires, "--expires") if expires else None
    wanted = NewKey(name=name, role=role, scopes=scopes or [], expires=expires or None, dry_run=dry_run)
    with reach.server(writes=not dry_run) as server:
        made = server.do(calls.keys.create(wanted)) if server else _create_here(wanted, length)
    if as_json:
        output.emit(made.model_dump(mode="json", exclude={"sentence"}))
    if not (made.key or dry_run):
        raise StoppedError(made.sentence)
    if as_json:
        return
    if made.key:
        output.note(f"The key of {name} ({role}). Keep it in a safe place: it is not shown again.")
        output.say(made.key)
    else:
        output.say(f"Would make a key named {name} for the role {role}.")


@keys_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show every key, what it may do, and when it was last used; never the key itself."""
    with reach.server() as server:
        found = server.do(calls.keys.listed()) if server else _list_here()
    documents = [each.model_dump(mode="json") for each in found]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"scopes": ", ".join(each["scopes"])} for each in documents], _COLUMNS)
    else:
        output.note("No keys yet. Make one with `pagecast keys create NAME --role viewer`.")


@keys_app.command()
def revoke(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a key at once; what it did stays in the audit under its name."""
    with reach.server(writes=not dry_run) as server:
        key = server.do(calls.keys.revoke(name, dry_run=dry_run)) if server else _revoke_here(name, dry_run=dry_run)
    line = f"Key {name} {'would be' if dry_run else 'is'} revoked."
    output.tell(key.model_dump(mode="json") | {"dry_run": dry_run}, as_json, line)


@keys_app.command()
def link(
    role: Annotated[Role, typer.Option("--role", help="What whoever opens it may do.")] = Role.ADMIN,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the dashboard once, within 15 minutes, and makes a key there."""
    refuse_elsewhere("keys link")
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        word = links.create(conn, role, now=now, actor=output.actor())
        url = None if dry_run else f"{runtime.settings.url}/login?once={word}"
    if as_json:
        output.emit({"url": url, "role": role, "expires_at": iso(now + links.LASTS_MS), "dry_run": dry_run})
    elif url:
        output.note("It works once, for 15 minutes. Whoever opens it gets a key of this role.")
        output.say(url)
    else:
        output.say(f"Would make a login link for the role {role}.")


def _create_here(wanted: NewKey, length: int | None) -> Created:
    dry_run, actor = wanted.dry_run, output.actor()
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        ends = now + length if length else None
        made = keys.create(conn, wanted.name, wanted.role, now=now, actor=actor, expires_at=ends, scopes=wanted.scopes)
    secret = None if dry_run else made.secret
    return Created(**keys.shown(made.key, now).model_dump(), key=secret, sentence="", dry_run=dry_run)


def _list_here() -> list[Key]:
    with output.opened() as runtime, runtime.reading() as conn:
        now = now_of(conn)
        return [keys.shown(key, now) for key in keys.listed(conn)]


def _revoke_here(name: str, *, dry_run: bool) -> Key:
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        return keys.shown(keys.revoke(conn, name, now=now, actor=output.actor()), now)
