"""YouTube Data API: what is read, and what is changed without media."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fakes.google import errors
from fakes.google.routes.query import (
    answered,
    asked_filter,
    asked_page,
    asked_parts,
    check_query,
    not_covered,
    page_token,
)
from fakes.google.state import GoogleState
from fakes.google.state.profile import MAY_CHANGE, MAY_READ, channel_id
from fakes.google.wire import playlists
from fakes.google.wire import youtube as wire
from fakes.kit.bodies import bounded, json_object
from fakes.kit.oauth import bearer_text
from fakes.kit.people import PEOPLE, Person

LIST_UNITS, CHANGE_UNITS = 1, 50
_MOST_IDS = 50
_PER_PAGE = 5
_VIDEOS_QUERY = ("part", "id", "chart", "myRating", "maxResults", "pageToken", "hl", "locale", "regionCode")
_CHANNELS_QUERY = (
    *("part", "mine", "id", "forHandle", "forUsername", "managedByMe", "categoryId", "mySubscribers"),
    *("maxResults", "pageToken", "hl"),
)


def routes(state: GoogleState) -> list[BaseRoute]:
    """The routes of this part."""
    desk = _Desk(state)
    return [
        Route("/youtube/v3/videos", desk.list_videos, methods=["GET"]),
        Route("/youtube/v3/videos", desk.update_video, methods=["PUT"]),
        Route("/youtube/v3/videos", desk.delete_video, methods=["DELETE"]),
        Route("/youtube/v3/channels", desk.list_channels, methods=["GET"]),
        Route("/youtube/v3/playlistItems", desk.list_items, methods=["GET"]),
    ]


class _Desk:
    """Answers what needs no media."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._videos = state.videos
        self._url_at = state.kit.url_at

    async def list_videos(self, request: Request) -> Response:
        """videos.list by ids; unknown ones are simply absent."""
        one = self._reader(request)
        check_query(request, *_VIDEOS_QUERY)
        parts = asked_parts(request, wire.VIDEO_PARTS)
        used, ids = asked_filter(request, "chart", "id", "myRating")
        if used != "id":
            raise not_covered(used)
        if len(ids) > _MOST_IDS:
            raise errors.invalid_filters()
        found = self._videos.visible(ids, one)
        items = [wire.video_body(video, parts, self._url_at, for_owner=video.owner == one) for video in found]
        return answered(request, wire.list_body("youtube#videoListResponse", items, len(items)))

    async def update_video(self, request: Request) -> Response:
        """videos.update: the parts that are named are written anew."""
        one = self._state.caller(bearer_text(request), MAY_CHANGE, CHANGE_UNITS)
        check_query(request, "part")
        parts = asked_parts(request, wire.VIDEO_PARTS)
        for part in parts:
            if part not in wire.WRITABLE_PARTS:
                raise errors.unexpected_part(part)
        video = self._state.update_video(await _resource(request), parts, one)
        return answered(request, wire.video_body(video, parts, self._url_at))

    async def delete_video(self, request: Request) -> Response:
        """videos.delete."""
        one = self._state.caller(bearer_text(request), MAY_CHANGE, CHANGE_UNITS)
        check_query(request, "id")
        video_id = request.query_params.get("id")
        if not video_id:
            raise errors.missing_parameter("id")
        self._state.delete_video(video_id, one)
        return Response(status_code=204)

    async def list_channels(self, request: Request) -> Response:
        """channels.list: one's own, by ids, or by a handle."""
        one = self._reader(request)
        check_query(request, *_CHANNELS_QUERY)
        parts = asked_parts(request, wire.CHANNEL_PARTS)
        used, values = asked_filter(request, "forHandle", "forUsername", "id", "managedByMe", "mine")
        owners = [each for each in PEOPLE if each.has_channel and _is_meant(each, used, values, one)]
        items = [wire.channel_body(each, parts, self._videos.count_of(each), self._url_at) for each in owners]
        return answered(request, wire.list_body("youtube#channelListResponse", items, _PER_PAGE))

    async def list_items(self, request: Request) -> Response:
        """playlistItems.list of a channel's uploads, newest first."""
        one = self._reader(request)
        check_query(request, "part", "playlistId", "id", "videoId", "maxResults", "pageToken")
        parts = asked_parts(request, playlists.PARTS)
        used, values = asked_filter(request, "id", "playlistId")
        if used != "playlistId":
            raise not_covered(used)
        owner = next(
            (each for each in PEOPLE if each.has_channel and playlists.uploads_of(each) in values), None
        )
        if owner is None:
            raise errors.playlist_not_found()
        first, count = asked_page(request)
        video_id = request.query_params.get("videoId")
        found = [each for each in self._videos.of(owner, one) if video_id in (None, each.id)]
        shown = list(enumerate(found))[first : first + count]
        items = [playlists.item_body(video, place, parts, self._url_at) for place, video in shown]
        tokens = {"nextPageToken": page_token(first + count)} if first + count < len(found) else {}
        if first:
            tokens["prevPageToken"] = page_token(max(0, first - count))
        kind = "youtube#playlistItemListResponse"
        return answered(request, wire.list_body(kind, items, count, total=len(found), tokens=tokens))

    def _reader(self, request: Request) -> Person | None:
        """Who reads: a person with a token, or the public with an API key."""
        token, key = bearer_text(request), request.query_params.get("key")
        if token is None and key is not None:
            self._state.check_key(key, LIST_UNITS)
            return None
        return self._state.caller(token, MAY_READ, LIST_UNITS)


def _is_meant(each: Person, used: str, values: list[str], one: Person | None) -> bool:
    match used:
        case "mine":
            if one is None:
                raise errors.login_required()
            return values == ["true"] and each == one
        case "id":
            return channel_id(each) in values
        case "forHandle":
            return values == [f"@{each.login}"] or values == [each.login]
    raise not_covered(used)


async def _resource(request: Request) -> dict[str, Any]:
    try:
        return json_object(await bounded(request).body())
    except ValueError as error:
        raise errors.parse_error() from error
