"""The last step of the wizard, for a browser that is not there: what becomes of a sketch."""

import asyncio

from campaigns import pages, sketches
from campaigns.lifecycle import find, relist
from campaigns.runtime import now_of
from campaigns.web.dashboard.wizard import review
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.campaign_file import CampaignFile
from tests import factories
from tests.web.dashboard.conftest import opened


def reviewed(visit):
    async def build():
        async with opened() as client:
            with client:
                await review.build(visit)

    asyncio.run(build())


def test_a_sketch_sends_from_pages_as_they_are_stored(runtime, session, tmp_path):
    entry, route = pages.entered("acme", factories.page(rate=5))
    with runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")
    before = factories.submitted(runtime, tmp_path, factories.people(2), factories.content(pages={}))
    content = factories.content(name="Summer", list=relist.uploaded(runtime, before), page="acme")
    content["pages"] = {"acme": factories.page(rate=30)}
    with runtime.writing() as conn:
        sketch = sketches.begin(conn, content, now=now_of(conn), actor="test")
    reviewed(Visit(session(), content, sketch))
    with runtime.reading() as conn:
        draft = find.campaign(conn, "Summer")
        assert CampaignFile.model_validate_json(draft.spec).pages == {}
        assert pages.named(conn, "acme").route == route.model_dump_json()
