"""Upload API: `POST /v1_1/<cloud>/<resource type>/<action>`."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary import errors, media, naming, wire
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Service
from fakes.cloudinary.state import Account, Asset, Key, Outcome, Session, Upload, check_may_write, parse_range
from fakes.cloudinary.state.accounts import TOLERATED_UNSIGNED
from fakes.cloudinary.wire import UploadOptions
from fakes.kit.addresses import is_within
from fakes.kit.errors import ProviderError

LIMIT_BYTES = {
    "image": wire.IMAGE_LIMIT_BYTES,
    "video": wire.VIDEO_LIMIT_BYTES,
    "raw": wire.VIDEO_LIMIT_BYTES,
}
_FETCH_TIMEOUT_S = 30.0


class UploadApi:
    """Handlers of the Upload API."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows."""
        actions = {
            "upload": self.upload,
            "upload_chunked": self.upload,
            "explicit": self.explicit,
            "destroy": self.destroy,
            "rename": self.rename,
            "tags": self.tags,
            "context": self.context,
        }
        path = "/v1_1/{cloud}/{resource_type}/"
        reads_form = self._service.reads_form
        return [
            Route(path + name, reads_form(handler), methods=["POST"]) for name, handler in actions.items()
        ]

    async def upload(self, request: Request, form: Form) -> Response:
        """Store a file, or a part of one."""
        resource_type = _resource_type(request, also="auto")
        account = self._service.signer(request, form)
        options = wire.upload_options(form)
        self._service.check_hooks((*options.notification_urls, *options.eager_notification_urls))
        if form.source_url is not None:
            await self._fetch(form, form.source_url)
        incoming = form.file
        if incoming is None:
            raise errors.missing_parameter("file")
        if incoming.size_bytes > REQUEST_FILE_LIMIT_BYTES:
            raise errors.file_too_large(incoming.size_bytes, REQUEST_FILE_LIMIT_BYTES)

        upload_id, content_range = (
            request.headers.get("x-unique-upload-id"),
            request.headers.get("content-range"),
        )
        if upload_id and content_range:
            body = await self._part(account, resource_type, options, form, (upload_id, content_range))
        else:
            body = await self._whole(account, resource_type, options, incoming, form.filename)
        return JSONResponse(body)

    async def explicit(self, request: Request, form: Form) -> Response:
        """Change an asset that is there, and make its eager transformations."""
        account = self._service.signer(request, form)
        options = wire.upload_options(form)
        self._service.check_hooks((*options.notification_urls, *options.eager_notification_urls))
        asset = self._state.assets.get(_key(request, form, "public_id"))
        check_may_write(account, asset.public_id, options.naming.asset_folder or asset.asset_folder)
        changes: dict[str, Any] = {}
        if form.text("tags") is not None:
            changes["tags"] = options.tags
        if form.text("context") is not None:
            changes["context"] = {**asset.context, **options.context}
        if options.naming.asset_folder is not None:
            changes["asset_folder"] = naming.check_folder(options.naming.asset_folder)
        if options.naming.display_name is not None:
            changes["display_name"] = options.naming.display_name
        if changes:
            asset = self._state.assets.change(asset, **changes)
        return JSONResponse(await self._answer(account, options, Outcome(asset)))

    async def destroy(self, request: Request, form: Form) -> Response:
        """Delete an asset; one that is not there is answered with 200, too."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        key = _key(request, form, "public_id")
        check_may_write(account, key.public_id)
        hooks = tuple((form.text("notification_url") or "").split())
        self._service.check_hooks(hooks)
        asset = self._state.assets.find(key)
        if asset is None:
            return JSONResponse({"result": "not found"})
        self._state.assets.delete(key)
        self._service.notify(hooks, account, "delete", {"resources": [wire.notified(asset)]})
        return JSONResponse({"result": "ok"})

    async def rename(self, request: Request, form: Form) -> Response:
        """Give an asset another public id or type."""
        account = self._service.signer(request, form)
        source = _key(request, form, "from_public_id")
        target = replace(source, public_id=form.text("to_public_id") or "")
        if not target.public_id:
            raise errors.missing_parameter("to_public_id")
        target = replace(target, type=form.text("to_type") or source.type)
        naming.check(target.public_id)
        for one in (source, target):
            check_may_write(account, one.public_id)
        hooks = tuple((form.text("notification_url") or "").split())
        self._service.check_hooks(hooks)
        renamed = self._state.assets.rename(source, target, overwrite=form.flag("overwrite"))
        ids = {"from_public_id": source.public_id, "to_public_id": target.public_id}
        self._service.notify(hooks, account, "rename", {**wire.notified(renamed), **ids})
        return JSONResponse(self._body(account, renamed))

    async def tags(self, request: Request, form: Form) -> Response:
        """Add, remove or replace a tag of many assets; unknown ids are left out of the answer."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        named = set(form.many("tag"))
        if command not in wire.TAG_COMMANDS:
            raise errors.invalid_parameter("command", command)
        if command != "remove_all" and not named:
            raise errors.missing_parameter("tag")
        touched = []
        for asset in self._named_assets(request, form, account):
            self._state.assets.change(asset, tags=wire.TAG_COMMANDS[command](set(asset.tags), named))
            touched.append(asset.public_id)
        return JSONResponse({"public_ids": touched})

    async def context(self, request: Request, form: Form) -> Response:
        """Add to or remove the context of many assets."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        if command not in ("add", "remove_all"):
            raise errors.invalid_parameter("command", command)
        added = wire.parse_context(form.text("context") or "")
        touched = []
        for asset in self._named_assets(request, form, account):
            context = {**asset.context, **added} if command == "add" else {}
            self._state.assets.change(asset, context=context)
            touched.append(asset.public_id)
        return JSONResponse({"public_ids": touched})

    async def _whole(
        self,
        account: Account,
        resource_type: str,
        options: UploadOptions,
        incoming: Incoming,
        filename: str | None,
        name: Name | None = None,
    ) -> dict[str, Any]:
        outcome = await self._store(account, resource_type, options, (incoming, filename), name)
        return await self._answer(account, options, outcome)

    async def _store(
        self,
        account: Account,
        resource_type: str,
        options: UploadOptions,
        sent: tuple[Incoming, str | None],
        name: Name | None,
    ) -> Outcome:
        """Look at a file that is on disk whole and make it an asset."""
        incoming, filename = sent
        blob = incoming.finish()
        if blob.bytes == 0:
            raise errors.empty_file()
        probe = await asyncio.to_thread(media.probe, incoming.path, resource_type, filename)
        if blob.bytes > LIMIT_BYTES[probe.resource_type]:
            raise errors.file_too_large(blob.bytes, LIMIT_BYTES[probe.resource_type])
        found_format = probe.format or naming.extension(filename)
        if options.allowed_formats and found_format not in options.allowed_formats:
            raise errors.format_not_allowed(probe.resource_type, found_format)

        key = Key(account.cloud, probe.resource_type, options.type, "")
        name = name or self._name(key, options, filename)
        check_may_write(account, name.public_id, name.asset_folder)
        upload = Upload(
            key=replace(key, public_id=name.public_id),
            name=name,
            blob=blob,
            probe=probe,
            original_filename=naming.base_name(options.naming.filename_override or filename),
            tags=options.tags,
            context=options.context,
            overwrite=options.overwrite,
        )
        return self._state.assets.store(upload, incoming)

    async def _part(
        self,
        account: Account,
        resource_type: str,
        options: UploadOptions,
        form: Form,
        headers: tuple[str, str],
    ) -> dict[str, Any]:
        """Take a part of a chunked upload; the one that completes it answers with the asset."""
        upload_id, content_range = headers
        incoming = form.file
        assert incoming is not None
        incoming.finish()
        part = parse_range(content_range, incoming.size_bytes)
        session = self._state.sessions.find(account.cloud, upload_id)
        if session is not None and session.asset_id is not None:
            asset = self._state.assets.by_id(account.cloud, session.asset_id)
            return self._body(account, asset) | {"done": True}
        if session is None:
            kind = "image" if resource_type == "auto" else resource_type
            name = self._name(Key(account.cloud, kind, options.type, ""), options, form.filename)
            check_may_write(account, name.public_id, name.asset_folder)
            session = self._state.sessions.open(account.cloud, upload_id, name)
        self._state.sessions.add(
            session, part, incoming, LIMIT_BYTES.get(resource_type, wire.VIDEO_LIMIT_BYTES)
        )
        form.file = None  # the session keeps it
        if not session.is_whole or session.is_joining:
            return wire.partial_body(session.received_bytes, session.name.public_id, resource_type)
        return await self._join(account, resource_type, options, session, (upload_id, form.filename))

    async def _join(
        self,
        account: Account,
        resource_type: str,
        options: UploadOptions,
        session: Session,
        ids: tuple[str, str | None],
    ) -> dict[str, Any]:
        upload_id, filename = ids
        session.is_joining = True
        whole: Incoming | None = None
        try:
            whole = await asyncio.to_thread(self._state.sessions.join, session)
            outcome = await self._store(account, resource_type, options, (whole, filename), session.name)
        except ProviderError:
            self._state.sessions.forget(account.cloud, upload_id)
            raise
        finally:
            session.is_joining = False
            if whole is not None:
                whole.drop()
        self._state.sessions.finish(account.cloud, upload_id, outcome.asset.asset_id)
        return await self._answer(account, options, outcome) | {"done": True}

    def _name(self, key: Key, options: UploadOptions, filename: str | None) -> Name:
        """The name that the options ask for; a random one that is not taken."""
        while True:
            name = naming.choose(options.naming, filename, key.resource_type, self._service.kit.ids.text)
            is_free = self._state.assets.find(replace(key, public_id=name.public_id)) is None
            if is_free or not naming.is_random(options.naming, filename):
                return name

    async def _answer(self, account: Account, options: UploadOptions, outcome: Outcome) -> dict[str, Any]:
        """The asset, its eager transformations, and the notifications that tell of them."""
        body = self._body(account, outcome.asset)
        if outcome.is_existing:
            return body | {"existing": True}
        if outcome.is_overwritten:
            body["overwritten"] = True
        if options.eager:
            body["eager"] = await self._eager(outcome.asset, options)
        told = {name: value for name, value in body.items() if name != "api_key"}
        self._service.notify(options.notification_urls, account, "upload", told)
        if options.eager:
            made = {"eager": body["eager"], "asset_id": outcome.asset.asset_id}
            made["public_id"] = outcome.asset.public_id
            self._service.notify(options.eager_notification_urls, account, "eager", made)
        return body

    async def _eager(self, asset: Asset, options: UploadOptions) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for eager in options.eager:
            try:
                derived = await self._service.renderer.derive(asset, eager.transformation, eager.format)
            except ProviderError as error:
                failed = {"transformation": eager.text, "status": "failed", "reason": error.message}
                made.append(failed)
                continue
            made.append(wire.derived_body(asset, derived, self._service.kit.url))
        return made

    def _body(self, account: Account, asset: Asset) -> dict[str, Any]:
        secret = account.api_secret or ""
        return wire.asset_body(asset, self._service.kit.url, secret=secret, api_key=account.api_key)

    def _named_assets(self, request: Request, form: Form, account: Account) -> list[Asset]:
        """The assets of `public_ids` that exist, all of which the account may write."""
        key = Key(account.cloud, _resource_type(request), form.text("type") or "upload", "")
        public_ids = form.many("public_ids")
        if not public_ids:
            raise errors.missing_parameter("public_ids")
        for public_id in public_ids:
            check_may_write(account, public_id)
        found = (self._state.assets.find(replace(key, public_id=public_id)) for public_id in public_ids)
        return [asset for asset in found if asset is not None]

    async def _fetch(self, form: Form, url: str) -> None:
        """Get a remote file, only from hosts of this stack."""
        import httpx  # late: 130 ms

        if url.partition(":")[0].lower() not in ("http", "https", "ftp", "s3", "gs"):
            raise errors.unsupported_source(url)
        if not is_within(url, self._service.kit.settings.callback_hosts):
            raise errors.loading_failed(url, "the host is outside of this stack")
        form.file = self._service.blobs.incoming(REQUEST_FILE_LIMIT_BYTES)
        form.filename = unquote(urlsplit(url).path.rpartition("/")[2]) or None
        try:
            async with (
                httpx.AsyncClient(trust_env=False, timeout=_FETCH_TIMEOUT_S) as client,
                client.stream("GET", url) as answer,
            ):
                if answer.status_code != 200:
                    raise errors.loading_failed(url, f"{answer.status_code} {answer.reason_phrase}")
                async for block in answer.aiter_bytes(1 << 18):
                    form.file.write(block)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.loading_failed(url, type(error).__name__) from error


def _resource_type(request: Request, *, also: str = "") -> str:
    resource_type: str = request.path_params["resource_type"]
    if resource_type not in wire.RESOURCE_TYPES and resource_type != also:
        raise errors.invalid_parameter("resource_type", resource_type)
    return resource_type


def _key(request: Request, form: Form, name: str) -> Key:
    public_id = form.text(name)
    if public_id is None:
        raise errors.missing_parameter(name)
    return Key(
        request.path_params["cloud"], _resource_type(request), form.text("type") or "upload", public_id
    )
