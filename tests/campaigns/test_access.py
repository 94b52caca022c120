"""Roles and rights: every right has its roles, and what is written is not yet sent."""

from campaigns.access import RIGHTS, allowed, granted, holds, rights_of
from schemas.api_key import ApiKey, Role
from schemas.right import Right


def test_every_right_names_its_roles():
    assert set(RIGHTS) == set(Right)
    assert all(Role.ADMIN in roles for roles in RIGHTS.values())


def test_each_role_has_what_it_is_for():
    reading = {Right.ME, Right.READ}
    drafts = {Right.UPLOAD, Right.SUBMIT, Right.PLAN, Right.CLONE, Right.REMAINDER, Right.TEST}
    writing = reading | drafts | {Right.SUPPRESS, Right.CHECK_PAGES}
    verbs = {
        Right.LAUNCH,
        Right.PAUSE,
        Right.RESUME,
        Right.CANCEL,
        Right.RETRY,
        Right.RESOLVE,
        Right.REVISE,
        Right.CHANGE,
    }
    assert set(rights_of(Role.VIEWER)) == reading
    assert set(rights_of(Role.APPROVER)) == reading | {Right.APPROVE}
    assert set(rights_of(Role.AUTHOR)) == writing
    pages = {Right.STOP_PAGES, Right.PULL_PAGES, Right.CHANGE_TESTERS}
    assert set(rights_of(Role.SENDER)) == writing | verbs | pages
    assert set(rights_of(Role.ADMIN)) == set(Right)


def test_only_senders_and_admins_launch():
    assert {role for role in Role if allowed(role, Right.LAUNCH)} == {Role.SENDER, Role.ADMIN}


def test_scopes_take_rights_away_and_give_none():
    def key(role, scopes):
        return ApiKey(name="crm", role=role, scopes=scopes, prefix="", digest="", created_at=1, created_by="test")

    assert granted(key(Role.SENDER, "")) == rights_of(Role.SENDER)
    assert granted(key(Role.SENDER, "lists.add campaigns.submit")) == [Right.ME, Right.UPLOAD, Right.SUBMIT]
    assert granted(key(Role.VIEWER, "campaigns.launch")) == [Right.ME]
    assert granted(key(Role.ADMIN, "what.once.was")) == [Right.ME]
    assert not holds(key(Role.ADMIN, "read"), Right.LAUNCH)
