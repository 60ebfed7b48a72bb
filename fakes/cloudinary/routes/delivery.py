"""Delivery: `GET /<cloud>/<resource type>/<type>/[s--sig--/][transformation/...][v1/]<public id>[.ext]`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.cloudinary import address, errors, formats, transformation, wire
from fakes.cloudinary.address import Address
from fakes.cloudinary.routes import files
from fakes.cloudinary.routes.files import ServedFile
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.signatures import is_delivery_signed
from fakes.cloudinary.state import Account, Asset, Key
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
        """The routes, as in the coverage rows."""
        return [
            Route(
                f"/{{cloud}}/{resource_type}/{{type}}/{{path:path}}",
                self._handler(resource_type),
                methods=["GET"],
            )
            for resource_type in wire.RESOURCE_TYPES
        ]

    def _handler(self, resource_type: str) -> Callable[[Request], Awaitable[Response]]:
        async def deliver(request: Request) -> Response:
            try:
                return await self.deliver(request, resource_type)
            except ProviderError as error:
                error.code = errors.DELIVERY
                error.headers.update(_HEADERS, **{"Cache-Control": "private, no-transform, max-age=0"})
                raise

        return deliver

    async def deliver(self, request: Request, resource_type: str) -> Response:
        """Answer with the original, or with what the transformation makes of it."""
        params = request.path_params
        cloud, type_ = params["cloud"], params["type"]
        account = self._account(cloud, request.url.path)
        where = address.parse(_raw_rest(request))
        asset, ending = self._find(Key(cloud, resource_type, type_, ""), where)
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

    def _account(self, cloud: str, path: str) -> Account:
        account = self._service.state.accounts.of_cloud(cloud)
        if account is None:
            raise errors.delivery_cloud_unknown(cloud)
        if account.is_production:
            raise errors.delivery_denied(
                violation=f"cloudinary: delivery of production was asked for: '{path}'"
            )
        return account

    def _find(self, key: Key, where: Address) -> tuple[Asset, str | None]:
        """The asset, and the extension that the path asks for."""
        stem, dot, ending = where.source.rpartition(".")
        find = self._service.state.assets.find
        if key.resource_type != "raw" and dot and formats.is_known(ending):
            asset = find(replace(key, public_id=stem))
            if asset is not None:
                return asset, formats.canonical(ending)
        asset = find(replace(key, public_id=where.source))
        if asset is not None:
            return asset, None
        if key.resource_type != "raw" and dot and find(replace(key, public_id=stem)) is not None:
            raise errors.transformation_refused(f"Invalid extension in transformation: {ending}")
        if where.unknown is not None:
            raise errors.transformation_refused(f"Unknown transformation {where.unknown}")
        raise errors.delivery_not_found(stem if dot and key.resource_type != "raw" else where.source)

    def _check_signature(self, account: Account, where: Address, asset: Asset) -> None:
        if where.signature is None:
            is_open = asset.type == "upload" or (asset.type == "private" and bool(where.components))
            if not is_open:
                raise errors.delivery_denied()
            return
        if not is_delivery_signed(where.signed_text, where.signature, account.api_secret or ""):
            raise errors.delivery_denied()


def _raw_rest(request: Request) -> str:
    """What follows the type in the path, as the client escaped it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    pieces = raw.decode("latin-1").split("?")[0].split("/", 4)
    return pieces[4] if len(pieces) > 4 else ""


def _disposition(name: str, asset: Asset, target: str | None) -> str:
    base = name or asset.public_id.rpartition("/")[2]
    ending = target or asset.format
    shown = f"{base}.{ending}" if ending and asset.resource_type != "raw" else base
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\' else "_" for char in shown)
    return f'attachment; filename="{ascii_name}"'
