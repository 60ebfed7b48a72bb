"""YouTube Data API: what is read, and what is changed without media."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fakes.google import errors
from fakes.google.state import GoogleState
from fakes.google.state.profile import MAY_CHANGE, MAY_READ, channel_id
from fakes.google.wire import Utf8Json
from fakes.google.wire import youtube as wire
from fakes.kit.errors import ProviderError
from fakes.kit.oauth import bearer_text
from fakes.kit.people import PEOPLE

LIST_UNITS, CHANGE_UNITS = 1, 50
_PER_PAGE = 5


def routes(state: GoogleState) -> list[BaseRoute]:
    """The routes of this part."""
    url, videos = state.kit.url, state.videos

    async def list_videos(request: Request) -> Response:
        one = state.caller(bearer_text(request), MAY_READ, LIST_UNITS)
        parts = asked_parts(request, wire.VIDEO_PARTS)
        found = videos.visible(_ids(request, "chart", "id", "myRating"), one)
        items = [wire.video_body(video, parts, url, for_owner=video.owner == one) for video in found]
        return tagged(wire.list_body("youtube#videoListResponse", items, len(items)))

    async def delete_video(request: Request) -> Response:
        one = state.caller(bearer_text(request), MAY_CHANGE, CHANGE_UNITS)
        video_id = request.query_params.get("id")
        if not video_id:
            raise errors.missing_parameter("id")
        state.delete_video(video_id, one)
        return Response(status_code=204)

    async def list_channels(request: Request) -> Response:
        one = state.caller(bearer_text(request), MAY_READ, LIST_UNITS)
        parts = asked_parts(request, wire.CHANNEL_PARTS)
        if request.query_params.get("mine") == "true":
            wanted = [channel_id(one)]
        else:
            wanted = _ids(request, "forHandle", "forUsername", "id", "managedByMe", "mine")
        owners = [each for each in PEOPLE if each.has_channel and channel_id(each) in wanted]
        items = [wire.channel_body(each, parts, videos.count_of(each), url) for each in owners]
        return tagged(wire.list_body("youtube#channelListResponse", items, _PER_PAGE))

    return [
        Route("/youtube/v3/videos", list_videos, methods=["GET"]),
        Route("/youtube/v3/videos", delete_video, methods=["DELETE"]),
        Route("/youtube/v3/channels", list_channels, methods=["GET"]),
    ]


def asked_parts(request: Request, known: frozenset[str]) -> tuple[str, ...]:
    """The parts of the query, repeated or separated by commas.

    Raises:
        ProviderError: None was named, or one does not exist (400).
    """
    texts = request.query_params.getlist("part")
    parts = tuple(dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part.strip()))
    if not parts:
        raise errors.missing_parameter("part")
    for part in parts:
        if part not in known:
            raise errors.unknown_part(part)
    return parts


def tagged(body: dict[str, object]) -> Response:
    """JSON whose ETag header is its etag."""
    return Utf8Json(body, headers={"ETag": str(body["etag"])})


def _ids(request: Request, *filters: str) -> list[str]:
    texts = request.query_params.getlist("id")
    if texts:
        return [each for text in texts for each in text.split(",") if each]
    used = [name for name in filters if name in request.query_params]
    if used:
        raise ProviderError(501, f"this fake does not cover the filter '{used[0]}'", code="notImplemented")
    raise errors.no_filter(", ".join(filters))
