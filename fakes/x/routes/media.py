"""Media uploads: in steps of their own, as older commands, or in one request."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.numbers import whole
from fakes.x import errors, wire
from fakes.x.guard import Guard
from fakes.x.routes.bodies import read_json, read_upload
from fakes.x.state import State
from fakes.x.state.media import SEGMENT_BYTES, Media
from fakes.x.state.users import User


def routes(state: State, guard: Guard) -> list[Route]:
    """Routes below /2/media/upload."""
    library = state.media

    def begun(owner: User, fields: dict[str, Any], total_bytes: Any) -> Media:
        category = str(fields.get("media_category") or "tweet_image")
        return library.initialize(owner.id, str(fields.get("media_type", "")), category, _number(total_bytes))

    def appended(owner: User, media_id: str, fields: dict[str, Any], content: bytes | None) -> Media:
        return library.append(owner.id, media_id, _number(fields.get("segment_index")), content or b"")

    async def initialize(request: Request) -> Response:
        owner = guard.person(request, "media chunk", "media.write")
        fields = await read_json(request)
        return JSONResponse(wire.media_body(begun(owner, fields, fields.get("total_bytes"))))

    async def append(request: Request) -> Response:
        owner = guard.person(request, "media chunk", "media.write")
        media = appended(owner, request.path_params["id"], *await read_upload(request))
        return JSONResponse({"data": {"expires_at": int(media.expires_s)}})

    async def finalize(request: Request) -> Response:
        owner = guard.person(request, "media chunk", "media.write")
        return JSONResponse(wire.final_media_body(library.finalize(owner.id, request.path_params["id"])))

    async def status(request: Request) -> Response:
        owner = guard.person(request, "media status", "media.write")
        if request.query_params.get("command", "STATUS") != "STATUS":
            raise errors.invalid("command must be STATUS", "command")
        media = library.get(owner.id, request.query_params.get("media_id", ""))
        return JSONResponse(wire.final_media_body(media))

    async def upload(request: Request) -> Response:
        owner = guard.person(request, "media upload", "media.write")
        fields, content = await read_upload(request)
        match fields.get("command"):
            case "INIT":
                return JSONResponse(wire.media_body(begun(owner, fields, fields.get("total_bytes"))))
            case "APPEND":
                appended(owner, str(fields.get("media_id")), fields, content)
                return Response(status_code=204)
            case "FINALIZE":
                return JSONResponse(
                    wire.final_media_body(library.finalize(owner.id, str(fields.get("media_id"))))
                )
            case None:
                return JSONResponse(wire.final_media_body(at_once(owner, fields, content)))
        raise errors.invalid("command must be INIT, APPEND or FINALIZE", "command", str(fields["command"]))

    def at_once(owner: User, fields: dict[str, Any], content: bytes | None) -> Media:
        """An upload in one request."""
        if not content:
            raise errors.invalid("media is required", "media")
        media = begun(owner, {"media_type": "application/octet-stream", **fields}, len(content))
        for position, start in enumerate(range(0, len(content), SEGMENT_BYTES)):
            library.append(owner.id, media.id, position, content[start : start + SEGMENT_BYTES])
        return library.finalize(owner.id, media.id)

    return [
        Route("/2/media/upload", upload, methods=["POST"]),
        Route("/2/media/upload", status, methods=["GET"]),
        Route("/2/media/upload/initialize", initialize, methods=["POST"]),
        Route("/2/media/upload/{id}/append", append, methods=["POST"]),
        Route("/2/media/upload/{id}/finalize", finalize, methods=["POST"]),
    ]


def _number(value: Any) -> int:
    """A number that came as JSON or as text; -1, which no field takes, for anything else."""
    found = whole(str(value))
    return -1 if found is None else found
