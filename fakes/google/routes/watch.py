"""Pages of this fake's own, so that a person can look at what was uploaded."""

import asyncio
import html

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from fakes.google.state import GoogleState
from fakes.kit.footage import picture
from fakes.kit.oauth import avatar
from fakes.kit.people import person

_STYLE = (
    "body{margin:0;background:#0f0f0f;color:#f1f1f1;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:960px;margin:0 auto;padding:24px}video{width:100%;max-height:70vh;background:#000;"
    "border-radius:12px}p{color:#aaa;white-space:pre-wrap}"
)


def routes(state: GoogleState) -> list[BaseRoute]:
    """The routes of this part."""
    videos, spool = state.videos, state.spool

    async def watch(request: Request) -> Response:
        video = videos.existing(request.query_params.get("v", ""))
        title, text = html.escape(video.title), html.escape(video.parts["snippet"].get("description", ""))
        privacy = video.parts["status"]["privacyStatus"]
        source = f"/videoplayback?id={video.id}"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style><main>"
            f'<video controls src="{source}" poster="/vi/{video.id}/hqdefault.jpg"></video>'
            f"<h1>{title}</h1><p>{html.escape(video.owner.display_name)} · {privacy}"
            f" · {video.upload_status}</p>"
            f"<p>{text}</p></main></html>"
        )

    async def play(request: Request) -> Response:
        video = videos.existing(request.query_params.get("id", ""))
        if video.file is None:
            return Response(status_code=404)
        return FileResponse(spool.path(video.file), media_type=video.content_type)

    async def thumbnail(request: Request) -> Response:
        video = videos.existing(request.path_params["video_id"])
        if video.thumbnail is not None:
            return FileResponse(spool.path(video.thumbnail), media_type=video.thumbnail_type)
        made = None if video.file is None else await asyncio.to_thread(picture, spool.path(video.file))
        return Response(status_code=404) if made is None else Response(made, media_type="image/jpeg")

    async def face(request: Request) -> Response:
        one = person(request.path_params["login"])
        return Response(status_code=404) if one is None else avatar(one, state.oauth.profile.color)

    return [
        Route("/a/{login}", face),
        Route("/watch", watch),
        Route("/videoplayback", play),
        Route("/vi/{video_id}/{name}", thumbnail),
    ]
