"""`pagecast keys`: who may use the HTTP API and the dashboard."""

from typing import Annotated, Any

import typer

from campaigns import keys, links
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.moments import iso, iso_or_none
from campaigns.runtime import changing, now_of
from schemas.api_key import ApiKey, Role
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
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        ends = now + length if length else None
        made = keys.create(conn, name, role, now=now, actor=output.actor(), expires_at=ends, scopes=scopes or ())
    shown = None if dry_run else made.secret
    if as_json:
        output.emit(_document(made.key, now) | {"key": shown, "dry_run": dry_run})
    elif shown:
        output.note(f"The key of {name} ({role}). Keep it in a safe place: it is not shown again.")
        output.say(shown)
    else:
        output.say(f"Would make a key named {name} for the role {role}.")


@keys_app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Show every key, what it may do, and when it was last used; never the key itself."""
    with output.opened() as runtime, runtime.reading() as conn:
        now = now_of(conn)
        documents = [_document(key, now) for key in keys.listed(conn)]
    if as_json:
        output.emit(documents)
    elif documents:
        output.show([each | {"scopes": ", ".join(each["scopes"])} for each in documents], _COLUMNS)
    else:
        output.note("No keys yet. Make one with `pagecast keys create NAME --role viewer`.")


@keys_app.command()
def revoke(name: Name, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a key at once; what it did stays in the audit under its name."""
    with output.opened(writes=not dry_run) as runtime, changing(runtime, dry_run=dry_run) as (conn, now):
        key = keys.revoke(conn, name, now=now, actor=output.actor())
    line = f"Key {name} {'would be' if dry_run else 'is'} revoked."
    output.tell(_document(key, now) | {"dry_run": dry_run}, as_json, line)


@keys_app.command()
def link(
    role: Annotated[Role, typer.Option("--role", help="What whoever opens it may do.")] = Role.ADMIN,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the dashboard once, within 15 minutes, and makes a key there."""
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


def _document(key: ApiKey, now: int) -> dict[str, Any]:
    return {
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes.split(),
        "state": keys.state(key, now),
        "prefix": f"pc_{key.prefix}",
        "created_at": iso(key.created_at),
        "created_by": key.created_by,
        "expires_at": iso_or_none(key.expires_at),
        "last_used_at": iso_or_none(key.last_used_at),
        "revoked_at": iso_or_none(key.revoked_at),
    }
