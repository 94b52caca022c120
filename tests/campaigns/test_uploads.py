"""A list that cannot be read is dropped, or kept where somebody has only to say which column holds the ids."""

import gzip
import time

import polars as pl
import pytest

from campaigns import uploads
from campaigns.audience import Beginning, erasure
from campaigns.errors import InputError, NotFoundError
from tests import factories

_NOW = int(time.time() * 1000)
_BLOCK = 1 << 20
_ROWS = f"Full name,IG User\nAna,{factories.person(1)}\nBo\n"


def laid(storage, content):
    with uploads.incoming(storage, "people.csv", _NOW) as incoming:
        incoming.write(content.encode())
        return incoming.laid()


def read(storage, upload_id, *, ask=True, **given):
    return uploads.read(storage, upload_id, given, zone=None, now_ms=_NOW, ask=ask)


@pytest.fixture
def asked(tmp_path):
    upload_id = laid(tmp_path, _ROWS)
    with pytest.raises(InputError, match="No column holds the recipient ids"):
        read(tmp_path, upload_id)
    return upload_id


def test_it_shows_how_it_begins_until_the_column_is_named(tmp_path, asked):
    rows = [["Ana", factories.person(1)], ["Bo", ""]]
    assert uploads.asking(tmp_path, asked) == Beginning(["Full name", "IG User"], rows)
    assert uploads.look(tmp_path, asked) == (len(_ROWS), b"Full")
    with pytest.raises(NotFoundError):
        uploads.find(tmp_path, asked)
    assert read(tmp_path, asked, recipient_id="IG User").reading.usable == 1
    assert uploads.asking(tmp_path, asked) is None


def test_who_asks_nobody_does_not_take_it_from_somebody_who_is_asked(tmp_path, asked):
    with pytest.raises(InputError):
        read(tmp_path, laid(tmp_path, _ROWS), ask=False)
    assert uploads.asking(tmp_path, asked)


def test_the_wrong_column_may_be_followed_by_the_right_one(tmp_path, asked):
    with pytest.raises(InputError, match="No row of the list can be used"):
        read(tmp_path, asked, recipient_id="Full name")
    assert uploads.asking(tmp_path, asked)


@pytest.mark.parametrize(
    ("content", "ask"),
    [
        (_ROWS, False),
        ("id,name\nnonsense,Bo\n", True),
        ("id,id\n1,2\n", True),
        (f"{factories.person(1)},Bo\n", True),
        ("", True),
    ],
)
def test_what_no_answer_would_mend_is_not_kept(tmp_path, content, ask):
    upload_id = laid(tmp_path, content)
    with pytest.raises(InputError):
        read(tmp_path, upload_id, ask=ask)
    assert not uploads.is_there(tmp_path, upload_id)
    assert uploads.asking(tmp_path, upload_id) is None


def test_it_goes_when_somebody_whom_it_names_is_erased(tmp_path, asked):
    assert uploads.forget_naming(tmp_path, factories.person(9), dry_run=False) == 0
    assert uploads.forget_naming(tmp_path, factories.person(1), dry_run=True) == 1
    assert uploads.is_there(tmp_path, asked)
    assert uploads.forget_naming(tmp_path, factories.person(1), dry_run=False) == 1
    assert not uploads.is_there(tmp_path, asked)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("before", [0, _BLOCK - 70, _BLOCK - 9, 2 * _BLOCK - 9, 3 * _BLOCK])
def test_a_person_is_found_wherever_the_file_names_them(tmp_path, encoding, before):
    file = tmp_path / "people.csv"
    named = f"{factories.person(1)},Ana\n".encode(encoding)
    file.write_bytes(b"x" * before + named + b"y" * _BLOCK)
    assert erasure.may_name(file, factories.person(1))
    assert not erasure.may_name(file, factories.person(9))


def test_a_packed_file_may_name_anybody(tmp_path):
    file = tmp_path / "people.parquet"
    pl.DataFrame({"IG User": [factories.person(1)]}).write_parquet(file)
    assert erasure.may_name(file, factories.person(9))
    file.write_bytes(gzip.compress(_ROWS.encode()))
    assert erasure.may_name(file, factories.person(9))
    file.write_bytes(b"")
    assert not erasure.may_name(file, factories.person(9))
