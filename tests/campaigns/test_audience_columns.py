import pytest

from campaigns.audience import Columns, guess
from campaigns.errors import InputError


@pytest.mark.parametrize("header", ["recipient_id", "Recipient ID", "IGSID", "psid", "to", "Id", "recipient-id"])
def test_recipient_goes_by_many_names(header: str) -> None:
    assert guess(["name", header], {}) == Columns(recipient_id=header)


def test_the_canonical_name_beats_an_alias() -> None:
    assert guess(["id", "igsid", "Recipient Id"], {}).recipient_id == "Recipient Id"


def test_every_canonical_column_is_found() -> None:
    headers = ["Timezone", "opted out", "window_closes_at", "Last Inbound At", "PAGE", "psid"]
    assert guess(headers, {}).mapping == {
        "recipient_id": "psid",
        "page": "PAGE",
        "last_inbound_at": "Last Inbound At",
        "window_closes_at": "window_closes_at",
        "opted_out": "opted out",
        "timezone": "Timezone",
    }


def test_what_the_campaign_says_beats_the_names() -> None:
    columns = guess(["id", "ig_id", "page"], {"recipient_id": "ig_id", "timezone": "page"})
    assert columns.mapping == {"recipient_id": "ig_id", "timezone": "page"}


@pytest.mark.parametrize(
    ("headers", "given", "words"),
    [
        (["id"], {"recipient": "id"}, ['"recipient"', '"recipient_id"']),
        (["id", "ig_ident"], {"recipient_id": "ig_id"}, ['"ig_id"', '"ig_ident"', "[columns]", "--column"]),
        (["id"], {"recipient_id": "id", "page": "id"}, ["both recipient_id and page"]),
        (["name", "city"], {}, ["name, city", '[columns] recipient_id = "name"', "--column recipient_id=name,"]),
        (["IG User"], {}, ['[columns] recipient_id = "IG User"', "--column 'recipient_id=IG User',"]),
        (["17841400000000001", "Bo"], {}, ["holds a person", "`recipient_id` above it"]),
        (["17841400000000001", "Bo"], {"recipient_id": "17841400000000001"}, ["holds a person"]),
        (["id", "1.78E+16"], {"recipient_id": "1.78E+16"}, ["holds a person"]),
        (["who", "20261122"], {}, ["No column holds the recipient ids"]),
    ],
)
def test_refuses_with_the_way_out(headers: list[str], given: dict[str, str], words: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        guess(headers, given)
    assert all(word in str(refused.value) for word in words)
