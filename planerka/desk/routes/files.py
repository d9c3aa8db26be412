"""Styles, scripts and pictures."""

from typing import Annotated

from starlette.exceptions import HTTPException
from starlette.responses import Response

from planerka.desk.access import PUBLIC, DeskRouter
from planerka.desk.pages import static_files
from planerka.desk.visit import Visit

router = DeskRouter()

FOR_A_YEAR = "public, max-age=31536000, immutable"


@router.get("/static/{name}", response_class=Response)
def static_file(visit: Annotated[Visit, PUBLIC], name: str, v: str = "") -> Response:
    """A file by its name; only of the version that is there may a browser keep it."""
    file = static_files().get(name)
    if file is None:
        raise HTTPException(404)
    kept = {"Cache-Control": FOR_A_YEAR} if v == file.version else {}
    return Response(file.content, media_type=file.media_type, headers=kept)
