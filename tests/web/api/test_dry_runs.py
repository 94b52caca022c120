"""What would happen is said, and does not."""

import pytest

from tests import factories
from tests.factories import launched, people

BOTH = pytest.mark.databases("sqlite", "postgresql")
DRY = {"dry_run": True}


@BOTH
def test_stopping_and_going_on(sender, runtime, tmp_path):
    made = launched(runtime, tmp_path, people(3))
    path = f"/campaigns/{made.ref}"
    events = len(factories.select(runtime, "SELECT * FROM event"))
    for verb, state, withdrawn in (("pause", "paused", 0), ("cancel", "cancelled", 3)):
        would = sender.post(f"{path}/{verb}", params=DRY)
        assert (would["state"], would["withdrawn"], would["dry_run"]) == (state, withdrawn, True)
    assert sender.post(f"{path}/resume", params=DRY, status=409)["code"] == "conflict"
    assert sender.post(f"{path}/clone", {"name": "Summer", **DRY}, status=201)["name"] == "Summer"
    assert len(factories.select(runtime, "SELECT * FROM event")) == events
    assert [(each["id"], each["state"]) for each in sender.get("/campaigns")] == [(made.ref, "sending")]
    assert sender.post(f"{path}/pause")["dry_run"] is False
    assert sender.post(f"{path}/resume", params=DRY)["state"] == "sending"
    assert sender.get(path)["state"] == "paused"


def test_a_key_is_not_ended(admin, viewer):
    assert admin("DELETE", "/keys/viewer", params=DRY).json()["data"]["state"] == "revoked"
    assert viewer.get("/me")["name"] == "viewer"
