"""TikTok over HTTP."""

import html
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, json_object
from fakes.kit.hosts import came_by_name
from fakes.kit.kit import Kit, Parts
from fakes.kit.oauth import authorize_routes, avatar, bearer_text, oauth_controls, token_request
from fakes.kit.people import person
from fakes.kit.refusals import REFUSAL
from fakes.kit.spool import Overtaken
from fakes.tiktok import errors, wire
from fakes.tiktok.state import TikTokState
from fakes.tiktok.state.profile import MAY_PUBLISH, MAY_SEE_STATUS, MAY_SHARE
from fakes.tiktok.state.publishing import DIRECT, INBOX, Publish

_VIDEO_TYPES = ("video/mp4", "video/quicktime", "video/webm")
_NO_STORE = {"Cache-Control": "no-store"}


def build(kit: Kit) -> Parts:
    """Make the fake."""
    state = TikTokState(kit)
    login, api, pages = _Login(state), _Api(state), _Pages(state)
    publish = "/v2/post/publish"
    return Parts(
        state=state,
        routes=[
            *authorize_routes(state.oauth, "/v2/auth/authorize/"),
            Route("/v2/oauth/token/", login.token, methods=["POST"]),
            Route("/v2/oauth/revoke/", login.revoke, methods=["POST"]),
            Route("/v2/user/info/", api.user_info),
            Route(f"{publish}/creator_info/query/", api.creator_info, methods=["POST"]),
            Route(f"{publish}/video/init/", api.init, methods=["POST"]),
            Route(f"{publish}/inbox/video/init/", api.init_inbox, methods=["POST"]),
            Route(f"{publish}/content/init/", api.init_photos, methods=["POST"]),
            Route(f"{publish}/status/fetch/", api.status, methods=["POST"]),
            Route(f"{publish}/cancel/", api.cancel, methods=["POST"]),
            Route("/video/", api.chunk, methods=["PUT"]),
            Route("/@{login}/video/{post_id}", pages.show),
            Route("/play/{post_id}", pages.play),
            Route("/inbox/{login}", pages.inbox, methods=["GET"]),
            Route("/inbox/{login}", pages.share, methods=["POST"]),
            Route("/avatar/{login}", pages.face),
        ],
        error_body=lambda error: wire.error_body(
            error, wire.log_id(kit.clock.now(), kit.ids), state.settings.get("oauth_error_http_status")
        ),
        posts=lambda: [
            wire.post_body(one, state.web_url)
            for one in state.publishing.all()
            if one.status == "PUBLISH_COMPLETE"
        ],
        forget=state.forget,
        close=state.close,
        controls=oauth_controls(state.oauth, kit),
        conditions={REFUSAL.name: state.refusals},
    )


async def _json(request: Request) -> dict[str, Any]:
    try:
        return json_object(await bounded(request).body())
    except ValueError as error:
        raise errors.invalid_params(f"The request body is {error}") from error


def _upload_origin(request: Request, kit: Kit) -> str:
    """Where an upload goes: the host for uploads, or the address by which the client reached this fake."""
    if came_by_name.get():
        return kit.url_at("open-upload.tiktokapis.com")
    return f"{request.url.scheme}://{request.url.netloc}"


class _Login:
    """Login Kit."""

    def __init__(self, state: TikTokState) -> None:
        self._state = state

    async def token(self, request: Request) -> Response:
        """Codes and refresh tokens for tokens."""
        engine = self._state.oauth
        issued = engine.token(await token_request(request, engine.profile))
        return JSONResponse(wire.token_body(issued), headers=_NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """Ends an authorization."""
        engine = self._state.oauth
        asked = await token_request(request, engine.profile)
        self._state.revoke(asked.params.get("token"), engine.clients.of(asked, "revoke"))
        return JSONResponse({})


class _Api:
    """User information and the Content Posting API."""

    def __init__(self, state: TikTokState) -> None:
        self._state = state
        self._posts = state.publishing

    async def user_info(self, request: Request) -> Response:
        """The fields that were asked for."""
        grant = self._state.caller(bearer_text(request))
        assert grant.person is not None
        count = sum(one.creator == grant.person for one in self._posts.all())
        fields = request.query_params.get("fields")
        return self._ok(wire.user_body(grant, grant.person, fields, self._state.web_url, count))

    async def creator_info(self, request: Request) -> Response:
        """What the creator may choose from."""
        grant = self._state.reader(bearer_text(request), *MAY_PUBLISH, per_minute=20)
        assert grant.person is not None
        return self._ok(wire.creator_body(self._state.creator(grant.person), self._state.web_url))

    async def init(self, request: Request) -> Response:
        """Begins a direct post."""
        grant = self._state.caller(bearer_text(request), *MAY_PUBLISH, per_minute=6)
        assert grant.person is not None
        body = await _json(request)
        post_info = body.get("post_info")
        if not isinstance(post_info, dict):
            raise errors.invalid_params("The post info is required")
        key = request.headers.get("idempotency-key")
        publish = self._state.announce(grant.person, post_info, wire.source_of(body), key)
        return self._ok(wire.init_body(publish, _upload_origin(request, self._state.kit)))

    async def init_inbox(self, request: Request) -> Response:
        """Begins a draft that the creator finds in the inbox."""
        grant = self._state.caller(bearer_text(request), *MAY_SHARE, per_minute=6)
        assert grant.person is not None
        source = wire.source_of(await _json(request))
        key = request.headers.get("idempotency-key")
        publish = self._state.announce(grant.person, {}, source, key, INBOX)
        return self._ok(wire.init_body(publish, _upload_origin(request, self._state.kit)))

    async def init_photos(self, request: Request) -> Response:
        """Begins a post of photos, direct or for the inbox."""
        body = await _json(request)
        mode = body.get("post_mode")
        if body.get("media_type") != "PHOTO" or mode not in ("DIRECT_POST", "MEDIA_UPLOAD"):
            raise errors.invalid_params("The media type or the post mode is invalid")
        kind = DIRECT if mode == "DIRECT_POST" else INBOX
        scopes = MAY_PUBLISH if kind == DIRECT else MAY_SHARE
        grant = self._state.caller(bearer_text(request), *scopes, per_minute=6)
        assert grant.person is not None
        post_info = body.get("post_info")
        if not isinstance(post_info, dict):
            raise errors.invalid_params("The post info is required")
        key = request.headers.get("idempotency-key")
        publish = self._state.announce(grant.person, post_info, wire.photos_of(body), key, kind)
        return self._ok(wire.init_body(publish, _upload_origin(request, self._state.kit)))

    async def status(self, request: Request) -> Response:
        """How far a post is."""
        publish = await self._state.looked_after(await self._asked(request, per_minute=30))
        return self._ok(wire.status_body(publish, self._state.spool.settled_size(publish.file)))

    async def cancel(self, request: Request) -> Response:
        """Takes back a post that is not published yet."""
        self._state.cancel(await self._asked(request))
        return self._ok({})

    async def chunk(self, request: Request) -> Response:
        """Takes the next chunk of a video; no token, the address is the secret."""
        query = request.query_params
        publish = self._posts.upload(query.get("upload_id", ""), query.get("upload_token", ""))
        if request.headers.get("content-type") not in _VIDEO_TYPES:
            raise errors.upload(400, f"The content type must be one of {', '.join(_VIDEO_TYPES)}.")
        length = request.headers.get("content-length", "")
        content_range = request.headers.get("content-range")
        end = self._state.check_chunk(publish, content_range, int(length) if length.isdecimal() else None)
        await self._store(request, publish.file, end)
        assert publish.plan is not None
        total = publish.plan.total_bytes
        if end == total:
            await self._state.receive(publish)
        headers = {"Content-Range": f"bytes 0-{end}/{total}"}
        return Response(status_code=201 if end == total else 206, headers=headers)

    async def _asked(self, request: Request, per_minute: int | None = None) -> Publish:
        """The post of the caller that the body names."""
        grant = self._state.caller(bearer_text(request), *MAY_SEE_STATUS, per_minute=per_minute)
        publish_id = str((await _json(request)).get("publish_id", ""))
        return self._posts.existing(publish_id, grant.person)

    async def _store(self, request: Request, file: str, end: int) -> None:
        """Store a chunk whole or not at all."""
        spool = self._state.spool
        wrong_length = errors.upload(400, "The body is not as long as the Content-Range header says.")
        try:
            with spool.writing(file) as writer:
                async for piece in bounded(request, end - writer.begin_bytes, wrong_length).stream():
                    writer.append(piece)
                if spool.size(file) != end:
                    raise wrong_length
        except ClientDisconnect as error:
            raise errors.upload(400, "The connection ended within the chunk.") from error
        except Overtaken as error:
            raise errors.overtaken() from error

    def _ok(self, data: Mapping[str, Any]) -> Response:
        kit = self._state.kit
        return JSONResponse(wire.envelope(data, wire.log_id(kit.clock.now(), kit.ids)))


class _Pages:
    """Pages of this fake's own, so that a person can look at what was posted."""

    def __init__(self, state: TikTokState) -> None:
        self._state = state

    async def show(self, request: Request) -> Response:
        """A post with its video."""
        publish = self._state.publishing.published(request.path_params["post_id"])
        if publish is None or publish.creator.login != request.path_params["login"]:
            return HTMLResponse("<!doctype html><title>TikTok</title><p>Video currently unavailable", 404)
        title = html.escape(publish.title)
        source = f"/play/{publish.post_id}"
        media = f'<video controls src="{source}"></video>'
        if publish.photos:
            places = range(1, len(publish.photos) + 1)
            media = "".join(f'<img src="{source}?photo={place}" alt="photo {place}">' for place in places)
        style = "body{margin:0;background:#121212;color:#fff;font:16px system-ui;text-align:center}"
        return HTMLResponse(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f"<style>{style}video,img{{max-height:85vh;max-width:100%}}</style>{media}"
            f"<p><b>@{publish.creator.login}</b> {title}</p></html>"
        )

    async def play(self, request: Request) -> Response:
        """The bytes of a post's video, or of one of its photos."""
        publish = self._state.publishing.published(request.path_params["post_id"])
        if publish is None or publish.sha256 is None:
            return Response(status_code=404)
        place = request.query_params.get("photo", "1")
        if not place.isdecimal() or len(place) > 2 or not 1 <= int(place) <= len(publish.files):
            return Response(status_code=404)
        path = self._state.spool.path(publish.files[int(place) - 1])
        return FileResponse(path, media_type="image/jpeg" if publish.photos else "video/mp4")

    async def inbox(self, request: Request) -> Response:
        """A creator's inbox: drafts, each with a button that posts it."""
        login = request.path_params["login"]
        button = '<button name="publish_id" value="{0}">Post {0}</button>'
        drafts = [
            f'<li><form method="post">{button.format(one.id)}</form>'
            for one in self._state.publishing.all()
            if one.creator.login == login and one.status == "SEND_TO_USER_INBOX"
        ]
        listed = "".join(drafts) or "<li>no drafts"
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Inbox</title>'
        return HTMLResponse(f"{head}<ul>{listed}</ul></html>")

    async def share(self, request: Request) -> Response:
        """Posts a draft, as the creator would in the app."""
        form = await bounded(request).form()
        publish = self._state.publishing.existing(str(form.get("publish_id", "")))
        if publish.creator.login != request.path_params["login"]:
            raise errors.foreign_publish_id()
        shared = self._state.share(publish.id)
        return RedirectResponse(f"/@{shared.creator.login}/video/{shared.post_id}", 303)

    async def face(self, request: Request) -> Response:
        """A person's picture."""
        one = person(request.path_params["login"])
        return Response(status_code=404) if one is None else avatar(one, self._state.oauth.profile.color)
