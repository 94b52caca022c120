"""Roles and rights: every right has its roles, and what is written is not yet sent."""

from campaigns.access import RIGHTS, allowed, rights_of
from schemas.api_key import Role
from schemas.right import Right


def test_every_right_names_its_roles():
    assert set(RIGHTS) == set(Right)
    assert all(Role.ADMIN in roles for roles in RIGHTS.values())


def test_each_role_has_what_it_is_for():
    reading = {Right.READ}
    writing = reading | {Right.UPLOAD, Right.SUBMIT, Right.PLAN, Right.CLONE, Right.REMAINDER, Right.SUPPRESS}
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
    assert set(rights_of(Role.SENDER)) == writing | verbs | {Right.STOP_PAGES}
    assert set(rights_of(Role.ADMIN)) == set(Right)


def test_only_senders_and_admins_launch():
    assert {role for role in Role if allowed(role, Right.LAUNCH)} == {Role.SENDER, Role.ADMIN}
