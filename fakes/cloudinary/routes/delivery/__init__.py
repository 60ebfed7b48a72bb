"""Delivery: `GET /<cloud>/<resource type>/<type>/[s--sig--/][transformation/...][v1/]<public id>[.ext]`."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary import address, errors, formats, transformation, wire
from fakes.cloudinary.address import Address, Place
from fakes.cloudinary.render.streaming import PLAYLISTS
from fakes.cloudinary.routes import files, playlists
from fakes.cloudinary.routes.delivery import breakpoints, headers, lists
from fakes.cloudinary.routes.delivery.access import Access
from fakes.cloudinary.routes.delivery.elsewhere import Elsewhere
from fakes.cloudinary.routes.files import ServedFile
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload.breakpoints import BreakpointFinder
from fakes.cloudinary.state import STAGING, Account, Asset, Derived, Key
from fakes.cloudinary.wire import Breakpoints
from fakes.kit.errors import ProviderError

_NOT_CLOUDS = frozenset({"v1_1", "v2"})
_INFO = "getinfo"
_SPRITE, _SHEETS = "sprite", ("css", "json")
_LIST = "list"
# Of a public id, and the dot and extension behind it.
# Source: cloudinary.com/documentation (common X-Cld-Error messages: "public_id is too long")
_NAME_LIMIT_CHARS = 255 + 6
_PATHS = (
    *(f"/{{cloud}}/{resource_type}/{{type}}/{{path:path}}" for resource_type in wire.RESOURCE_TYPES),
    *(f"/{{cloud}}/{form}/{{path:path}}" for form in (*address.SUFFIXED, address.SHORT)),
    "/{cloud}/{path:path}",
)


class Delivery:
    """Handlers of the delivery host."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._breakpoints = BreakpointFinder(service)
        self._elsewhere = Elsewhere(service)
        service.renderer.fetch_layers_by(self._elsewhere.bring_layer)

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows; the last one takes what no other does."""
        paths = ("/{cloud}/any/list/{path:path}", *_PATHS)
        return [_with_lines(Route(path, self._guarded(self.deliver), methods=["GET"])) for path in paths]

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Answer errors as delivery does, and repeat them for a while where the cloud says so."""

        async def guarded(request: Request) -> Response:
            url = str(request.url)
            mistakes = self._state.mistakes
            try:
                if known := mistakes.find(url):
                    raise known
                answer = await handler(request)
            except ProviderError as error:
                error.code = errors.DELIVERY
                error.headers.update(headers.OF_ERRORS)
                cloud = self._state.accounts.cloud(request.path_params["cloud"])
                is_lasting = error.status < 500 and error.violation is None
                if cloud.caches_errors and mistakes.find(url) is None and is_lasting:
                    mistakes.add(url, error)
                raise
            mistakes.remove(url)
            return answer

        return guarded

    async def deliver(self, request: Request) -> Response:
        """Answer with the original, or with what the transformation makes of it."""
        place = self._place(request)
        access = Access(self._service, request, place.cloud or "")
        account = access.account()
        where = address.parse(place.rest, has_suffix=bool(place.has_suffix))
        is_signed = access.is_signed(where) if place.has_suffix is not None else False
        if place.type == _LIST:
            return self._list(access, place, where, is_signed=is_signed)
        access.check_type(place.type, is_signed=is_signed)
        try:
            asset, ending, where = await self._found(account, place, where)
        except ProviderError as error:
            return await self._instead(request, place, where, error)
        if place.has_suffix is None:
            is_signed = access.is_signed(where)
        access.check(asset, where, is_signed=is_signed)
        return await self._delivered(request, access, asset, (where, ending), is_signed=is_signed)

    async def _delivered(
        self,
        request: Request,
        access: Access,
        asset: Asset,
        named: tuple[Address, str | None],
        *,
        is_signed: bool,
    ) -> Response:
        where, ending = named
        if (widths := breakpoints.wanted(where.components)) is not None:
            return await self._widths(asset, widths)
        asked = self._service.renderer.read(asset.cloud, where.components)
        access.check_layers(asked, is_signed=is_signed)
        accept = request.headers.get("accept", "")
        target = transformation.target_format(asked, asset.resource_type, asset.format, ending, accept)
        if asset.type == _SPRITE and ending in _SHEETS:
            target = ending  # whatever the format of the picture is
        is_described = asked.has(_INFO)
        if is_described:
            rest = transformation.split(_without_info(asked.text))
            asked = self._service.renderer.read(asset.cloud, rest)
        made, is_hit = None, True
        if asked.changes or (target is not None and target != asset.format):
            access.check_strict(asset, asked.text, target or "", ending or "", is_signed=is_signed)
            is_hit = self._state.assets.derived(asset, asked.text, target or "") is not None
            made = await self._service.renderer.derive(asset, asked.text, target)
        if is_described:
            return JSONResponse(_description(asset, made or asset), headers=headers.of_list())
        said = headers.of(asset, asked, target)
        now_s = self._service.kit.clock.now()
        said["Server-Timing"] = headers.server_timing(asset, made, is_hit=is_hit, now_s=now_s)
        return await self._sent(request, asset, made, said)

    async def _widths(self, asset: Asset, asked: Breakpoints) -> Response:
        """The widths in which an image is worth having, widest first."""
        found = await self._breakpoints.find(asset, [asked])
        widths = [one["width"] for item in found for one in item["breakpoints"]]
        return JSONResponse({"breakpoints": widths}, headers=headers.of_list())

    async def _sent(
        self, request: Request, asset: Asset, made: Derived | None, said: dict[str, str]
    ) -> Response:
        try:
            file = await self._file(asset, made, said)
            answer = await files.answer(request, file)
        except FileNotFoundError as error:
            raise errors.delivery_not_found(asset.public_id) from error
        sent_bytes = int(answer.headers.get("content-length", 0)) if request.method == "GET" else 0
        self._state.usage.delivered(asset.cloud, sent_bytes)
        return answer

    async def _file(self, asset: Asset, made: Derived | None, said: dict[str, str]) -> ServedFile:
        if made is not None and made.format in PLAYLISTS:
            account, cloud = (
                self._state.accounts.of_cloud(asset.cloud),
                self._state.accounts.cloud(asset.cloud),
            )
            signed_by = account if asset.type != "upload" or cloud.is_strict else None
            return await playlists.served(self._service.blobs, asset, made, said, signed_by)
        one = made or asset
        kind = one.format or asset.public_id.rpartition(".")[2].lower()
        opened = partial(self._service.blobs.open, one.sha256)
        return ServedFile(opened, one.bytes, formats.media_type(kind), one.etag, one.created_at, said)

    def _place(self, request: Request) -> Place:
        """Where the path leads; paths that are no clouds' are gaps of the fake."""
        raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        path = raw.decode("latin-1").split("?")[0]
        if request.path_params["cloud"] in _NOT_CLOUDS:
            raise HTTPException(404)
        pieces = path.split("/", 4)
        if pieces[2:4] == [lists.ANY, _LIST] and len(pieces) > 4:
            return Place(pieces[1], lists.ANY, _LIST, pieces[4])
        accounts = self._state.accounts
        private = accounts.private_cdn()
        place = address.locate(path, request.headers.get("host", ""))
        if place is not None and not self._is_known(place) and private is not None:
            place = address.locate(path, f"{private}-res.")
        if place is None or not self._is_known(place):
            raise HTTPException(404)
        return replace(place, cloud=place.cloud or private or STAGING.cloud)

    def _is_known(self, place: Place) -> bool:
        """Whether a path can be an address: on the root path only the cloud tells."""
        if place.has_suffix is not None or place.cloud is None:
            return True
        return self._state.accounts.of_cloud(place.cloud) is not None

    async def _found(
        self, account: Account, place: Place, where: Address
    ) -> tuple[Asset, str | None, Address]:
        """As `_find`; what is not there is fetched, if the address says where it is."""
        try:
            return self._find(place, where)
        except ProviderError as error:
            if error.status != 404 or not await self._elsewhere.bring(account, place, where):
                raise
        return self._find(place, where)

    def _find(self, place: Place, where: Address) -> tuple[Asset, str | None, Address]:
        """The asset, the extension that the path asks for, and the address without a suffix.

        Raises:
            ProviderError: It is not there (404), is called by an extension that does not exist, or by a name
                that is longer than names can be (400).
        """
        if len(where.source) > _NAME_LIMIT_CHARS:
            raise errors.transformation_refused("public_id is too long")
        key = Key(place.cloud or "", place.resource_type, place.type, "")
        shorter = address.without_suffix(where) if place.has_suffix is None else None
        for one in (where, shorter):
            if one is not None and (found := self._named(key, one.source)) is not None:
                return (*found, one)
        stem, dot, ending = where.source.rpartition(".")
        has_ending = bool(dot) and "/" not in ending and key.resource_type != "raw"
        if has_ending and self._state.assets.find(replace(key, public_id=stem)) is not None:
            raise errors.transformation_refused(f"Invalid extension in transformation: {ending}")
        if where.unknown is not None:
            raise errors.transformation_refused(f"Unknown transformation {where.unknown}")
        raise errors.delivery_not_found(stem if has_ending else where.source)

    def _named(self, key: Key, source: str) -> tuple[Asset, str | None] | None:
        stem, dot, ending = source.rpartition(".")
        if key.resource_type != "raw" and dot and formats.is_known(ending):
            asset = self._state.assets.find(replace(key, public_id=stem))
            if asset is not None:
                return asset, formats.canonical(ending)
        asset = self._state.assets.find(replace(key, public_id=source))
        return None if asset is None else (asset, None)

    async def _instead(
        self, request: Request, place: Place, where: Address, missing: ProviderError
    ) -> Response:
        """The default image of the transformation in place of an asset that is not there, with 200.

        Raises:
            ProviderError: There is none.
        """
        asked = self._service.renderer.read(place.cloud or "", where.components)
        name = asked.last("default_image") if missing.status == 404 else None
        if name is None:
            raise missing
        key = Key(place.cloud or "", "image", "upload", "")
        found = self._named(key, str(name).replace(":", "/"))
        if found is None:
            raise missing
        access = Access(self._service, request, key.cloud)
        answer = await self._delivered(request, access, found[0], (where, found[1]), is_signed=True)
        answer.headers["X-Cld-Error"] = errors.header_text(missing.message)
        return answer

    def _list(self, access: Access, place: Place, where: Address, *, is_signed: bool) -> Response:
        """The assets with a tag, as JSON."""
        access.check_type(_LIST, is_signed=is_signed)
        tag, dot, ending = where.source.rpartition(".")
        if not dot or ending != "json":
            raise errors.transformation_refused(f"Invalid extension in transformation: {ending}")
        found = lists.assets(self._state, access.cloud.name, place.resource_type, tag)
        return JSONResponse(lists.body(found, place.resource_type), headers=headers.of_list())


def _with_lines(route: Route) -> Route:
    """A route whose path may hold ends of lines: words that are laid over a picture do."""
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


def _description(asset: Asset, made: Asset | Derived) -> dict[str, object]:
    """What `fl_getinfo` tells: the original, and what would have been delivered."""
    output = {"width": made.width, "height": made.height, "format": made.format, "bytes": made.bytes}
    return {
        "input": {"width": asset.width, "height": asset.height, "bytes": asset.bytes},
        "output": output,
    }


def _without_info(text: str) -> str:
    """A transformation without `fl_getinfo`."""
    components = []
    for component in text.split("/"):
        pieces = filter(None, (_piece_without_info(piece) for piece in component.split(",")))
        components.append(",".join(pieces))
    return "/".join(filter(None, components))


def _piece_without_info(piece: str) -> str:
    if not piece.startswith("fl_"):
        return piece
    flags = [flag for flag in piece.removeprefix("fl_").split(".") if flag != _INFO]
    return f"fl_{'.'.join(flags)}" if flags else ""
