"""What the screens beside campaigns say, and which actions they offer: asked without a browser."""

from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from campaigns import buckets, contacts, events, keys, pages, simulator, suppression
from campaigns.access import RIGHTS, allowed
from campaigns.contacts import Heard
from campaigns.errors import InputError, StateError
from campaigns.examination import Finding
from campaigns.lifecycle import control
from campaigns.lifecycle.probe import probe
from campaigns.policy.windows import WITHOUT
from campaigns.runtime import now_of
from campaigns.settings import Settings
from campaigns.simulator import Scenario
from campaigns.web.dashboard import optout_file, sheet
from campaigns.web.dashboard.life import answer, life
from campaigns.web.dashboard.optout_file import Wishes
from campaigns.web.dashboard.page import entry
from campaigns.web.dashboard.page.deeds import ICONS, Deed, consequence, offered
from campaigns.web.dashboard.page.health import health, why_parked
from campaigns.web.dashboard.screens import audit, settings
from campaigns.web.dashboard.screens import contacts as windows
from campaigns.web.dashboard.screens import events as inbound
from campaigns.web.dashboard.screens import help as help_screen
from campaigns.web.dashboard.screens import keys as key_screen
from campaigns.web.dashboard.screens import pages as page_screen
from schemas.api_key import Role
from schemas.campaign import CampaignState
from schemas.delivery import COUNTED
from schemas.page import Route
from schemas.reason import Reason, about
from schemas.right import Right
from tests import factories

HOUR_MS = 3_600_000


def park(runtime, code, sentence="It is parked."):
    with runtime.writing() as conn:
        pages.park(conn, pages.named(conn, "acme").id, code, sentence, now_of(conn))


@pytest.mark.databases("sqlite", "postgresql")
def test_a_page_says_who_waits_for_it(runtime, session, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(7))
    found = health(session(), "acme")
    assert (found.look.word, found.people, found.cap) == ("Ready", 7, 36)
    assert [(use.ref, use.state) for use in found.uses] == [(campaign.ref, CampaignState.SENDING)]
    assert consequence(found).startswith("It stops in 1 campaign: 7 people wait")
    control.cancel(runtime, campaign, "key:maria")
    assert health(session(), "acme").uses == ()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("190", ("Token refused", about(Reason.TOKEN_INVALID).next_step)),
        ("secret", ("Token refused", about(Reason.TOKEN_INVALID).next_step)),
        ("368", ("Restricted", about(Reason.SENDER_RESTRICTED).next_step)),
        ("made up", ("Parked", "")),
        (pages.PAUSED, ("Paused", "")),
    ],
)
def test_a_parked_page_says_what_to_do(runtime, session, tmp_path, code, said):
    factories.launched(runtime, tmp_path, factories.people(1))
    park(runtime, code)
    found = health(session(), "acme")
    assert (found.look.word, found.next_step) == said
    assert found.allowed == 0


def test_a_page_whose_secret_is_missing_is_not_ready(runtime, session, tmp_path):
    factories.launched(runtime, tmp_path, factories.people(1))
    with runtime.writing() as conn:
        entry_of, route = pages.entered("acme", factories.page(token="@{secret:ELSEWHERE}"))
        pages.put(conn, "acme", entry_of, route, now=now_of(conn), actor="key:maria")
        page = pages.named(conn, "acme")
    missing = "The secret ELSEWHERE of page acme is not set here. Set it first."
    with pytest.raises(InputError, match="ELSEWHERE"):
        probe(runtime, page, factories.ENVIRONMENT, "key:maria")
    found = health(session(), "acme")
    assert (found.look.word, found.look.tone, found.sentence) == ("Secret missing", "warn", missing)
    assert found.checked
    assert found.checked[1] == missing


def test_a_page_whose_token_was_refused_is_not_ready_until_it_is_another(runtime, session, tmp_path):
    factories.launched(runtime, tmp_path, factories.people(1))
    with simulator.start(Scenario()) as platform:
        refuses = factories.page(base_url=platform.meta_url, token="@{secret:REFUSED}")
        environment = {"REFUSED": "very-secret"}
        with runtime.writing() as conn:
            entry_of, route = pages.entered("acme", refuses)
            pages.put(conn, "acme", entry_of, route, now=now_of(conn), actor="key:maria")
            page = pages.named(conn, "acme")
        said = probe(runtime, page, environment, "key:maria").sentence
    admin = session()
    admin = replace(admin, house=replace(admin.house, environment=environment))
    found = health(admin, "acme")
    assert (found.look.word, found.look.tone, found.sentence) == ("Token refused", "warn", said)
    assert found.next_step == about(Reason.TOKEN_INVALID).next_step
    with runtime.writing() as conn:
        entry_of, route = pages.entered("acme", factories.page())
        pages.put(conn, "acme", entry_of, route, now=now_of(conn), actor="key:maria")
    assert health(session(), "acme").look.word == "Ready"


def test_a_page_that_waits_says_until_when(runtime, session, tmp_path):
    factories.launched(runtime, tmp_path, factories.people(1))
    with runtime.writing() as conn:
        now, page = now_of(conn), pages.named(conn, "acme")
        assert why_parked(page) is None
        buckets.pause(conn, pages.sender_bucket(page), now + HOUR_MS, code="4", sentence="Slow down.", now=now)
    found = health(session(), "acme")
    assert (found.look.word, found.until, found.since) == ("Waiting", now + HOUR_MS, None)


def test_what_is_offered_follows_from_state_and_rights(runtime, session, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(1))
    admin = session()
    assert offered(health(admin, "acme"), admin.may) == [Deed.CHECK, Deed.PULL, Deed.PAUSE]
    park(runtime, "190")
    assert offered(health(admin, "acme"), admin.may) == [Deed.CHECK, Deed.PULL, Deed.RESUME]
    control.cancel(runtime, campaign, "key:maria")
    assert Deed.REMOVE in offered(health(admin, "acme"), admin.may)
    assert offered(health(admin, "acme"), session(Role.AUTHOR).may) == [Deed.CHECK]
    assert offered(health(admin, "acme"), session(Role.VIEWER).may) == []
    assert set(ICONS) == set(Deed)


def test_a_page_is_added_once_and_never_with_its_token(runtime, session):
    admin = session()
    assert entry.put(admin, "acme", factories.page(), new=True) == []
    with pytest.raises(InputError, match="There is a page named acme already"):
        entry.put(admin, "acme", factories.page(), new=True)
    with pytest.raises(InputError, match="never the token itself") as refused:
        entry.put(admin, "acme", factories.page(token="EAAGsecret"), new=False)
    assert "EAAGsecret" not in str(refused.value)
    odd = entry.put(admin, "acme", factories.page(token="@{secret:ELSEWHERE}"), new=False)
    assert odd == ["The secret ELSEWHERE is not set here. Set it before a campaign uses the page."]
    assert runtime_token(runtime) == "@{secret:ELSEWHERE}"


def runtime_token(runtime):
    with runtime.reading() as conn:
        return Route.model_validate_json(pages.named(conn, "acme").route).token


def test_a_rate_is_a_number():
    assert (entry.number(""), entry.number("2,5"), entry.variable("my page")) == (None, 2.5, "@{secret:MY_PAGE_TOKEN}")
    with pytest.raises(InputError, match="is no rate"):
        entry.number("fast")


@pytest.mark.databases("sqlite", "postgresql")
def test_windows_are_counted_by_page(runtime, tmp_path):
    factories.launched(runtime, tmp_path, factories.people(1))
    with runtime.writing() as conn:
        now = now_of(conn)
        who = [("instagram", factories.ACCOUNT, factories.person(n), now - n * HOUR_MS) for n in (1, 23, 30)]
        contacts.hear(conn, [Heard(*each, 24 * HOUR_MS, "message", "", "webhook") for each in who], now)
    assert [(each.page, each.windows) for each in windows.opened(runtime)] == [("acme", 2)]
    assert windows.closes_after({"which": "open"}, now) == now
    assert windows.closes_after({"which": "all", "left": HOUR_MS}, now) == now + HOUR_MS
    assert windows.closes_after({"which": "all"}, now) == -1
    assert (windows.lasts(24 * HOUR_MS), windows.lasts(7 * 24 * HOUR_MS)) == ("24 h", "7 days")


@pytest.mark.databases("sqlite", "postgresql")
def test_two_messages_are_seen_in_one_look(runtime, tmp_path):
    person = factories.person(0)
    for number, name in enumerate(("Spring", "Autumn")):
        words = {"text": f"{name} {{{{ first_name }}}}"}
        made = factories.launched(runtime, tmp_path, factories.people(1), factories.content(name=name, message=words))
        with runtime.writing() as conn:
            at = now_of(conn) - number * HOUR_MS
            facts = {"at": at, "id": made.id}
            conn.execute(
                text("UPDATE delivery SET state = 'accepted', accepted_at = :at WHERE campaign_id = :id"), facts
            )
            for n in range(250):
                events.record(conn, at, "campaign.changed", "test", f"Changed {n}.", campaign_id=made.id)
    with runtime.writing() as conn:
        suppression.suppress(conn, person, 0, note="a letter", now=now_of(conn), actor="key:maria")
    with runtime.reading() as conn:
        found = life(conn, person)
    said = answer(found.person)
    assert said.startswith("2 messages went out: Autumn, ")
    assert "apart" in said
    told = [(each.about, each.sentence) for each in found.chapters]
    assert ("Spring", "Instagram accepted it.") in told
    assert ("", "Opted out (cli: a letter), by key:maria.") in told
    assert not [sentence for _, sentence in told if "Launched" in sentence or "Changed" in sentence]
    assert not [sentence for _, sentence in told if "closes" in sentence]
    assert [each.at for each in found.chapters] == sorted(each.at for each in found.chapters)


@pytest.mark.databases("sqlite", "postgresql")
def test_the_audit_is_narrowed_by_who_what_and_where(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(1))
    control.pause(runtime, campaign, "key:maria")
    with runtime.reading() as conn:
        everything = audit.happened(conn, {})
        assert [each.kind for each in audit.happened(conn, {"actor": "key:maria"})] == ["campaign.paused"]
        assert {each.kind for each in audit.happened(conn, {"kind": "campaign"})} == {each.kind for each in everything}
        assert [each.kind for each in audit.happened(conn, {"kind": "campaign.paused"})] == ["campaign.paused"]
        assert audit.happened(conn, {"kind": "camp"}) == []
        assert len(audit.happened(conn, {"campaign": campaign.ref})) == len(everything)
        assert [row["kind"] for row in audit.everything(conn, {})] == [each.kind for each in everything]
        assert "key:maria" in events.actors(conn)
        assert audit.grouped(list(events.kinds(conn)))["campaign.paused"] == "Campaign: paused"


def test_an_export_that_is_too_long_names_the_command():
    rows = [{"a": "=1"}, {"a": "2"}]
    assert sheet.written(rows, ("a",), "pagecast x").decode().splitlines() == ["a", "'=1", "2"]
    with pytest.raises(StateError, match="pagecast x"):
        sheet.written(rows, ("a",), "pagecast x", most=1)


def test_a_file_of_opt_outs_changes_nothing_until_it_is_put(runtime, tmp_path):
    file = tmp_path / "tool.csv"
    file.write_text(f"igsid,status\n{factories.person(1)},unsubscribed\n{factories.person(2)},active\n")
    wishes = Wishes(note="from tool.csv")
    found = optout_file.read(runtime, file, wishes, "key:maria")
    assert found.sentences()[:2] == [
        "2 rows: 1 person would be suppressed, 0 are already.",
        "Not opted out: 1 of them.",
    ]
    assert barred(runtime) == []
    assert optout_file.put(runtime, found.export, wishes, "key:maria").added == 1
    assert barred(runtime) == [factories.person(1)]


def test_a_file_of_opt_outs_with_damaged_ids_is_told_before_it_is_taken(runtime, tmp_path):
    file = tmp_path / "list"
    file.write_text("".join(f"178414{n:03}00000000\n" for n in range(100, 130)))
    said = optout_file.read(runtime, file, Wishes(), "key:maria").sentences()
    assert "Ids from a list without a header; every row counts as an opt-out." in said
    assert any(
        "30 ids of 30" in sentence and "a spreadsheet has probably changed them" in sentence for sentence in said
    )


def barred(runtime, person=None):
    with runtime.reading() as conn:
        return [row.recipient_id for row in suppression.listed(conn, person=person)]


@pytest.mark.databases("sqlite", "postgresql")
def test_one_person_is_found_among_the_suppressed(runtime):
    with runtime.writing() as conn:
        for n in (1, 2):
            suppression.suppress(conn, factories.person(n), 0, note="", now=now_of(conn), actor="test")
    assert barred(runtime, factories.person(2)) == [factories.person(2)]
    assert barred(runtime, factories.person(3)) == []
    assert len(barred(runtime)) == 2


def test_nobody_makes_a_key_with_rights_that_they_lack(runtime, session):
    narrow = session(Role.ADMIN, {Right.KEYS})
    with pytest.raises(StateError, match="Your own key lacks read"):
        key_screen.made(narrow, "more", Role.VIEWER, set(), "")
    assert "more" not in [line.name for line in key_screen.lines(runtime)]
    made = key_screen.made(session(), "crm", Role.VIEWER, set(), "24h")
    assert made.key.expires_at - made.key.created_at == 24 * HOUR_MS
    assert set(key_screen.MEANING) == set(RIGHTS) == set(Right)
    assert allowed(Role.ADMIN, Right.KEYS)


def paged(fetch, limit, **filters):
    """Return what a table shows, page by page."""
    shown, cursor = [], None
    while not shown or cursor is not None:
        assert len(shown) < 10, "it comes to no end"
        page = fetch(cursor, limit, filters)
        shown.append([row.name for row in page.rows])
        cursor = page.next
    return shown


def test_keys_are_shown_page_by_page(runtime):
    with runtime.writing() as conn:
        for n in range(5):
            keys.create(conn, f"k{n}", Role.VIEWER, now=now_of(conn), actor="test")
        keys.revoke(conn, "k1", now=now_of(conn), actor="test")
    assert paged(key_screen._fetch(runtime), 2) == [["k4", "k3"], ["k2", "k1"], ["k0"]]
    assert paged(key_screen._fetch(runtime), 2, state="live") == [["k4", "k3"], ["k2", "k0"]]


def test_pages_are_shown_page_by_page(runtime, session):
    given = [factories.page(account_id=f"1784140000000001{n}") for n in range(5)]
    with runtime.writing() as conn:
        for n, (entry, route) in enumerate(pages.entered(f"p{n}", each) for n, each in enumerate(given)):
            pages.put(conn, f"p{n}", entry, route, now=now_of(conn), actor="test")
    assert paged(page_screen._fetch(session()), 2) == [["p0", "p1"], ["p2", "p3"], ["p4"]]


def test_no_setting_is_without_meaning_and_no_secret_is_shown(tmp_path, monkeypatch):
    for name in ("SECRET_KEY", "META_APP_SECRET"):
        monkeypatch.setenv(f"PAGECAST_{name}", "hush")
    monkeypatch.setenv("DATABASE_URL", "postgresql://maria:hush@db.example/pagecast?sslpassword=hush")
    monkeypatch.setenv("REDIS_URL", "redis://:hush@redis.example/0")
    shown = {line.variable: line for line in settings.lines(Settings(home=tmp_path))}
    assert [line.variable for line in shown.values() if not line.meaning] == []
    assert "hush" not in repr(shown) + repr(settings.places(Settings(home=tmp_path)))
    assert shown["PAGECAST_META_APP_SECRET"].value == "set"
    assert shown["PAGECAST_META_VERIFY_TOKEN"].value == "not set"
    assert shown["DATABASE_URL"].value == "postgresql://db.example/pagecast"
    assert settings._shown("secret_key", SecretStr("")) == "not set"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://maria:hu/sh@db/pagecast", "postgresql://db/pagecast"),
        ("postgresql://maria:hu[sh@db:5432/pagecast", "postgresql://db:5432/pagecast"),
        ("postgresql://maria:hu@sh@db/pagecast", "postgresql://db/pagecast"),
        ("postgresql://maria:hu#sh@db/pagecast", "postgresql://…"),
        ("postgresql://maria:hu?sh@db/pagecast", "postgresql://…"),
        ("postgresql://db/pagecast?passfile=hu@sh", "postgresql://…"),
        ("postgresql:///pagecast", "postgresql:///pagecast"),
    ],
)
def test_no_sign_in_a_password_shows_it(url, shown, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", url)
    lines = {line.variable: line.value for line in settings.lines(Settings(home=tmp_path))}
    assert lines["DATABASE_URL"] == shown


def test_where_a_retry_may_help_there_is_something_to_do():
    assert [reason for reason in Reason if about(reason).retryable and about(reason).next_step == "Nothing."] == []


def test_health_is_summed_up_in_a_sentence():
    fine = Finding("disk", "ok", "Room.")
    assert settings.summary([fine, fine]) == "All 2 checks are fine."
    ill = [Finding("redis", "problem", "Gone."), Finding("home", "warning", "Open.")]
    assert settings.summary([fine, *ill]) == "Of 3 checks, 1 needs a person and 1 is worth a look."


def test_nobody_is_alive_in_an_empty_home(tmp_path):
    alive = dict(settings.running(Settings(home=tmp_path)))
    assert alive["Workers"] == "None here: nothing is sent from this machine."


def test_help_knows_every_state_and_reads_the_rule_from_the_policy():
    assert {state for state, _ in help_screen._CAMPAIGNS} == set(CampaignState)
    assert {state for state, _ in help_screen._DELIVERIES} == set(COUNTED)
    assert set(help_screen._STAGES) == {about(reason).stage for reason in Reason}
    assert set(help_screen.NOT_WRITING) <= set(WITHOUT)
    assert "24 hours" in help_screen.window_rule()[0]
    assert "7 days" in help_screen.window_rule()[0]


def test_webhooks_that_wait_are_told(runtime):
    found = inbound.intake(runtime)
    assert inbound.sentences(found) == [
        "No webhook waits: everything that came in is applied.",
        "None has come in so far.",
    ]
    late = inbound.Intake(found.now, 2, 61_000, (("meta", found.now - 5_000),), ())
    assert inbound.sentences(late) == [
        "2 webhooks wait to be applied, the first for 1 min 1 s. Is `pagecast up` running?",
        "The latest from Meta came 5 s ago.",
    ]
