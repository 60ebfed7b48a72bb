"""Upload API: `text`, which makes a picture of words."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, media, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import Name
from fakes.cloudinary.render import lettering
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Key, Upload

_TEXT_LIMIT = 5000
_STYLE = (
    "font_family",
    "font_size",
    "font_weight",
    "font_style",
    "font_color",
    "text_decoration",
    "text_align",
    "stroke",
    "letter_spacing",
    "line_spacing",
    "background",
    "opacity",
)
"""What layers take from a text image that they name: everything but its words."""


class TextsApi:
    """Writes texts."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._answers = Answers(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [("POST", "{resource_type}/text", self.text)]

    async def text(self, request: Request, form: Form) -> Response:
        """Make a picture of a text; layers can use its style by its public id."""
        resource_type_of(request)
        account = self._service.signer(request, form)
        text = form.text("text")
        if text is None:
            raise errors.missing_parameter("text")
        if len(text) > _TEXT_LIMIT:
            raise errors.invalid_parameter("text", f"more than {_TEXT_LIMIT} characters")
        public_id = naming.check(form.text("public_id") or self._service.kit.ids.text(32))
        folder, _, shown = public_id.rpartition("/")
        key = Key(account.cloud, "image", "text", public_id)
        self._state.check_may_store(account, key, folder)
        params, incoming = form.texts(), self._service.blobs.incoming()
        try:
            await self._service.renderer.run(lambda: lettering.write(incoming.path, params))
            blob = await asyncio.to_thread(incoming.read_back)
            probe = await asyncio.to_thread(media.probe_image, incoming.path)
            probe.detail["text"] = {name: params[name] for name in _STYLE if name in params}
            name = Name(public_id, folder, shown)
            upload = Upload(key, name, blob, probe, None, wire.parse_tags(form), {}, overwrite=True)
            async with self._state.stored.kept(incoming, blob):
                asset = self._state.assets.store(upload).asset
        finally:
            incoming.drop()
        return JSONResponse(self._answers.of_asset(account, asset))
