"""The lines of a list that cannot be used, as a file: a route of the dashboard's own, behind its guard."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

from fastapi import HTTPException, Request
from fastapi.responses import FileResponse
from nicegui import app
from starlette.background import BackgroundTask

from campaigns import errands
from campaigns.errands import Bench
from campaigns.errors import PagecastError
from campaigns.web.dashboard.session import Session
from schemas.job import JobKind
from schemas.right import Right

PATH = "/new/lists/{list_id}/rejects.csv"


@app.get(PATH, include_in_schema=False)
def rejects(request: Request, list_id: str) -> FileResponse:
    """Write the file and send it; raises an HTTPException: 403 without the right, 404 where there is no such list."""
    session = request.scope["state"]["session"]
    assert isinstance(session, Session), "the guard puts it there"
    if not session.may(Right.READ):
        raise HTTPException(403)
    folder = Path(mkdtemp(prefix="pagecast-"))
    gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    try:
        bench = Bench(session.runtime, session.environment, folder, session.actor)
        made = errands.do(bench, JobKind.REJECTS, {"list": list_id})
    except PagecastError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise HTTPException(404, str(error)) from None
    return FileResponse(folder / made.file, media_type="text/csv", filename=made.file, background=gone)
