"""The page where a person types in the code that a device shows. Names no provider."""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fakes.kit.errors import ProviderError
from fakes.kit.oauth.device import DeviceLogin
from fakes.kit.oauth.engine import Engine
from fakes.kit.oauth.pages import consent_page, decision, on_a_page, page

_FORM = """<p>Type in the code that your device shows.</p><form>
<input name="{name}" aria-label="Code" autocomplete="off" autofocus required>
<button class="go">Continue</button></form>"""


def device_routes(engine: Engine, code_param: str = "user_code") -> list[Route]:
    """The page for codes of devices: without a code a form, with one the consent page, then a good-bye.

    With `auto_approve=1` and, if need be, `login_hint` the code is approved without a click.
    """
    profile, devices = engine.profile, engine.devices
    assert profile.device is not None
    assert devices is not None

    def typed(request: Request) -> DeviceLogin:
        code = request.query_params.get(code_param, "")
        one = devices.typed(code)
        if one is None:
            raise ProviderError(400, f"The code '{code}' is not known here, or it is too old.")
        return one

    def done(heading: str) -> Response:
        return HTMLResponse(page(profile.title, profile.color, heading, "<p>Go back to your device.</p>"))

    async def show(request: Request) -> Response:
        query = request.query_params
        if not query.get(code_param):
            form = _FORM.format(name=html.escape(code_param))
            return HTMLResponse(page(profile.title, profile.color, "Connect a device", form))
        one = typed(request)
        approver = engine.waved_through(query)
        if approver is None:
            return HTMLResponse(consent_page(profile, one, str(request.url.query)))
        return answer(engine.decide_on_device(one, approver.login))

    async def decide(request: Request) -> Response:
        one, (who, _) = typed(request), await decision(request)
        return answer(engine.decide_on_device(one, who.login if who else None))

    def answer(is_approved: bool) -> Response:
        return done("Your device is connected" if is_approved else "Your device was not connected")

    return [
        Route(profile.device.page, on_a_page(profile, handler), methods=[method])
        for method, handler in (("GET", show), ("POST", decide))
    ]
