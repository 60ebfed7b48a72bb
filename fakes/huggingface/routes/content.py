"""Files that come and go: what to upload how, commits, large files, downloads."""

import asyncio
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from fakes.huggingface import errors, wire
from fakes.huggingface.bodies import is_true, json_of, objects
from fakes.huggingface.guard import Guard, address, origin
from fakes.huggingface.state import HubState
from fakes.huggingface.state.files import checked_path
from fakes.huggingface.state.ignoring import is_ignored, rules
from fakes.kit.bodies import bounded
from fakes.kit.spool import Overtaken

_COMMIT_LIMIT_BYTES = 256 << 20


class Content:
    """Files of Spaces."""

    def __init__(self, state: HubState, guard: Guard) -> None:
        self._state = state
        self._guard = guard

    async def preupload(self, request: Request) -> Response:
        """Says for each file whether it comes with the commit or as a large one."""
        space, _ = self._guard.writable(request)
        head = self._state.files.revision(space.key, request.path_params["revision"])
        body = await json_of(request)
        ignored = body.get("gitIgnore") or self._state.files.text(space.key, head, ".gitignore") or ""
        left_out = rules(str(ignored))
        answers = []
        for given in objects(body, "files"):
            path = checked_path(given.get("path"))
            there = self._state.files.find(space.key, head, path)
            is_large = wire.is_large(given)
            answers.append(
                {
                    "path": path,
                    "uploadMode": "lfs" if is_large else "regular",
                    "shouldIgnore": is_ignored(path, left_out),
                    "oid": None if there is None else there.etag,
                }
            )
        return JSONResponse({"files": answers, "commitOid": head.id})

    async def commit(self, request: Request) -> Response:
        """Adds a commit to the branch."""
        space, caller = self._guard.writable(request)
        if is_true(request.query_params.get("create_pr")):
            raise errors.no_pull_requests()
        self._state.files.revision(space.key, request.path_params["revision"])
        body = await bounded(request, _COMMIT_LIMIT_BYTES).body()
        header, changes = wire.changes_of(body)
        made = self._state.commit(
            space,
            changes,
            header["summary"],
            str(header.get("description") or ""),
            caller.user,
            header.get("parentCommit"),
        )
        return JSONResponse(wire.committed_body(made, address(request, space.id)))

    async def batch(self, request: Request) -> Response:
        """Says where large files go."""
        space, _ = self._guard.writable(request)
        body = await json_of(request)
        if body.get("operation") != "upload":
            raise errors.bad_request('"operation" must be upload')
        asked = [wire.lfs_object(one) for one in objects(body, "objects")]
        found = [(oid, size, self._state.uploads.announce(oid, size)) for oid, size in asked]
        return JSONResponse(wire.lfs_body(found, origin(request), address(request, space.id)))

    async def upload(self, request: Request) -> Response:
        """Takes a large file; no token, the address is the secret."""
        upload = self._state.uploads.find(request.path_params["upload"])
        blobs = self._state.blobs
        name = blobs.partial(upload.id)
        blobs.spool.delete(name)
        limited = bounded(request, upload.size_bytes, errors.checksum_mismatch())
        try:
            with blobs.spool.writing(name) as writer:
                async for piece in limited.stream():
                    writer.append(piece)
        except (ClientDisconnect, Overtaken) as error:
            raise errors.checksum_mismatch() from error
        await asyncio.to_thread(self._state.uploads.settle, upload)
        return Response(headers={"ETag": f'"{upload.sha256}"'})

    async def verify(self, request: Request) -> Response:
        """Whether a large file has come."""
        self._guard.writable(request)
        oid, size_bytes = wire.lfs_object(await json_of(request))
        path = self._state.blobs.path(oid)
        if not path.is_file() or path.stat().st_size != size_bytes:
            raise errors.lfs_missing(oid)
        return JSONResponse({})

    async def resolve(self, request: Request) -> Response:
        """The bytes of a file; the Hub sends to another host for large ones."""
        space = self._guard.visible(request, "resolvers")
        at = self._state.files.revision(space.key, request.path_params["revision"])
        entry = self._state.files.find(space.key, at, request.path_params["path"])
        if entry is None:
            raise errors.entry_not_found()
        name = quote(entry.path.rpartition("/")[2])
        headers = {
            "ETag": f'"{entry.etag}"',
            "X-Repo-Commit": at.id,
            "Content-Disposition": f"inline; filename*=UTF-8''{name}; filename=\"{name}\";",
        }
        if entry.is_lfs:
            headers |= {"X-Linked-Etag": f'"{entry.etag}"', "X-Linked-Size": str(entry.size_bytes)}
        return FileResponse(self._state.blobs.path(entry.sha256), headers=headers)
