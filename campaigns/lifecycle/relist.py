"""The list of a stored campaign as an upload again, for another campaign to use; uploads go after a week."""

import json
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import polars as pl
from sqlalchemy import text

from campaigns import uploads
from campaigns.errors import NotFoundError
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign
from schemas.campaign_file import CONTACTS, CampaignFile

_LIST = text("SELECT name, path, columns FROM recipient_list WHERE id = :id")
_PART = 1024 * 1024


def uploaded(runtime: Runtime, campaign: Campaign) -> str:
    """Return the id of the upload with a campaign's list, made anew where it is gone; `@contacts` as it is.

    Raises NotFoundError where the list is not kept any more, InputError where it cannot be read.
    """
    file = CampaignFile.model_validate_json(campaign.spec)
    if file.list == CONTACTS:
        return CONTACTS
    there = PurePosixPath(file.list).parts[0]
    try:
        return uploads.find(runtime.storage, there).id
    except NotFoundError:
        return _again(runtime, campaign, file)


def _again(runtime: Runtime, campaign: Campaign, file: CampaignFile) -> str:
    with runtime.reading() as conn:
        stored, now = conn.execute(_LIST, {"id": campaign.list_id}).one(), now_of(conn)
    source = runtime.storage / stored.path
    if not source.exists():
        raise NotFoundError(f"The list of {campaign.name} is not kept any more. Upload it again.")
    with TemporaryDirectory(prefix="pagecast-") as folder:
        rows = Path(folder) / "list.parquet"
        pl.scan_parquet(source, glob=False).select(json.loads(stored.columns)).sink_parquet(rows)
        with (
            uploads.incoming(runtime.storage, f"{Path(stored.name).stem}.parquet", now) as incoming,
            rows.open("rb") as parts,
        ):
            while part := parts.read(_PART):
                incoming.write(part)
            return incoming.kept(runtime.storage, file.columns.given, zone=file.columns.zone, now_ms=now).id
