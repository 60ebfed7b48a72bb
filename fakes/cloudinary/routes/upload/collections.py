"""Upload API: `multi` and `sprite`, which make one picture of many."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, media, naming, transformation, wire
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.media import Probe
from fakes.cloudinary.naming import Name
from fakes.cloudinary.render import clips, collections
from fakes.cloudinary.render.collections import Member, Place
from fakes.cloudinary.render.materials import Material
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.downloads import downloader, sent_once
from fakes.cloudinary.routes.upload.remote import RemoteFiles
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Account, Asset, Key, Upload, Window
from fakes.kit.errors import ProviderError

_MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made.

    Attributes:
        kind: `multi` or `sprite`; also the delivery type of what is made.
        tag: Of the images; or None for `urls`.
        text: The transformation of each image, as written.
    """

    kind: str
    tag: str | None
    urls: tuple[str, ...]
    public_id: str
    text: str
    format: str

    @property
    def is_video(self) -> bool:
        """Whether the pictures become a video, by way of an animation."""
        return self.format in clips.FORMATS

    @property
    def picture_format(self) -> str:
        """The format of the picture that is kept."""
        return "gif" if self.is_video else self.format


class CollectionsApi:
    """Puts images together."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._remote = RemoteFiles(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            (method, f"{{resource_type}}/{kind}", self._handler(kind))
            for kind in ("multi", "sprite")
            for method in ("POST", "GET")
        ]

    def _handler(self, kind: str) -> Callable[[Request, Form], Awaitable[Response]]:
        async def handle(request: Request, form: Form) -> Response:
            resource_type_of(request)
            is_get = request.method == "GET"
            if is_get:
                account = downloader(self._service, request, form)
            else:
                account = self._service.signer(request, form)
            wish = _wish(form, kind)
            if is_get or form.text("mode") == "download":
                return await self._sent(account, wish)
            return await self._kept(account, wish, form)

        return handle

    async def _kept(self, account: Account, wish: Wish, form: Form) -> Response:
        """Make it an asset, at once or behind the answer."""
        key = _key(account, wish)
        self._state.check_may_store(account, key, key.public_id.rpartition("/")[0])
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        if not form.flag("async"):
            return JSONResponse(await self._made(account, wish, hooks))
        hooks, batch_id = self._service.notices.batched(hooks)
        self._state.background.start(self._make_later(account, wish, hooks))
        return JSONResponse(wire.pending_body(key, batch_id))

    async def _make_later(self, account: Account, wish: Wish, hooks: wire.Hooks) -> None:
        try:
            await self._made(account, wish, hooks)
        except ProviderError as error:
            self._service.notices.tell_error(account, error, wish.public_id, hooks)

    async def _made(self, account: Account, wish: Wish, hooks: wire.Hooks) -> dict[str, Any]:
        incoming = self._service.blobs.incoming()
        try:
            places = await self._write(account, wish, incoming)
            asset = await self._store(account, wish, incoming)
        finally:
            incoming.drop()
        if wish.is_video:
            await self._store_clip(asset, wish)
        body = await self._sprite_body(asset, wish, places) if places else self._multi_body(asset, wish)
        self._service.notices.tell(account, wish.kind, body, hooks)
        return body

    async def _sent(self, account: Account, wish: Wish) -> Response:
        incoming = self._service.blobs.incoming()
        try:
            await self._write(account, wish, incoming)
            if wish.is_video:
                blob = await asyncio.to_thread(incoming.read_back)
                probe = await asyncio.to_thread(media.probe_image, incoming.path)
                made = await self._clip(
                    _upload(_key(account, wish), (blob, probe)).draft, incoming.path, wish
                )
                incoming.drop()
                incoming = made
        except BaseException:
            incoming.drop()
            raise
        return sent_once(self._service, account, incoming, wish.public_id.rpartition("/")[2], wish.format)

    async def _write(self, account: Account, wish: Wish, incoming: Incoming) -> Mapping[str, Place] | None:
        """Write the picture; of a sprite, say where each image is."""
        async with contextlib.AsyncExitStack() as stack:
            if wish.tag is not None:
                members = await self._tagged(account, wish, stack)
            else:
                members = await self._loaded(account, wish, stack)
            run = self._service.renderer.run
            if wish.kind == "multi":
                await run(lambda: collections.multi(members, incoming.path, wish.picture_format))
                return None
            return await run(lambda: collections.sprite(members, incoming.path, wish.format))

    async def _tagged(self, account: Account, wish: Wish, stack: contextlib.AsyncExitStack) -> list[Member]:
        """Images with a tag, by public id."""
        window = Window(_MOST_MEMBERS + 1)
        page = self._state.listing.tagged(account.cloud, "image", wish.tag or "", window)
        assets = sorted((one for one in page.assets if one.type in wire.TYPES), key=lambda one: one.public_id)
        if not assets:
            raise errors.not_found(wish.tag or "")
        if len(assets) > _MOST_MEMBERS:
            raise errors.too_many_files(wish.kind, _MOST_MEMBERS)
        members = []
        for asset in assets:
            path = await stack.enter_async_context(self._service.file_of(asset))
            asked = await self._service.renderer.plan(Material(path, asset), wish.text, stack)
            members.append(Member(asset.public_id, path, asked))
        return members

    async def _loaded(self, account: Account, wish: Wish, stack: contextlib.AsyncExitStack) -> list[Member]:
        """Images of addresses, in their order."""
        members: list[Member] = []
        for number, url in enumerate(wish.urls):
            form = Form()
            stack.callback(form.drop)
            await self._remote.fetch(form, url)
            assert form.file is not None
            blob = form.file.finish()
            probe = await asyncio.to_thread(media.probe_image, form.file.path)
            stem = naming.base_name(form.filename) or str(number)
            public_id = stem if all(one.public_id != stem for one in members) else f"{stem}_{number}"
            upload = _upload(Key(account.cloud, "image", wish.kind, public_id), (blob, probe))
            original = Material(form.file.path, upload.draft)
            asked = await self._service.renderer.plan(original, wish.text, stack)
            members.append(Member(public_id, form.file.path, asked))
        return members

    async def _store(self, account: Account, wish: Wish, incoming: Incoming) -> Asset:
        """Make the picture an asset, and what its transformed address delivers."""
        blob = await asyncio.to_thread(incoming.read_back)
        if wish.format == "pdf":
            probe = await asyncio.to_thread(media.probe, incoming.path, "image", "a.pdf")
        else:
            probe = await asyncio.to_thread(media.probe_image, incoming.path)
        upload = _upload(_key(account, wish), (blob, probe))
        async with self._state.stored.kept(incoming, blob):
            asset = self._state.assets.store(upload).asset
            if wish.text and not wish.is_video:
                size_px = (asset.width, asset.height)
                self._state.assets.store_derived(asset, wish.text, wish.format, blob, size_px)
        return asset

    async def _store_clip(self, asset: Asset, wish: Wish) -> None:
        """Keep the animation as a video, too."""
        async with self._service.file_of(asset) as frames:
            made = await self._clip(asset, frames, wish)
        try:
            blob = await asyncio.to_thread(made.read_back)
            async with self._state.stored.kept(made, blob):
                size_px = (asset.width, asset.height)
                self._state.assets.store_derived(asset, wish.text, wish.format, blob, size_px)
        finally:
            made.drop()

    async def _clip(self, asset: Asset, frames: Path, wish: Wish) -> Incoming:
        made = self._service.blobs.incoming()
        # Pictures that are all the same were written as one: it is an animation none the less.
        moving = replace(asset, detail={**asset.detail, "pages": _MOST_MEMBERS})
        try:
            await self._service.renderer.rework(moving, frames, "", wish.format, made)
        except BaseException:
            made.drop()
            raise
        return made

    def _multi_body(self, asset: Asset, wish: Wish) -> dict[str, Any]:
        url = self._url(asset, wish, wish.format)
        identity = {"asset_id": asset.asset_id, "public_id": asset.public_id, "version": asset.version}
        return {**wire.addresses(url), **identity}

    async def _sprite_body(self, asset: Asset, wish: Wish, places: Mapping[str, Place]) -> dict[str, Any]:
        urls = {name: self._url(asset, wish, ending) for name, ending in _sprite_files(wish).items()}
        infos = {
            public_id: {"width": place.width, "height": place.height, "x": place.x, "y": place.y}
            for public_id, place in places.items()
        }
        sheet = collections.style_sheet(places, urls["image"])
        await self._keep_text(asset, wish, "css", sheet)
        await self._keep_text(asset, wish, "json", json.dumps({"image_infos": infos}))
        body: dict[str, Any] = {}
        for name, url in urls.items():
            body |= wire.addresses(url, f"{name}_url")
        identity = {"public_id": asset.public_id, "version": asset.version}
        return {**body, **identity, "image_infos": infos}

    async def _keep_text(self, asset: Asset, wish: Wish, ending: str, text: str) -> None:
        incoming = self._service.blobs.incoming()
        try:
            incoming.write(text.encode())
            blob = incoming.finish()
            async with self._state.stored.kept(incoming, blob):
                self._state.assets.store_derived(asset, wish.text, ending, blob, (None, None))
        finally:
            incoming.drop()

    def _url(self, asset: Asset, wish: Wish, ending: str) -> str:
        origin = self._service.origin
        return wire.delivery_url(origin, asset, transformation=wish.text, format_name=ending)


def _wish(form: Form, kind: str) -> Wish:
    tag, urls = form.text("tag"), form.many("urls")
    if (tag is None) == (not urls):
        raise errors.missing_parameter("tag")
    if len(urls) > _MOST_MEMBERS:
        raise errors.too_many_files(kind, _MOST_MEMBERS)
    text = (form.text("transformation") or "").strip("/")
    asked = transformation.parse_text(text)
    format_name = asked.last("format") or form.text("format") or ("gif" if kind == "multi" else "png")
    if kind == "sprite" and format_name in clips.FORMATS:
        raise errors.transformation_refused(f"Invalid extension in transformation: {format_name}")
    identity = naming.digest("|".join(urls)) if urls else tag
    public_id = naming.check(form.text("public_id") or identity or "")
    return Wish(kind, tag, urls, public_id, asked.text, str(format_name))


def _sprite_files(wish: Wish) -> dict[str, str]:
    return {"css": "css", "image": wish.format, "json": "json"}


def _key(account: Account, wish: Wish) -> Key:
    return Key(account.cloud, "image", wish.kind, wish.public_id)


def _upload(key: Key, found: tuple[Any, Probe]) -> Upload:
    blob, probe = found
    folder, _, shown = key.public_id.rpartition("/")
    return Upload(key, Name(key.public_id, folder, shown), blob, probe, None, (), {}, overwrite=True)
