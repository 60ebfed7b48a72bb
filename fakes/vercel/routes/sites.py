"""What deployments serve: by the Host header, and below a path for programs that cannot set one."""

import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from fakes.vercel import hostnames
from fakes.vercel.routing import routed
from fakes.vercel.state import VercelState
from fakes.vercel.state.deployments import Deployment

BELOW = "/_sites/"
"""Begins the paths below which sites are served without their host names."""
_BUILT = ".vercel/output/static"
_CONFIG = ".vercel/output/config.json"
_CACHE = "public, max-age=0, must-revalidate"


class SiteRoute(BaseRoute):
    """Takes every request for the host name of a deployment.

    Args:
        state: Knows which host names there are.
    """

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """By the Host header alone."""
        if scope["type"] != "http":
            return Match.NONE, {}
        header = Request(scope).headers.get("host", "")
        host = hostnames.asked(header)
        return (Match.FULL, {"site": host}) if self._is_site(host) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        response = answer(self._state, scope["site"], scope["path"], scope["method"])
        await response(scope, receive, send)

    def _is_site(self, host: str) -> bool:
        if host.endswith(hostnames.SUFFIX) or self._state.projects.domain(host) is not None:
            return True
        return self._state.deployments.alias(host) is not None


def site_route(state: VercelState) -> Route:
    """The path below which each site is served."""

    async def below(request: Request) -> Response:
        host, path = hostnames.asked(request.path_params["host"]), "/" + request.path_params["path"]
        return answer(state, host, path, request.method)

    return Route(f"{BELOW}{{host}}/{{path:path}}", below)


def answer(state: VercelState, host: str, path: str, method: str) -> Response:
    """What a site says to a request."""
    state.releases.settle()
    deployment = state.deployments.find(host)
    if (violation := state.violation_of_host(host)) is not None:
        state.kit.journal.violation(violation)
    if deployment is None:
        return _trouble(404, "DEPLOYMENT_NOT_FOUND", "The deployment could not be found on Vercel.")
    if deployment.state != "READY":
        text = "This deployment is not ready."  # guess: Vercel shows a page about the build
        return _trouble(404, "DEPLOYMENT_NOT_READY", text)
    if deployment.site_url is not None:
        return RedirectResponse(deployment.site_url.rstrip("/") + path, 307)
    if method not in ("GET", "HEAD"):
        return _trouble(405, "INVALID_REQUEST_METHOD", "This Request was not made with an accepted method")
    return _file(state, deployment, path)


def _file(state: VercelState, deployment: Deployment, path: str) -> Response:
    root, tree = _root(state, deployment), state.files.tree(deployment.id)
    is_clean = _clean_urls(root, tree)
    rules = _rules(root, tree)
    way = routed(rules, path, lambda path: _found(root, path, is_clean=is_clean) is not None)
    headers = {"server": "Vercel", "cache-control": _CACHE, "x-vercel-id": f"iad1::{deployment.id}"}
    headers |= {"x-vercel-cache": "HIT", "x-vercel-deployment-url": deployment.host, **way.headers}
    if way.status is not None and way.status != 404:
        return Response(status_code=way.status, headers=headers)
    found = None if way.status == 404 else _found(root, way.path, is_clean=is_clean)
    if found is not None:
        return FileResponse(found, headers=headers, media_type=_media_type(found))
    missing = root / "404.html"
    if missing.is_file():
        return FileResponse(missing, 404, headers=headers, media_type="text/html; charset=utf-8")
    return _trouble(404, "NOT_FOUND", "The page could not be found", way.headers)


def _root(state: VercelState, deployment: Deployment) -> Path:
    """The folder of a deployment that is served: what was built, what the project names, `public`, or all."""
    tree = state.files.tree(deployment.id)
    named = state.projects.existing(deployment.project_id).settings.get("outputDirectory")
    for name in (_BUILT, named, "public"):
        place = _folder(tree, name) if isinstance(name, str) and name else None
        if place is not None:
            return place
    return tree.resolve()


def _folder(tree: Path, name: str) -> Path | None:
    """A folder below a deployment's tree, if there is one of this name."""
    try:
        place = (tree / name).resolve()
        return place if place.is_relative_to(tree.resolve()) and place.is_dir() else None
    except (OSError, ValueError):  # a name that no folder can have
        return None


def _found(root: Path, path: str, *, is_clean: bool) -> Path | None:
    """The file for a path, if it is one of the site's."""
    try:
        wanted = (root / path.lstrip("/")).resolve()
        tried = [wanted, wanted / "index.html"]
        if is_clean and wanted.name:
            tried.append(wanted.with_name(f"{wanted.name}.html"))
        return next((one for one in tried if one.is_relative_to(root) and one.is_file()), None)
    except (OSError, ValueError):  # a name that no file can have
        return None


def _clean_urls(root: Path, tree: Path) -> bool:
    """Whether pages are asked for without `.html`."""
    if root == (tree / _BUILT).resolve():
        return bool(_json(tree / _CONFIG).get("overrides"))
    return _json(tree / "vercel.json").get("cleanUrls") is True


def _rules(root: Path, tree: Path) -> Sequence[Any]:
    """The routes of what was built, if that is served."""
    found = _json(tree / _CONFIG).get("routes") if root == (tree / _BUILT).resolve() else None
    return found if isinstance(found, list) else ()


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _media_type(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = re.match(r"text/|application/(javascript|json)", kind)
    return f"{kind}; charset=utf-8" if is_text else kind


def _trouble(status: int, code: str, text: str, more: Mapping[str, str] | None = None) -> Response:
    headers = {"server": "Vercel", "cache-control": _CACHE, **(more or {}), "x-vercel-error": code}
    return PlainTextResponse(f"{text}\n\n{code}\n", status, headers)
