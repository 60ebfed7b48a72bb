"""Upload API: signed addresses that send an original, whatever its type, or a backed up version of one."""

import re
from functools import partial

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fakes.cloudinary import errors, formats
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes import files
from fakes.cloudinary.routes.files import ServedFile
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.state import Account, Asset, Derived


class DownloadsApi:
    """Sends files to whoever has a signed address."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("GET", "{resource_type}/download", self.download),
            ("GET", "download_backup", self.download_backup),
        ]

    async def download(self, request: Request, form: Form) -> Response:
        """Send an original, or the same in another format."""
        downloader(self._service, request, form)
        asset = self._state.assets.get(key_in(request, form, "public_id"))
        format_name = form.text("format")
        derived = None
        if asset.resource_type != "raw" and format_name and formats.canonical(format_name) != asset.format:
            derived = await self._service.renderer.derive(asset, "", formats.canonical(format_name))
        name = form.text("attachment")
        is_attached = name is not None and form.flag("attachment")
        shown = name if name not in ("1", "true", None) else asset.public_id.rpartition("/")[2]
        return await self._sent(request, asset, derived, shown if is_attached else None)

    async def download_backup(self, request: Request, form: Form) -> Response:
        """Send an earlier version of an asset."""
        account = downloader(self._service, request, form)
        for name in ("asset_id", "version_id"):
            if form.text(name) is None:
                raise errors.missing_parameter(name)
        kept = self._state.backups.version(account.cloud, form.text("version_id") or "")
        if kept is None or kept.asset_id != form.text("asset_id"):
            raise errors.not_found(form.text("version_id") or "")
        return await self._sent(request, kept, None, kept.public_id.rpartition("/")[2])

    async def _sent(
        self, request: Request, asset: Asset, derived: Derived | None, attached: str | None
    ) -> Response:
        one = derived or asset
        kind = one.format or asset.public_id.rpartition(".")[2].lower()
        headers = {"Cache-Control": "private, max-age=0"}
        if attached is not None:
            ending = f".{one.format}" if one.format else ""
            shown = "".join(char if " " <= char <= "~" and char not in '"\\' else "_" for char in attached)
            headers["Content-Disposition"] = f'attachment; filename="{shown.removesuffix(ending)}{ending}"'
        opened = partial(self._service.blobs.open, one.sha256)
        file = ServedFile(opened, one.bytes, formats.media_type(kind), one.etag, one.created_at, headers)
        try:
            answer = await files.answer(request, file)
        except FileNotFoundError as error:
            raise errors.not_found(asset.public_id) from error
        self._state.usage.delivered(asset.cloud, int(answer.headers.get("content-length", 0)))
        return answer


def sent_once(service: Service, account: Account, made: Incoming, stem: str, format_name: str) -> Response:
    """Send a file that was made for this answer, and remove it then."""
    service.state.usage.delivered(account.cloud, made.path.stat().st_size)
    ending = f".{format_name}"
    return FileResponse(
        made.path,
        media_type=formats.media_type(format_name),
        filename=stem.removesuffix(ending) + ending,
        background=BackgroundTask(made.drop),
    )


def downloader(service: Service, request: Request, form: Form) -> Account:
    """Whose signed address it is; it is good for an hour, or until `expires_at`.

    Raises:
        ProviderError: It was signed by nobody that may (401), or is too old (400, 401).
    """
    expires_at = form.text("expires_at")
    if expires_at is None:
        return service.signer(request, form)
    now_s = service.kit.clock.now()
    if not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,6})?", expires_at):
        raise errors.invalid_parameter("expires_at", expires_at)
    account = service.signer(request, form, now_s=0.0)
    if float(expires_at) < now_s:
        raise errors.download_expired()
    return account
