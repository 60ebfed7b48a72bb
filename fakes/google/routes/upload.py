"""Uploads of videos (resumable, multipart, media) and of thumbnails."""

import asyncio
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fakes.google import errors
from fakes.google.routes.query import answered, asked_parts, check_query
from fakes.google.routes.youtube import CHANGE_UNITS
from fakes.google.state import GoogleState
from fakes.google.state.metadata import checked
from fakes.google.state.profile import MAY_UPLOAD
from fakes.google.state.uploads import CHUNK_UNIT_BYTES, Announcement, Upload
from fakes.google.wire import youtube as wire
from fakes.google.wire.multipart import RelatedBody
from fakes.google.wire.ranges import Span, span_of, stored_range
from fakes.kit.bodies import bounded, json_object
from fakes.kit.errors import ProviderError
from fakes.kit.oauth import bearer_text
from fakes.kit.people import Person
from fakes.kit.spool import Overtaken

_PATHS = ("/upload/youtube/v3/videos", "/resumable/upload/youtube/v3/videos")
IMAGE_LIMIT_BYTES = 52_428_800
VIDEO_LIMIT_BYTES = 274_877_906_944


def routes(state: GoogleState) -> list[BaseRoute]:
    """The routes of this part."""
    desk = _Desk(state)
    made: list[BaseRoute] = []
    for path in _PATHS:
        made += [
            Route(path, desk.insert, methods=["POST"]),
            Route(path, desk.chunk, methods=["PUT"]),
            Route(path, desk.cancel, methods=["DELETE"]),
        ]
    return [*made, Route("/upload/youtube/v3/thumbnails/set", desk.set_thumbnail, methods=["POST"])]


class _Desk:
    """Takes uploads in."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._uploads = state.uploads

    async def insert(self, request: Request) -> Response:
        """videos.insert: opens a session, or takes the whole video at once."""
        one = self._state.uploader(bearer_text(request))
        check_query(request, "part", "notifySubscribers", "autoLevels", "stabilize")
        _check_name(request)
        match request.query_params.get("uploadType"):
            case "resumable":
                return await self._open(request, one)
            case "multipart":
                return await self._take_multipart(request, one)
            case "media":
                return await self._take_media(request, one)
            case other:
                raise errors.invalid_upload_type(str(other))

    async def chunk(self, request: Request) -> Response:
        """A part of a resumable upload, or the question how far it is."""
        upload = self._uploads.settled(request.query_params.get("upload_id", ""))
        if upload.video_id is not None:
            return self._published(request, upload.video_id, upload.announced.answer_parts)
        try:
            span = span_of(request.headers.get("content-range"), _content_length(request))
        except ValueError as error:
            raise errors.bad_range(str(error)) from error
        if span.is_query:
            is_complete = span.total is not None and 0 < span.total == upload.stored_bytes
            return await self._finish(request, upload) if is_complete else _incomplete(upload)
        return await self._store(request, upload, span)

    async def cancel(self, request: Request) -> Response:
        """Ends a session."""
        self._uploads.cancel(self._uploads.settled(request.query_params.get("upload_id", "")))
        raise errors.cancelled()

    async def set_thumbnail(self, request: Request) -> Response:
        """thumbnails.set with the image as the body."""
        one = self._state.caller(bearer_text(request), MAY_UPLOAD, CHANGE_UNITS)
        check_query(request, "videoId")
        video_id = request.query_params.get("videoId")
        if not video_id:
            raise errors.missing_parameter("videoId")
        video = self._state.videos.owned(video_id, one, "videoId")
        body = self._body(bounded(request, IMAGE_LIMIT_BYTES, errors.image_too_large()))
        image = b"".join([piece async for piece in body])
        if not image.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")):
            raise errors.invalid_image()
        self._state.keep_thumbnail(video, image)
        return answered(request, wire.thumbnails_body(video_id, self._state.kit.url_at))

    async def _open(self, request: Request, one: Person) -> Response:
        metadata = b"".join([piece async for piece in self._body(bounded(request))])
        announced = Announcement(
            owner=one,
            answer_parts=asked_parts(request, wire.VIDEO_PARTS),
            parts=checked(_json(metadata), self._state.kit.clock.now()),
            content_type=request.headers.get("x-upload-content-type", "application/octet-stream"),
            total_bytes=_announced_bytes(request),
            idempotency_key=request.headers.get("idempotency-key"),
        )
        upload = self._uploads.open(announced)
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "key"]
        address = f"{_origin(request)}{request.url.path}?{urlencode([*query, ('upload_id', upload.id)])}"
        return Response(headers={"Location": address, "X-GUploader-UploadID": upload.id})

    async def _take_multipart(self, request: Request, one: Person) -> Response:
        parts = asked_parts(request, wire.VIDEO_PARTS)
        boundary = _boundary(request.headers.get("content-type", ""))
        body = RelatedBody(boundary)
        upload: Upload | None = None
        try:
            async for piece in self._body(request):
                media = body.feed(piece)
                if upload is None and body.media_type is not None:
                    upload = self._begin(request, one, parts, body.media_type, _json(body.metadata))
                if upload is not None:
                    self._uploads.spool.append(upload.file, media)
            end = body.finish()
        except ValueError as error:
            self._drop(upload)
            raise errors.media_required() from error
        except (ProviderError, ClientDisconnect):
            self._drop(upload)
            raise
        assert upload is not None
        self._uploads.spool.append(upload.file, end)
        return await self._take_whole(request, upload)

    async def _take_media(self, request: Request, one: Person) -> Response:
        parts = asked_parts(request, wire.VIDEO_PARTS)
        media_type = request.headers.get("content-type", "application/octet-stream")
        upload = self._begin(request, one, parts, media_type, {})
        try:
            async for piece in self._body(request):
                self._uploads.spool.append(upload.file, piece)
        except (ProviderError, ClientDisconnect):
            self._drop(upload)
            raise
        return await self._take_whole(request, upload)

    def _drop(self, upload: Upload | None) -> None:
        """Forget an upload that cannot be gone on with."""
        if upload is not None:
            self._uploads.cancel(upload)

    def _begin(
        self, request: Request, one: Person, answer_parts: tuple[str, ...], media_type: str, metadata: Any
    ) -> Upload:
        parts = checked(metadata, self._state.kit.clock.now())
        key = request.headers.get("idempotency-key")
        return self._uploads.open(Announcement(one, answer_parts, parts, media_type, None, key))

    async def _take_whole(self, request: Request, upload: Upload) -> Response:
        upload = self._uploads.session(upload.id)
        if upload.stored_bytes == 0:
            self._uploads.cancel(upload)
            raise errors.media_required()
        return await self._finish(request, upload)

    async def _store(self, request: Request, upload: Upload, span: Span) -> Response:
        overlap = self._uploads.accept(upload, span)
        try:
            with self._uploads.spool.writing(upload.file, CHUNK_UNIT_BYTES) as writer:
                async for piece in self._body(request):
                    fresh, overlap = piece[overlap:], max(0, overlap - len(piece))
                    if fresh:
                        writer.append(fresh)
                self._uploads.check_whole(upload, span)
        except ClientDisconnect:
            return Response(status_code=499)
        except Overtaken as error:
            raise errors.overtaken() from error
        stored = self._uploads.session(upload.id)
        return await self._finish(request, stored) if span.is_last else _incomplete(stored)

    async def _finish(self, request: Request, upload: Upload) -> Response:
        received = await asyncio.to_thread(self._uploads.examine, upload)
        video = self._state.publish(upload, received)
        return self._published(request, video.id, upload.announced.answer_parts)

    def _published(self, request: Request, video_id: str, parts: tuple[str, ...]) -> Response:
        video = self._state.videos.existing(video_id)
        return answered(request, wire.video_body(video, parts, self._state.kit.url_at, is_new=True))

    async def _body(self, request: Request) -> AsyncIterator[bytes]:
        """The body in pieces; gives up when the next piece does not come.

        Raises:
            ProviderError: Nothing came in time (408).
        """
        pieces = request.stream()
        while True:
            try:
                async with asyncio.timeout(self._state.body_timeout_s):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise errors.body_timeout() from error
            if piece is None:
                return
            yield piece


def _incomplete(upload: Upload) -> Response:
    return Response(status_code=308, headers=stored_range(upload.stored_bytes))


def _announced_bytes(request: Request) -> int | None:
    text = request.headers.get("x-upload-content-length", "")
    if not text.isdecimal():
        return None
    if len(text) > len(str(VIDEO_LIMIT_BYTES)) or int(text) > VIDEO_LIMIT_BYTES:
        raise errors.upload_too_large()
    return int(text)


def _check_name(request: Request) -> None:
    name = request.headers.get("slug", "")
    if any(char in name for char in "<>/\\"):  # guess: the documents do not say which names are invalid
        raise errors.invalid_filename()


def _origin(request: Request) -> str:
    """Where the client reached this fake: an upload goes on at the same host."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _content_length(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def _json(text: bytes) -> dict[str, Any]:
    try:
        return json_object(text)
    except ValueError as error:
        raise errors.parse_error() from error


def _boundary(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/related" or not boundary:
        raise errors.bad_content(content_type, "multipart/related")
    return boundary
