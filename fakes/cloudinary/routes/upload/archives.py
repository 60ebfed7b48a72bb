"""Upload API: `generate_archive`, which puts many assets into one file, stored or sent at once."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import archive, errors, naming, wire
from fakes.cloudinary.archive import Names, Writer
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.media import Probe
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Rows, Service, qualified
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.downloads import downloader, sent_once
from fakes.cloudinary.state import Account, Asset, Key, Upload, Window
from fakes.cloudinary.wire import ArchiveOptions, Eager, Hooks, Selection
from fakes.kit.errors import ProviderError

_MOST = 1000
_UNSAFE = re.compile(r"^\.{1,2}$|[\x00-\x1f\x7f/\\]")
"""What would lead a program that unpacks a file to elsewhere."""
_EVERY = ("auto", "all")
_What = tuple[Name, list[Asset], Selection]
"""The archive's name, what goes into it, and what was not found."""


class ArchivesApi:
    """Makes archives."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._answers = Answers(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "{resource_type}/generate_archive", self.generate),
            ("GET", "{resource_type}/generate_archive", self.download),
            ("GET", "{resource_type}/download_tag.zip", self.download_tag),
        ]

    async def generate(self, request: Request, form: Form) -> Response:
        """Store an archive, at once or behind the answer; or send it without storing it."""
        account = self._service.signer(request, form)
        options = wire.archive_options(form)
        if options.mode == "download":
            return await self._sent(account, options, self._selected(request, form, account, options))
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        name = self._name(account, options)
        found = self._selected(request, form, account, options)
        if not options.is_async:
            return JSONResponse(await self._stored(account, options, (name, *found), hooks))
        hooks, batch_id = self._service.notices.batched(hooks)
        self._state.background.start(self._store_later(account, options, (name, *found), hooks))
        key = Key(account.cloud, "raw", "upload", name.public_id)
        return JSONResponse(wire.pending_body(key, batch_id))

    async def download(self, request: Request, form: Form) -> Response:
        """Send an archive to whoever has the signed address."""
        account = downloader(self._service, request, form)
        options = replace(wire.archive_options(form), mode="download")
        return await self._sent(account, options, self._selected(request, form, account, options))

    async def download_tag(self, request: Request, form: Form) -> Response:
        """Send the images with a tag, as older SDKs ask for them."""
        account = downloader(self._service, request, form)
        form.params["tags"] = (form.text("tag") or "",)
        form.params["transformations"] = form.text("transformation") or ""
        options = replace(wire.archive_options(form), mode="download")
        return await self._sent(account, options, self._selected(request, form, account, options))

    async def _store_later(
        self, account: Account, options: ArchiveOptions, what: _What, hooks: Hooks
    ) -> None:
        try:
            await self._stored(account, options, what, hooks)
        except ProviderError as error:
            self._service.notices.tell_error(account, error, what[0].public_id, hooks)

    async def _stored(
        self, account: Account, options: ArchiveOptions, what: _What, hooks: Hooks
    ) -> dict[str, Any]:
        name, assets, missing = what
        incoming = self._service.blobs.incoming()
        try:
            count = await self._write(incoming, options, assets)
            blob = await asyncio.to_thread(incoming.read_back)
            upload = Upload(
                key=Key(account.cloud, "raw", "upload", name.public_id),
                name=name,
                blob=blob,
                probe=Probe("raw"),
                original_filename=None,
                tags=options.target_tags,
                context={},
                overwrite=True,
            )
            async with self._state.stored.kept(incoming, blob):
                asset = self._state.assets.store(upload).asset
        finally:
            incoming.drop()
        body = self._answers.of_asset(account, asset)
        body = wire.archive_body(body, missing, (len(assets), count))
        self._service.notices.tell(account, "generate_archive", body, hooks)
        return body

    async def _sent(
        self, account: Account, options: ArchiveOptions, found: tuple[list[Asset], Selection]
    ) -> Response:
        incoming = self._service.blobs.incoming()
        try:
            await self._write(incoming, options, found[0])
        except BaseException:
            incoming.drop()
            raise
        stem = (options.target_public_id or "archive").rpartition("/")[2]
        return sent_once(self._service, account, incoming, stem, options.format)

    async def _write(self, incoming: Incoming, options: ArchiveOptions, assets: list[Asset]) -> int:
        """Write the archive; returns the number of files in it."""
        at_s = self._service.kit.clock.now()
        written = await asyncio.to_thread(archive.writer, incoming.path, options.format, at_s)
        names, count = Names(), 0
        try:
            for asset in assets:
                for eager in options.transformations or (None,):
                    await self._add(written, options, asset, (eager, names))
                    count += 1
        finally:
            await asyncio.to_thread(written.close)
        return count

    async def _add(
        self, written: Writer, options: ArchiveOptions, asset: Asset, what: tuple[Eager | None, Names]
    ) -> None:
        eager, names = what
        if eager is None or asset.resource_type == "raw":
            name = names.take(file_name(options, asset, None, asset.format))
            async with self._service.file_of(asset) as path:
                return await asyncio.to_thread(written.add, path, name)
        if options.keeps_derived:
            derived = await self._service.renderer.derive(asset, eager.transformation, eager.format)
            name = names.take(file_name(options, asset, eager, derived.format))
            async with self._service.file_of(asset, derived.sha256) as path:
                return await asyncio.to_thread(written.add, path, name)
        made = self._service.blobs.incoming()
        try:
            async with self._service.file_of(asset) as path:
                renderer = self._service.renderer
                made_as = await renderer.rework(asset, path, eager.transformation, eager.format, made)
            name = names.take(file_name(options, asset, eager, made_as))
            await asyncio.to_thread(written.add, made.path, name)
        finally:
            made.drop()

    def _name(self, account: Account, options: ArchiveOptions) -> Name:
        stem = options.target_public_id or self._service.kit.ids.text(20)
        ending = f".{options.format}"
        public_id = naming.check(stem if stem.endswith(ending) else stem + ending)
        folder = options.target_asset_folder
        placed = naming.check_folder(public_id.rpartition("/")[0] if folder is None else folder)
        self._state.check_may_store(account, Key(account.cloud, "raw", "upload", public_id), placed)
        return Name(public_id, placed, public_id.rpartition("/")[2])

    def _selected(
        self, request: Request, form: Form, account: Account, options: ArchiveOptions
    ) -> tuple[list[Asset], Selection]:
        """The assets that are meant, each once, and what was not found."""
        kinds = _kinds(request)
        keys = [Key(account.cloud, kind, form.text("type") or "upload", "") for kind in kinds]
        asked = options.selection
        by_tag = {tag: self._tagged(keys, tag) for tag in asked.tags}
        by_prefix = {prefix: self._prefixed(keys, prefix) for prefix in asked.prefixes}
        by_id = {
            public_id: self._found([replace(key, public_id=public_id) for key in keys])
            for public_id in asked.public_ids
        }
        by_path = {
            path: self._found([_qualified(account, path)]) for path in asked.fully_qualified_public_ids
        }
        groups = (by_tag, by_id, by_prefix, by_path)
        missing = Selection(*(tuple(name for name, assets in one.items() if not assets) for one in groups))
        if (missing.public_ids or missing.fully_qualified_public_ids) and not options.allows_missing:
            raise errors.not_found(
                ", ".join([*missing.public_ids, *missing.fully_qualified_public_ids])[:500]
            )
        found = {asset.asset_id: asset for one in groups for assets in one.values() for asset in assets}
        self._check_size(list(found.values()), options)
        return list(found.values()), missing

    def _check_size(self, assets: list[Asset], options: ArchiveOptions) -> None:
        if not assets:
            raise errors.nothing_to_archive()
        if len(assets) * max(1, len(options.transformations)) > _MOST:
            raise errors.too_many_files("archive", _MOST)
        size_bytes = sum(asset.bytes for asset in assets)
        if size_bytes > wire.VIDEO_LIMIT_BYTES:
            raise errors.file_too_large(size_bytes, wire.VIDEO_LIMIT_BYTES)

    def _tagged(self, keys: list[Key], tag: str) -> list[Asset]:
        listing = self._state.listing
        pages = [listing.tagged(key.cloud, key.resource_type, tag, Window(_MOST + 1)) for key in keys]
        return [asset for page in pages for asset in page.assets if asset.type == keys[0].type]

    def _prefixed(self, keys: list[Key], prefix: str) -> list[Asset]:
        listing = self._state.listing
        pages = [
            listing.with_prefix(key.cloud, key.resource_type, key.type, prefix, Window(_MOST + 1))
            for key in keys
        ]
        return [asset for page in pages for asset in page.assets]

    def _found(self, keys: list[Key]) -> list[Asset]:
        found = [self._state.assets.find(key) for key in keys]
        return [asset for asset in found if asset is not None]


def file_name(options: ArchiveOptions, asset: Asset, eager: Eager | None, format_name: str | None) -> str:
    """What a file of an archive is called.

    Args:
        options: Folders and transformations may be part of the name, or not.
        asset: Whose file it is.
        eager: What was done to it, or None.
        format_name: Its format.
    """
    folder, _, stem = asset.public_id.rpartition("/")
    ending = f".{format_name}" if format_name and asset.resource_type != "raw" else ""
    if options.uses_original_filename and asset.original_filename:
        stem = _UNSAFE.sub("_", asset.original_filename)
    folders = [] if options.flattens_folders or not folder else [folder]
    if eager is not None and len(options.transformations) > 1 and not options.skips_transformation_name:
        change = eager.transformation.replace("/", "_")
        if options.flattens_transformations:
            stem = f"{stem}-{change}"
        else:
            folders.append(change)
    return "/".join([*folders, f"{stem}{ending}"])


def _kinds(request: Request) -> tuple[str, ...]:
    resource_type: str = request.path_params["resource_type"]
    if resource_type in _EVERY:
        return wire.RESOURCE_TYPES
    if resource_type not in wire.RESOURCE_TYPES:
        raise errors.invalid_parameter("resource_type", resource_type)
    return (resource_type,)


def _qualified(account: Account, path: str) -> Key:
    key = qualified(account, path)
    if key is None:
        raise errors.invalid_parameter("fully_qualified_public_ids", path)
    return key
