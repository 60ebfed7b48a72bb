"""Upload API: `upload`, in one request or in parts."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import Intake
from fakes.cloudinary.routes.upload.parts import Part, Parts
from fakes.cloudinary.routes.upload.remote import RemoteFiles
from fakes.cloudinary.routes.upload.subject import resource_type_of


class UploadsApi:
    """Stores files."""

    def __init__(self, service: Service) -> None:
        self._service = service
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
            sent = Part(account, resource_type, options, upload_id, content_range)
            body = await self._parts.take(sent, form)
        else:
            outcome = await self._intake.store(account, resource_type, options, (incoming, form.filename))
            body = await self._answers.of_upload(account, options, outcome)
        return JSONResponse(body)
