"""Analyze API: `POST /v2/<cloud>/analysis/analyze/<input>`, all of which is add-ons."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.cloudinary import wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Service


class AnalysisApi:
    """Refuses analyses as Cloudinary does without a subscription."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows."""
        path = "/v2/{cloud}/analysis/analyze/{input_type}"
        return [Route(path, self._service.reads_form(self.analyze), methods=["POST"])]

    async def analyze(self, request: Request, form: Form) -> Response:
        """Say which add-on would be needed."""
        self._service.admin(request)
        raise wire.analysis_refusal(request.path_params["input_type"], form)
