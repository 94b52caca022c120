"""`pagecast simulate`: the platforms, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns import simulator
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson

_PORT = 8322


@app.command()
def simulate(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = _PORT,
    scenario: Annotated[
        str, typer.Option("--scenario", metavar="NAME|FILE", help="calm, demo, storm, or a .toml or .json file.")
    ] = "calm",
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed gives other people other fates.")] = None,
    as_json: AsJson = False,
) -> None:
    """Be Graph and Orbit on this machine until interrupted; prints where, as one JSON document, once it listens."""
    chosen = simulator.load(Path(scenario)) if Path(scenario).suffix else simulator.named(scenario)
    if seed is not None:
        chosen = chosen.changed(seed=seed)
    if not as_json:
        _tell_how(f"http://127.0.0.1:{port or 'PORT'}")
    simulator.serve(chosen, port=port)


def _tell_how(url: str) -> None:
    output.note("A page that sends to the simulator, in a campaign file or by `pagecast pages add`:")
    output.note(f'  Meta:  base_url = "{url}/v26.0", and sim-ACCOUNT_ID as the token')
    output.note(f'  Orbit: base_url = "{url}/api/v1", and sim- with anything behind it as the API key')
    output.note("  Instagram accounts start with 17841, others are Facebook Pages. Put the token into the environment")
    output.note("  variable that the page's @{secret:NAME} names. Counts of what arrived: " + f"{url}/stats")
