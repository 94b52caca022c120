"""The HTTP API from Python: a call is a value that plain functions make, and a client carries it out.

    with Client("https://pagecast.example", key) as client:
        kept = client.upload(Path("people.csv"))
        draft = client.do(campaigns.submit({"name": "Spring", "list": kept.id, "page": "acme", "message": …}))
        plan = client.do(campaigns.plan(draft.id))
        client.do(campaigns.launch(draft.id, plan.token))
        for status in client.watch(draft.id):
            print(status.sentence)

calls      what can be asked, one noun a module: `from campaigns.client.calls import campaigns`
call       what is asked: method, path, body, and the shape of the answer
flow       what is done until there is an answer: asking again, waiting for a job
faults     what went wrong, as the errors of `campaigns.errors`
blocking   the client; awaiting is the same one for asyncio

It needs httpx and the shapes alone: it opens no database, and reads no settings.
"""

from campaigns.client.awaiting import AsyncClient
from campaigns.client.blocking import Client
from campaigns.client.call import Call, Listing
from campaigns.client.faults import UnreachableError

__all__ = ["AsyncClient", "Call", "Client", "Listing", "UnreachableError"]
