"""Upload API: `upload`, in one request or in parts."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import LIMIT_BYTES, Intake
from fakes.cloudinary.routes.upload.remote import RemoteFiles
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Account, Key, Session, check_may_write, parse_range
from fakes.cloudinary.wire import UploadOptions
from fakes.kit.errors import ProviderError


class UploadsApi:
    """Stores files."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._intake = Intake(service)
        self._answers = Answers(service)
        self._remote = RemoteFiles(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "{resource_type}/upload", self.upload),
            ("POST", "{resource_type}/upload_chunked", self.upload),
        ]

    async def upload(self, request: Request, form: Form) -> Response:
        """Store a file, or a part of one."""
        resource_type = resource_type_of(request, also="auto")
        account = self._service.signer(request, form)
        options = wire.upload_options(form)
        self._service.check_hooks((*options.notification_urls, *options.eager_notification_urls))
        if form.source_url is not None:
            await self._remote.fetch(form, form.source_url)
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
            outcome = await self._intake.store(account, resource_type, options, (incoming, form.filename))
            body = await self._answers.of_upload(account, options, outcome)
        return JSONResponse(body)

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
            return self._answers.of_asset(account, asset) | {"done": True}
        if session is None:
            kind = "image" if resource_type == "auto" else resource_type
            name = self._intake.name(Key(account.cloud, kind, options.type, ""), options, form.filename)
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
            outcome = await self._intake.store(
                account, resource_type, options, (whole, filename), session.name
            )
        except ProviderError:
            self._state.sessions.forget(account.cloud, upload_id)
            raise
        finally:
            session.is_joining = False
            if whole is not None:
                whole.drop()
        self._state.sessions.finish(account.cloud, upload_id, outcome.asset.asset_id)
        return await self._answers.of_upload(account, options, outcome) | {"done": True}
