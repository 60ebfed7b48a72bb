"""The consent page, the error page, and how requests are read from HTTP. Names no provider."""

import base64
import html
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, json_object, media_type
from fakes.kit.errors import ProviderError
from fakes.kit.oauth.device import DeviceLogin
from fakes.kit.oauth.engine import Engine
from fakes.kit.oauth.profile import Asked, Profile
from fakes.kit.oauth.records import TokenRequest
from fakes.kit.people import PEOPLE, Person, person

_STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1b1c1f; --soft: #6a6d75; --line: #e3e4e8; --ground: #f4f5f7; --card: #fff;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1f2f4; --soft: #a2a6b0; --line: #34363c; --ground: #141519; --card: #1e2025 }
}
* { box-sizing: border-box }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px;
  background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
main {
  width: 100%; max-width: 420px; padding: 28px; background: var(--card);
  border: 1px solid var(--line); border-radius: 16px; box-shadow: 0 10px 30px rgb(0 0 0 / .07);
}
.brand {
  display: flex; align-items: center; gap: 10px; margin-bottom: 18px; color: var(--soft); font-size: 14px;
}
.dot { width: 12px; height: 12px; border-radius: 50%; background: var(--accent) }
h1 { font-size: 21px; line-height: 1.3; margin: 0 0 6px; overflow-wrap: anywhere }
p { margin: 0 0 14px; color: var(--soft); overflow-wrap: anywhere }
ul {
  margin: 0 0 20px; padding: 12px 12px 12px 30px; border: 1px solid var(--line); border-radius: 10px;
  font-size: 14px; overflow-wrap: anywhere;
}
li:has(label) { list-style: none; margin-left: -20px }
label { display: flex; gap: 7px; cursor: pointer }
label input { flex: none; margin: 4px 0 0; accent-color: var(--accent) }
button {
  font: inherit; color: inherit; text-align: left; cursor: pointer; background: none;
  width: 100%; display: flex; align-items: center; gap: 12px; padding: 10px 12px; margin: 0 0 8px;
  border: 1px solid var(--line); border-radius: 10px;
}
input:not([type]) {
  font: inherit; color: inherit; width: 100%; padding: 10px 12px; margin: 0 0 12px; letter-spacing: .12em;
  text-transform: uppercase; background: none; border: 1px solid var(--line); border-radius: 10px;
}
button:hover, button:focus-visible { outline: 2px solid var(--accent); outline-offset: -1px }
.face {
  flex: none; width: 36px; height: 36px; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: #fff; font-weight: 600;
}
small { display: block; color: var(--soft) }
.deny, .go { justify-content: center; margin: 12px 0 0 }
.deny { color: var(--soft) }
footer { margin-top: 18px; font-size: 12px; color: var(--soft) }
"""


def authorize_routes(engine: Engine, *paths: str) -> list[Route]:
    """The authorization endpoint: GET shows the consent page or redirects, POST takes its answer."""

    async def show(request: Request) -> Response:
        asked = engine.ask(request.query_params)
        approver = engine.silent_approver(asked)
        if approver is not None:
            return _done(engine.profile, engine.approve(asked, approver))
        return HTMLResponse(consent_page(engine.profile, asked, str(request.url.query)))

    async def decide(request: Request) -> Response:
        asked = engine.ask(request.query_params)
        one, ticked = await decision(request)
        if one is None:
            return _done(engine.profile, engine.deny(asked))
        toggles = engine.profile.toggles
        if ticked is not None:
            kept = tuple(scope for scope in asked.scopes if scope in ticked or not toggles(scope))
            asked = replace(asked, scopes=kept)
        return _done(engine.profile, engine.approve(asked, one))

    return [
        Route(path, on_a_page(engine.profile, handler), methods=[method])
        for path in paths
        for method, handler in (("GET", show), ("POST", decide))
    ]


async def decision(request: Request) -> tuple[Person | None, frozenset[str] | None]:
    """Who agreed on the consent page (None for nobody), and to which scopes (None where there is no choice).

    Raises:
        ProviderError: Somebody who is not there.
    """
    form = parse_qsl((await bounded(request).body()).decode("utf-8", "replace"))
    chosen = dict(form).get("decision", "")
    ticked = frozenset(value for name, value in form if name == "scope")
    has_choice = ("choice", "scopes") in form
    one = person(chosen)
    if one is None and chosen != "deny":
        raise ProviderError(400, f"decision '{chosen}' is neither a person of this page nor 'deny'")
    return one, ticked if has_choice else None


async def token_request(request: Request, profile: Profile) -> TokenRequest:
    """Read a request to the token or revocation endpoint, from where the provider reads."""
    params = dict(request.query_params) if profile.reads_query else {}
    body = await bounded(request).body()
    content_type = media_type(request)
    if content_type == "application/x-www-form-urlencoded":
        params.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif profile.reads_json and content_type == "application/json":
        params.update(_json_texts(body))
    return TokenRequest(params, _basic(request.headers.get("authorization", "")))


def bearer_text(request: Request, *schemes: str) -> str | None:
    """The token of the Authorization header, or None; the scheme (Bearer unless named) in any spelling."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    allowed = {name.lower() for name in schemes} or {"bearer"}
    return token.strip() or None if scheme.lower() in allowed else None


def consent_page(profile: Profile, asked: Asked | DeviceLogin, query: str) -> str:
    """One button for each person, and one to deny; the form sends the same query back."""
    toggles = profile.toggles if isinstance(asked, Asked) else (lambda _scope: False)
    scopes = "".join(_scope_item(scope, toggles(scope)) for scope in asked.scopes) or "<li>your name</li>"
    if any(map(toggles, asked.scopes)):
        scopes += '<input type="hidden" name="choice" value="scopes">'
    people = "".join(
        f'<button name="decision" value="{one.login}"><span class="face">{one.display_name[0]}</span>'
        f"<span>{html.escape(one.display_name)}<small>{html.escape(one.email)}</small></span></button>"
        for one in PEOPLE
    )
    return page(
        profile.title,
        profile.color,
        f"Continue to {asked.client.name}",
        f"<p>Choose an account. {html.escape(asked.client.name)} will be allowed:</p>"
        f'<form method="post" action="?{html.escape(query)}"><ul>{scopes}</ul>{people}'
        '<button class="deny" name="decision" value="deny">Deny</button></form>',
    )


def avatar(one: Person, color: str) -> Response:
    """A person's picture: their first letter on a round ground."""
    return Response(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
        f'<circle cx="48" cy="48" r="48" fill="{color}"/><text x="48" y="64" fill="#fff" font-size="46"'
        f' font-family="sans-serif" text-anchor="middle">{html.escape(one.display_name[0])}</text></svg>',
        media_type="image/svg+xml",
    )


def error_page(error: ProviderError) -> Response:
    """An error of the authorization endpoint as people see it; `extra["page"]` is (title, color)."""
    title, color = error.extra["page"]
    heading = f"Error {error.status}" + (f": {error.code}" if error.code else "")
    text = page(title, color, heading, f"<p>{html.escape(error.message)}</p>")
    return HTMLResponse(text, error.status, error.headers)


def page(title: str, color: str, heading: str, content: str) -> str:
    """A whole page; `content` is HTML, everything else is text."""
    title, heading = html.escape(title), html.escape(heading)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{title}: {heading}</title><style>:root {{ --accent: {color} }}{_STYLE}</style></head>"
        f'<body><main><div class="brand"><span class="dot"></span>{title}</div><h1>{heading}</h1>{content}'
        "<footer>A stand-in for staging. Nothing here leaves this machine.</footer></main></body></html>"
    )


def on_a_page(
    profile: Profile, handler: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Send redirecting refusals on their way, and mark all others as errors to be shown as a page."""

    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except ProviderError as error:
            if error.status == 302:
                return _go(error.headers["Location"])
            error.extra.setdefault("page", (profile.title, profile.color))
            raise

    return wrapped


def _scope_item(scope: str, may_be_taken_out: bool) -> str:
    text = html.escape(scope)
    if may_be_taken_out:
        text = f'<label><input type="checkbox" name="scope" value="{text}" checked> {text}</label>'
    return f"<li>{text}</li>"


def _done(profile: Profile, address: str) -> Response:
    """Send the person back, or say good-bye where there is no way back."""
    if address:
        return _go(address)
    return HTMLResponse(page(profile.title, profile.color, "Done", "<p>You may close this page.</p>"))


def _go(address: str) -> Response:
    return RedirectResponse(address, 302)


def _basic(header: str) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, percent-decoded (RFC 6749, 2.3.1); None when there are none."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(text.strip(), validate=True).decode()
    except ValueError:
        return None
    name, colon, secret = decoded.partition(":")
    return (unquote(name), unquote(secret)) if colon else None


def _json_texts(body: bytes) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in json_object(body).items()}
    except ValueError:
        return {}
