"""The thread beside the clock forgets, and ends with it."""

import threading

from campaigns.inbox import Inbox, Raw
from schemas.page import ProviderName
from tests import factories
from workers import retention


def test_it_begins_at_once_and_ends_when_the_clock_does(tmp_path, wait_until):
    runtime, ending = factories.opened(tmp_path / "home"), threading.Event()
    with Inbox.opened(runtime) as inbox:
        inbox.keep([Raw(ProviderName.META, 1, b"{}")])
        inbox.applied({body.id: 1 for body in inbox.take(factories.now(runtime), 10)})
        thread = retention.beside(runtime, ending)
        wait_until(lambda: inbox.latest(ProviderName.META) is None, "the body is gone")
        assert thread.is_alive(), "it waits for its next hour"
        ending.set()
        thread.join(5)
        assert not thread.is_alive()
    runtime.close()
