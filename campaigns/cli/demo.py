"""`pagecast demo`: a simulator, a list with every kind of trouble, the whole job, and the comparison at the end."""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from campaigns import simulator
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.cli.run_here import Here
from campaigns.cli.running import Job
from campaigns.errors import PagecastError
from campaigns.settings import Settings
from campaigns.simulator import Simulator
from schemas.status import Status

_SEED = 7
_ORBIT_MOST = 60
_SHARES = ((-1, 0.005), (0.01, 0.04), (0.04, 0.05), (0.05, 0.06), (0.06, 0.08))
"""Between which draws a person's id is damaged, who was silent for long, never wrote, has no name, opted out."""
_INSTAGRAM, _MESSENGER, _ORBIT = "17841400000000001", "100200300400500", "17841400000000002"
_FILE = """\
name = "Demo"
list = "recipients.csv"

[message]
text = "Hi {{{{ first_name }}}}, the {{{{ product | default('new collection') }}}} is here. Shall we keep one for you?"
quick_replies = [{{ title = "Yes, please", payload = "YES" }}, {{ title = "No, thanks", payload = "NO" }}]

[pages.acme_instagram]
channel = "instagram"
provider = "meta"
account_id = "{instagram}"
token = "@{{secret:DEMO_INSTAGRAM_TOKEN}}"
base_url = "{meta}"

[pages.acme_messenger]
channel = "messenger"
provider = "meta"
account_id = "{messenger}"
token = "@{{secret:DEMO_MESSENGER_TOKEN}}"
base_url = "{meta}"

[pages.acme_orbit]
channel = "instagram"
provider = "orbit"
account_id = "{orbit_account}"
token = "@{{secret:DEMO_ORBIT_KEY}}"
base_url = "{orbit}"
"""

_NOT_OURS = ("DATABASE_URL", "REDIS_URL", "PAGECAST_STORAGE_URL")
"""Where real campaigns are: the demo, and the workers that it starts, must not find it."""
Check = Callable[[Status | None, Callable[[str], None]], None]


@app.command()
def demo(
    recipients: Annotated[int, typer.Option("--recipients", min=10, max=1_000_000, metavar="N")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """Do the whole job against the built-in simulator, in a folder of its own."""
    with stage(recipients) as (settings, file, check), output.opened(writes=True, settings=settings) as runtime:
        with contextlib.closing(Here(runtime, file)) as here:
            job = Job(here, None, as_json=as_json)
            code = job.run(yes=True, dry_run=False, again=False)
        check(job.status, output.note if as_json else output.say)
    raise typer.Exit(code)


@contextlib.contextmanager
def stage(recipients: int) -> Iterator[tuple[Settings, Path, Check]]:
    """Set everything up in a folder of its own; yield settings, campaign file, and the check against the simulator."""
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    home = Settings().home / "demo" / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    # Folders made on the way would be open to all.
    for folder in (home.parent.parent, home.parent, home):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with simulator.start(simulator.named("demo")) as platform:
        for name, account in (("INSTAGRAM_TOKEN", _INSTAGRAM), ("MESSENGER_TOKEN", _MESSENGER), ("ORBIT_KEY", _ORBIT)):
            os.environ[f"DEMO_{name}"] = f"sim-{account}"
        audience(recipients).write_csv(home / "recipients.csv")
        file = home / "campaign.toml"
        file.write_text(
            _FILE.format(
                instagram=_INSTAGRAM,
                messenger=_MESSENGER,
                orbit_account=_ORBIT,
                meta=platform.meta_url,
                orbit=platform.orbit_url,
            )
        )
        yield Settings().model_copy(update={"home": home}), file, lambda status, line: _compare(platform, status, line)


def audience(recipients: int) -> pl.DataFrame:
    """Return a list as people have them: some opted out, some long silent, some cells blank, some ids broken."""
    chance = random.Random(_SEED)  # noqa: S311 - the same list every time
    rows = [_person(i, recipients, chance) for i in range(recipients)]
    again = chance.sample(range(recipients), recipients // 100)
    for i, source in zip(range(recipients - len(again), recipients), again, strict=True):
        rows[i] = rows[source]
    return pl.DataFrame(
        rows, schema=["id", "page", "first_name", "product", "last_inbound_at", "opted_out"], orient="row"
    )


def _person(i: int, recipients: int, chance: random.Random) -> tuple[str, str, str, str, str, str]:
    orbit = min(_ORBIT_MOST, recipients // 30)
    page = "acme_orbit" if i < orbit else ("acme_instagram", "acme_messenger")[i % 2]
    recipient = str(chance.randrange(10**15, 10**16))
    draw = chance.random()
    damaged, silent, unwritten, nameless, out = (low < draw < high for low, high in _SHARES)
    if damaged:
        recipient = f"{float(recipient):.2E}"
    since = 25 * 3600 if silent else 0
    wrote = "" if unwritten else str(int(time.time()) - since - chance.randrange(0, 20 * 3600))
    name = "" if nameless else chance.choice(("Ana", "Björn", "Chiara", "Dmitri", "Elif", "Farah"))
    product = chance.choice(("", "spring jacket", "linen shirt"))
    return recipient, page, name, product, wrote, "yes" if out else ""


def _compare(platform: Simulator, status: Status | None, line: Callable[[str], None]) -> None:
    """Say whether the simulator's own count agrees with the ledger; raises PagecastError where it does not."""
    if status is None:
        return
    stats = platform.stats()
    ledger = sum(status.counts[state] for state in ("accepted", "delivered", "read"))
    unanswered = stats["accepted_unconfirmed"]
    line(
        f"Simulator: {stats['accepted']:,} accepted, {unanswered} of them without an answer to us, "
        f"{stats['doubles']} twice. Ledger: {ledger:,} accepted, {status.counts['unknown']} unknown."
    )
    if stats["accepted"] - unanswered != ledger or stats["doubles"]:
        raise PagecastError("The simulator and the ledger do not agree. This is a fault of Pagecast; please report it.")
