"""Upload API: `upload`, in one request or in parts."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import Intake
from fakes.cloudinary.routes.upload.parts import Parts
from fakes.cloudinary.routes.upload.remote import RemoteFiles, file_name
from fakes.cloudinary.routes.upload.submission import Submission, submission
from fakes.cloudinary.state import Key, check_may_write
from fakes.kit.errors import ProviderError


class UploadsApi:
    """Stores files."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._intake = Intake(service)
        self._answers = Answers(service)
        self._remote = RemoteFiles(service)
        self._parts = Parts(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "{resource_type}/upload", self.upload),
            ("POST", "{resource_type}/upload_chunked", self.upload),
        ]

    async def upload(self, request: Request, form: Form) -> Response:
        """Store a file, or a part of one; at once, or behind the answer."""
        asked = submission(self._service, request, form)
        upload_id, content_range = (
            request.headers.get("x-unique-upload-id"),
            request.headers.get("content-range"),
        )
        if form.file is None and form.source_url is None:
            raise errors.missing_parameter("file")
        if form.file is not None and form.file.size_bytes > REQUEST_FILE_LIMIT_BYTES:
            raise errors.file_too_large(form.file.size_bytes, REQUEST_FILE_LIMIT_BYTES)
        if form.file is not None and upload_id and content_range:
            body = await self._parts.take(asked, upload_id, content_range)
        elif asked.options.is_async:
            body = self._begin(asked)
        else:
            body = await self._whole(asked)
        return _answered(request, form, body)

    def _begin(self, asked: Submission) -> dict[str, Any]:
        """Answer with what will be done, and do it then."""
        key = Key(asked.account.cloud, asked.likely_type, asked.options.type, "")
        filename = asked.form.filename or file_name(asked.form.source_url or "")
        asked.name = self._intake.name(key, asked.options, filename)
        check_may_write(asked.account, asked.name.public_id, asked.name.asset_folder)
        hooks, batch_id = self._service.notices.batched(asked.options.hooks)
        asked.options = replace(asked.options, hooks=hooks)
        sent = asked.form
        asked.form = Form(sent.params, sent.file, sent.filename, sent.source_url)
        self._state.background.start(self._work(asked, asked.name.public_id))
        sent.file = None  # it stays until the work is done
        return wire.pending_body(replace(key, public_id=asked.name.public_id), batch_id)

    async def _work(self, asked: Submission, public_id: str) -> None:
        try:
            await self._whole(asked)
        except ProviderError as error:
            self._service.notices.tell_error(asked.account, error, public_id, asked.options.hooks)
        finally:
            asked.form.drop()

    async def _whole(self, asked: Submission) -> dict[str, Any]:
        if asked.form.source_url is not None:
            await self._remote.fetch(asked.form, asked.form.source_url)
        incoming = asked.form.file
        assert incoming is not None
        outcome = await self._intake.store(asked, incoming, asked.form.filename)
        return await self._answers.of_upload(asked, outcome)


def _answered(request: Request, form: Form, body: dict[str, Any]) -> Response:
    """JSON; or a redirect to `callback` for browsers without XMLHttpRequest, with the answer in its query."""
    callback = form.text("callback")
    if callback is None or request.headers.get("x-requested-with") == "XMLHttpRequest":
        return JSONResponse(body)
    plain = [(name, _said(value)) for name, value in body.items() if isinstance(value, str | int | float)]
    tags = [("tags[]", tag) for tag in body.get("tags", ())]
    joint = "&" if "?" in callback else "?"
    return RedirectResponse(f"{callback}{joint}{urlencode([*plain, *tags])}", 302)


def _said(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
