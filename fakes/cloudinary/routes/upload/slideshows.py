"""Upload API: `create_slideshow`."""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, slideshows
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import Intake
from fakes.cloudinary.routes.upload.submission import Submission, submission
from fakes.cloudinary.slideshows import Slideshow
from fakes.cloudinary.state import Key, check_may_write
from fakes.kit.errors import ProviderError


class SlideshowsApi:
    """Makes videos out of pictures and videos, behind the answer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._intake = Intake(service)
        self._answers = Answers(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [("POST", "{resource_type}/create_slideshow", self.create)]

    async def create(self, request: Request, form: Form) -> Response:
        """Answer with what will be made, and make it then."""
        asked = submission(self._service, request, form)
        if asked.resource_type != "video":
            raise errors.invalid_parameter("resource_type", asked.resource_type)
        show = slideshows.read(form.text("manifest_json"), form.text("manifest_transformation"))
        key = Key(asked.account.cloud, "video", asked.options.type, "")
        name = asked.name = self._intake.name(key, asked.options, None)
        check_may_write(asked.account, name.public_id, name.asset_folder)
        hooks, batch_id = self._service.notices.batched(asked.options.hooks)
        asked.options = replace(asked.options, hooks=hooks)
        self._service.state.background.start(self._work(asked, show, name.public_id))
        return JSONResponse({"status": "processing", "public_id": name.public_id, "batch_id": batch_id})

    async def _work(self, asked: Submission, show: Slideshow, public_id: str) -> None:
        incoming = self._service.blobs.incoming()
        try:
            await self._service.renderer.slideshow(asked.account.cloud, show, incoming)
            await asyncio.to_thread(incoming.read_back)
            outcome = await self._intake.store(asked, incoming, None)
            await self._answers.of_upload(asked, outcome)
        except ProviderError as error:
            self._service.notices.tell_error(asked.account, error, public_id, asked.options.hooks)
        finally:
            incoming.drop()
