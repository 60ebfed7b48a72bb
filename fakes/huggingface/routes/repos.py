"""Who the caller is, and repositories: create, delete, rename, look into."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.huggingface import errors, wire
from fakes.huggingface.bodies import is_true, json_of, objects
from fakes.huggingface.guard import Guard, address
from fakes.huggingface.state import HubState
from fakes.huggingface.state import card as cards
from fakes.huggingface.state.files import MAIN, Commit
from fakes.huggingface.state.spaces import SECRET, VARIABLE, Space
from fakes.kit.bodies import bounded
from fakes.kit.numbers import whole

_KEPT = ("_id", "id")


class Repos:
    """Repositories, of which this fake has Spaces only."""

    def __init__(self, state: HubState, guard: Guard) -> None:
        self._state = state
        self._guard = guard

    async def whoami(self, request: Request) -> Response:
        """The user and the token."""
        return JSONResponse(wire.whoami_body(self._guard.user(request)))

    async def create(self, request: Request) -> Response:
        """Makes a Space."""
        caller = self._guard.user(request)
        body = await json_of(request)
        _check_kind(body)
        namespace = str(body.get("organization") or caller.user)
        space = self._state.create(
            caller,
            body.get("name"),
            namespace,
            body.get("sdk"),
            is_private=_is_private(body) is True,
            url=address(request, namespace),
            values={kind: objects(body, kind) for kind in (SECRET, VARIABLE)},
            hardware=body.get("hardware"),
        )
        if "sleepTimeSeconds" in body:
            self._state.set_sleep(space, body["sleepTimeSeconds"])
        return JSONResponse({"url": address(request, space.id), "name": space.id, "id": space.key})

    async def delete(self, request: Request) -> Response:
        """Removes a Space."""
        caller = self._guard.user(request)
        body = await json_of(request)
        _check_kind(body)
        space_id = f"{body.get('organization') or caller.user}/{body.get('name')}"
        self._state.delete(self._state.access.writable(caller, space_id))
        return JSONResponse({})

    async def move(self, request: Request) -> Response:
        """Renames a Space."""
        caller = self._guard.user(request)
        body = await json_of(request)
        _check_kind(body)
        space = self._state.access.writable(caller, str(body.get("fromRepo")))
        namespace, _, name = str(body.get("toRepo")).partition("/")
        self._state.move(caller, space, namespace, name, address(request, namespace))
        return JSONResponse({})

    async def validate(self, request: Request) -> Response:
        """Checks the front matter of a README.md."""
        self._guard.caller(request)
        body = await json_of(request)
        try:
            card = cards.read(str(body.get("content", "")))
        except cards.BadCard as error:
            raise errors.invalid_metadata((str(error),)) from error
        is_space = body.get("repoType") == "space"
        if card is not None and is_space and (wrong := cards.flaws(card)):
            raise errors.invalid_metadata(wrong)
        warnings = [{"message": cards.EMPTY}] if card is None else []
        return JSONResponse({"errors": [], "warnings": warnings})

    async def listed(self, request: Request) -> Response:
        """The Spaces that the caller may see, newest first."""
        caller, query = self._guard.caller(request), request.query_params
        author, search = query.get("author"), query.get("search", "").lower()
        limit = whole(query.get("limit", "1000")) or 1000
        found = [
            wire.listed_body(space, self._state.files.revision(space.key, MAIN))
            for space in reversed(self._state.spaces.all())
            if not space.is_private or (caller and caller.may_see(space.id))
            if author in (None, space.namespace) and search in space.id.lower()
        ]
        return JSONResponse(found[:limit])

    async def hardware(self, request: Request) -> Response:
        """All hardware there is."""
        self._guard.caller(request)
        return JSONResponse(wire.hardware_body())

    async def show(self, request: Request) -> Response:
        """A Space, at a revision."""
        space, at = self._at(request, request.path_params.get("revision", MAIN))
        query, files = request.query_params, self._state.files
        stage, deployment = self._state.stage(space), self._state.deployments.latest(space.key)
        body = wire.space_body(
            space,
            wire.runtime_body(space, stage, deployment),
            at,
            files.entries(space.key, at),
            _card(files.text(space.key, at, "README.md")),
            has_blobs=is_true(query.get("blobs")),
        )
        wanted = [*query.getlist("expand"), *query.getlist("expand[]")]
        return JSONResponse({name: body[name] for name in body if not wanted or name in (*wanted, *_KEPT)})

    async def settings(self, request: Request) -> Response:
        """Shows or hides a Space."""
        space, _ = self._guard.writable(request)
        body = await json_of(request)
        is_private = _is_private(body)
        if is_private is None:
            raise errors.bad_request('"visibility" must be one of [public, private]')
        self._state.spaces.change(space, is_private=is_private)
        return JSONResponse({"private": is_private, "gated": False})

    async def check_read(self, request: Request) -> Response:
        """Whether the caller may see a Space."""
        self._guard.visible(request)
        return JSONResponse({})

    async def check_write(self, request: Request) -> Response:
        """Whether the caller may change a Space."""
        self._guard.writable(request)
        return JSONResponse({})

    async def tree(self, request: Request) -> Response:
        """Files and folders."""
        space, at = self._at(request, request.path_params["revision"])
        entries = self._state.files.entries(space.key, at)
        folder, query = request.path_params.get("path", "").strip("/"), request.query_params
        is_deep, expands = is_true(query.get("recursive")), is_true(query.get("expand"))
        return JSONResponse(wire.tree_body(entries, folder, at, is_deep=is_deep, expands=expands))

    async def paths(self, request: Request) -> Response:
        """The files and folders that a form or JSON names."""
        space, at = self._at(request, request.path_params["revision"])
        if request.headers.get("content-type", "").startswith("application/json"):
            asked: Any = (await json_of(request)).get("paths")
        else:
            asked = (await bounded(request).form()).getlist("paths")
        named = [str(one) for one in asked] if isinstance(asked, list) else []
        return JSONResponse(wire.paths_body(self._state.files.entries(space.key, at), named))

    async def refs(self, request: Request) -> Response:
        """The branches, of which there is one."""
        _, head = self._at(request, MAIN)
        branch = {"name": MAIN, "ref": f"refs/heads/{MAIN}", "targetCommit": head.id}
        return JSONResponse({"branches": [branch], "converts": [], "tags": [], "pullRequests": []})

    async def commits(self, request: Request) -> Response:
        """The commits, newest first."""
        space, at = self._at(request, request.path_params["revision"])
        return JSONResponse([wire.commit_body(one) for one in self._state.files.log(space.key, at)])

    def _at(self, request: Request, revision: str) -> tuple[Space, Commit]:
        space = self._guard.visible(request)
        return space, self._state.files.revision(space.key, revision)


def _check_kind(body: dict[str, Any]) -> None:
    kind = body.get("type") or "model"
    if kind != "space":
        raise errors.not_covered(str(kind))


def _is_private(body: dict[str, Any]) -> bool | None:
    """What `visibility` says, or `private` as older clients write it; None for neither."""
    match body:
        case {"visibility": "private" | "public" as visibility}:
            return bool(visibility == "private")
        case {"private": bool() as is_private}:
            return is_private
        case _:
            return None


def _card(text: str | None) -> dict[str, Any]:
    try:
        return dict(cards.read(text or "") or {})
    except cards.BadCard:
        return {}
