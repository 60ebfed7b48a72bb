"""Delivery: `GET /<cloud>/<resource type>/<type>/[s--sig--/][transformation/...][v1/]<public id>[.ext]`."""

from dataclasses import replace
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.cloudinary import address, errors, formats, transformation, wire
from fakes.cloudinary.address import Address, Place
from fakes.cloudinary.routes import files
from fakes.cloudinary.routes.files import ServedFile
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.signatures import is_delivery_signed
from fakes.cloudinary.state import STAGING, Account, Asset, Key
from fakes.cloudinary.transformation import Transformation
from fakes.kit.errors import ProviderError

_HEADERS = {
    "Cache-Control": "public, no-transform, immutable, max-age=2592000",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Content-Length,Content-Disposition,Content-Range,Etag,Server-Timing,Vary,X-Cld-Error,X-Content-Type-Options"
    ),
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}


class Delivery:
    """Handlers of the delivery host."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows; the last one takes what no other does."""
        typed = (
            f"/{{cloud}}/{resource_type}/{{type}}/{{path:path}}" for resource_type in wire.RESOURCE_TYPES
        )
        named = (f"/{{cloud}}/{word}/{{path:path}}" for word in (*address.SUFFIXED, address.SHORT))
        return [
            Route(path, self._answer, methods=["GET"]) for path in (*typed, *named, "/{cloud}/{path:path}")
        ]

    async def _answer(self, request: Request) -> Response:
        try:
            return await self.deliver(request)
        except ProviderError as error:
            error.code = errors.DELIVERY
            error.headers.update(_HEADERS, **{"Cache-Control": "private, no-transform, max-age=0"})
            raise

    async def deliver(self, request: Request) -> Response:
        """Answer with the original, or with what the transformation makes of it."""
        place = address.locate(_raw_path(request), request.headers.get("host", ""))
        if place is None:
            raise HTTPException(404)
        cloud = place.cloud or STAGING.cloud
        account = self._account(place, request.url.path)
        where = address.parse(place.rest, has_suffix=bool(place.has_suffix))
        key = Key(cloud, place.resource_type, place.type, "")
        asset, ending, where = self._find(key, where, may_have_suffix=place.has_suffix is None)
        self._check_signature(account, where, asset)
        asked = self._service.renderer.read(cloud, where.components)
        accept = request.headers.get("accept", "")
        target = transformation.target_format(asked, asset.resource_type, asset.format, ending, accept)
        headers = dict(_HEADERS)
        if asked.is_automatic:
            headers["Vary"] = "Accept"
        if asked.attachment is not None:
            headers["Content-Disposition"] = _disposition(asked.attachment, asset, target)
        file = await self._file(asset, asked, target, headers)
        try:
            answer = await files.answer(request, file)
        except FileNotFoundError as error:
            raise errors.delivery_not_found(asset.public_id) from error
        sent_bytes = int(answer.headers.get("content-length", 0)) if request.method == "GET" else 0
        self._service.state.usage.delivered(cloud, sent_bytes)
        return answer

    async def _file(
        self, asset: Asset, asked: Transformation, target: str | None, headers: dict[str, str]
    ) -> ServedFile:
        local = self._service.blobs.local
        if not asked.changes and (target is None or target == asset.format):
            kind = asset.format or asset.public_id.rpartition(".")[2].lower()
            media_type = formats.media_type(kind)
            return ServedFile(
                partial(local, asset.sha256), asset.bytes, media_type, asset.etag, asset.created_at, headers
            )
        made = await self._service.renderer.derive(asset, asked.text, target)
        media_type = formats.media_type(made.format)
        return ServedFile(
            partial(local, made.sha256), made.bytes, media_type, made.etag, made.created_at, headers
        )

    def _account(self, place: Place, path: str) -> Account:
        cloud = place.cloud or STAGING.cloud
        account = self._service.state.accounts.of_cloud(cloud)
        if account is None and place.has_suffix is None:
            raise HTTPException(404)  # no address of Cloudinary's at all
        if account is None:
            raise errors.delivery_cloud_unknown(cloud)
        if account.is_production:
            raise errors.delivery_denied(
                violation=f"cloudinary: delivery of production was asked for: '{path}'"
            )
        return account

    def _find(self, key: Key, where: Address, *, may_have_suffix: bool) -> tuple[Asset, str | None, Address]:
        """The asset, the extension that the path asks for, and how the path was meant."""
        shorter = address.without_suffix(where) if may_have_suffix else None
        for meant in (where, shorter) if shorter is not None else (where,):
            found = self._named(key, meant.source)
            if found is not None:
                return *found, meant
        stem, dot, ending = where.source.rpartition(".")
        has_ending = bool(dot) and key.resource_type != "raw"
        if has_ending and self._service.state.assets.find(replace(key, public_id=stem)) is not None:
            raise errors.transformation_refused(f"Invalid extension in transformation: {ending}")
        if where.unknown is not None:
            raise errors.transformation_refused(f"Unknown transformation {where.unknown}")
        raise errors.delivery_not_found(stem if has_ending else where.source)

    def _named(self, key: Key, source: str) -> tuple[Asset, str | None] | None:
        """The asset of this id; dots may be part of it, or stand before an extension."""
        stem, dot, ending = source.rpartition(".")
        find = self._service.state.assets.find
        if key.resource_type != "raw" and dot and formats.is_known(ending):
            asset = find(replace(key, public_id=stem))
            if asset is not None:
                return asset, formats.canonical(ending)
        asset = find(replace(key, public_id=source))
        return None if asset is None else (asset, None)

    def _check_signature(self, account: Account, where: Address, asset: Asset) -> None:
        if where.signature is None:
            is_open = asset.type == "upload" or (asset.type == "private" and bool(where.components))
            if not is_open:
                raise errors.delivery_denied()
            return
        if not is_delivery_signed(where.signed_text, where.signature, account.api_secret or ""):
            raise errors.delivery_denied()


def _raw_path(request: Request) -> str:
    """The path as the client escaped it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1").split("?")[0]


def _disposition(name: str, asset: Asset, target: str | None) -> str:
    base = name or asset.public_id.rpartition("/")[2]
    ending = target or asset.format
    shown = f"{base}.{ending}" if ending and asset.resource_type != "raw" else base
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\' else "_" for char in shown)
    return f'attachment; filename="{ascii_name}"'
