"""The Hub's JSON, both ways. Field names are the Hub's."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from fakes.huggingface import errors
from fakes.huggingface.state.deployments import Deployment
from fakes.huggingface.state.files import (
    Change,
    Commit,
    Entry,
    checked_path,
    folders,
)
from fakes.huggingface.state.hardware import FLAVORS
from fakes.huggingface.state.logs import Line
from fakes.huggingface.state.spaces import SECRET, Space, Value
from fakes.huggingface.state.tokens import READ, WRITE, Token
from fakes.huggingface.state.uploads import Upload
from fakes.kit.bodies import strict_json
from fakes.kit.errors import ProviderError

REGULAR_LIMIT_BYTES = 10 << 20
"""A longer file must be uploaded as a large one (huggingface.co/docs/hub/repositories-getting-started)."""
_SHA256_DIGITS = 64
_SIZE_LIMIT = 1 << 40
_NOT_PLAIN = re.compile(r"[^\x21-\x7e]+")


def moment(unix_s: float) -> str:
    """A time as the Hub writes it: UTC with milliseconds."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def error_body(error: ProviderError) -> Response:
    """An error: its text in the body and as a header, its code as a header."""
    headers = {"X-Error-Message": _NOT_PLAIN.sub(" ", error.message).strip()}
    if error.code is not None:
        headers["X-Error-Code"] = str(error.code)
    body = {"error": error.message, **error.extra}
    return JSONResponse(body, error.status, {**headers, **error.headers})


def user_id(name: str) -> str:
    """The id of a user, which is the same in all runs."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def whoami_body(token: Token) -> dict[str, Any]:
    """The user and the token (huggingface.js: api-who-am-i.ts)."""
    access: dict[str, Any] = {"displayName": token.name, "role": token.role}
    if token.role == "fineGrained":
        scoped = [_scope(name) for name in token.scopes]
        access["fineGrained"] = {"canReadGatedRepos": False, "global": [], "scoped": scoped}
    return {
        "type": "user",
        "id": user_id(token.user),
        "name": token.user,
        "fullname": token.user.replace("-", " ").title(),
        "email": f"{token.user}@example.com",
        "emailVerified": True,
        "canPay": True,
        "periodEnd": None,
        "isPro": False,
        "avatarUrl": f"/avatars/{user_id(token.user)}.svg",
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": access},
    }


def space_body(
    space: Space,
    runtime: Mapping[str, Any],
    head: Commit,
    entries: Sequence[Entry],
    card: Mapping[str, Any],
    *,
    has_blobs: bool,
) -> dict[str, Any]:
    """A Space (huggingface.js: api-space.ts); `has_blobs` adds sizes and ids to its files."""
    return {
        **listed_body(space, head),
        "author": space.namespace,
        "sha": head.id,
        "gated": False,
        "disabled": False,
        "host": f"https://{space.subdomain}.hf.space",
        "subdomain": space.subdomain,
        "cardData": dict(card),
        "siblings": [_sibling(entry, has_blobs) for entry in entries],
        "runtime": dict(runtime),
        "usedStorage": sum(entry.size_bytes for entry in entries),
    }


def listed_body(space: Space, head: Commit) -> dict[str, Any]:
    """A Space in a list."""
    return {
        "_id": space.key,
        "id": space.id,
        "private": space.is_private,
        "likes": 0,
        "sdk": space.sdk,
        "tags": [space.sdk, "region:us"],
        "createdAt": moment(space.created_s),
        "lastModified": moment(head.at_s),
    }


def runtime_body(space: Space, stage: str, deployment: Deployment | None) -> dict[str, Any]:
    """The runtime of a Space; there is no hardware yet while it is built for the first time."""
    runs = stage.startswith("RUNNING")
    has_hardware = space.sdk != "static"
    current = (
        space.hardware if has_hardware and stage not in ("BUILDING", "NO_APP_FILE", "CONFIG_ERROR") else None
    )
    body: dict[str, Any] = {
        "stage": stage,
        "hardware": {"current": current, "requested": space.hardware if has_hardware else None},
        "storage": None,
        "gcTimeout": space.sleep_s if has_hardware else None,
        "replicas": {"current": int(runs), "requested": 1},
        "devMode": False,
        "domains": [{"domain": f"{space.subdomain}.hf.space", "stage": "READY"}],
    }
    if deployment is not None and space.flaw is None:
        body["sha"] = deployment.sha
    error = space.flaw_text or (deployment.error if deployment else None)
    if error is not None and not runs:
        body["errorMessage"] = error
    return body


def values_body(values: Iterable[Value], kind: str) -> dict[str, Any]:
    """Secrets or variables by name; secrets without what they are."""
    return {
        value.name: {
            "key": value.name,
            **({} if kind == SECRET else {"value": value.value}),
            **({} if value.description is None else {"description": value.description}),
            "updatedAt": moment(value.updated_s),
        }
        for value in values
    }


def tree_body(
    entries: Sequence[Entry], folder: str, last: Commit, *, is_deep: bool, expands: bool
) -> list[Any]:
    """Files and folders of a folder; with all below it when `is_deep`.

    Raises:
        ProviderError: There is no such folder (404).
    """
    beneath = f"{folder}/" if folder else ""
    inside = [entry for entry in entries if entry.path.startswith(beneath)]
    if folder and not inside:
        raise errors.entry_not_found()
    more = {"lastCommit": {"id": last.id, "title": last.title, "date": moment(last.at_s)}} if expands else {}
    found = [
        {"type": "directory", "oid": oid, "size": 0, "path": path, **more}
        for path, oid in folders(inside, beneath)
    ]
    found += [{**file_body(entry), **more} for entry in inside]
    if not is_deep:
        found = [one for one in found if "/" not in str(one["path"]).removeprefix(beneath)]
    return found


def file_body(entry: Entry) -> dict[str, Any]:
    """A file of a tree."""
    body: dict[str, Any] = {"type": "file", "oid": entry.oid, "size": entry.size_bytes, "path": entry.path}
    if entry.is_lfs:
        body["lfs"] = {"oid": entry.sha256, "size": entry.size_bytes, "pointerSize": entry.pointer_bytes}
    return body


def paths_body(entries: Sequence[Entry], paths: Iterable[str]) -> list[Any]:
    """The files and folders that were asked for; those that are not there are left out."""
    known = {entry.path: file_body(entry) for entry in entries}
    known |= {path: {"type": "directory", "oid": oid, "path": path} for path, oid in folders(entries, "")}
    return [known[path] for path in paths if path in known]


def commit_body(commit: Commit) -> dict[str, Any]:
    """A commit of a log."""
    return {
        "id": commit.id,
        "title": commit.title,
        "message": commit.message,
        "authors": [{"user": commit.author, "avatar": f"/avatars/{user_id(commit.author)}.svg"}],
        "date": moment(commit.at_s),
    }


def committed_body(commit: Commit, url: str) -> dict[str, Any]:
    """The answer to a commit."""
    return {
        "success": True,
        "commitOid": commit.id,
        "commitUrl": f"{url}/commit/{commit.id}",
        "hookOutput": "",
    }


def lfs_body(asked: Sequence[tuple[str, int, Upload | None]], origin: str, url: str) -> dict[str, Any]:
    """Where large files go: nothing to do for those that are there (git-lfs: batch.md)."""
    objects = []
    for oid, size_bytes, upload in asked:
        body: dict[str, Any] = {"oid": oid, "size": size_bytes}
        if upload is not None:
            body["authenticated"] = True
            body["actions"] = {
                "upload": {"href": f"{origin}/lfs-upload/{upload.id}", "expires_in": 3600},
                "verify": {"href": f"{url}.git/info/lfs/verify", "expires_in": 3600},
            }
        objects.append(body)
    return {"transfer": "basic", "objects": objects}


def hardware_body() -> list[dict[str, Any]]:
    """All hardware there is."""
    return [
        {
            "name": one.name,
            "prettyName": one.pretty_name,
            "cpu": one.cpu,
            "ram": one.ram,
            "ephemeralStorage": "50 GB",
            "accelerator": one.gpu
            and {
                "type": "gpu",
                "model": one.gpu,
                "quantity": "1",
                "vram": one.vram,
                "manufacturer": "Nvidia",
            },
            "unitCostMicroUSD": round(one.unit_cost_usd * 1_000_000 / 60),
            "unitCostUSD": round(one.unit_cost_usd / 60, 6),
            "unitLabel": "minute",
        }
        for one in FLAVORS
    ]


def event(line: Line) -> str:
    """A line of a log as a server-sent event."""
    text = JSONResponse({"data": line.text, "timestamp": moment(line.at_s)}).body
    return f"data: {bytes(text).decode()}\n\n"


def changes_of(body: bytes) -> tuple[Mapping[str, Any], list[Change]]:
    """The header and the changes of a commit in NDJSON.

    Raises:
        ProviderError: A line is not usable (400).
    """
    header: Mapping[str, Any] = {}
    changes: list[Change] = []
    for number, line in enumerate(filter(bytes.strip, body.split(b"\n")), 1):
        key, value = _operation(line, number)
        match key:
            case "header":
                header = value
            case "file":
                changes.append(Change(checked_path(value.get("path")), content=_content(value)))
            case "lfsFile":
                changes.append(Change(checked_path(value.get("path")), sha256=_digest(value)))
            case "deletedFile":
                changes.append(Change(checked_path(value.get("path"))))
            case "deletedFolder":
                folder = str(value.get("path", "")).rstrip("/")
                changes.append(Change(checked_path(folder), is_folder=True))
            case _:
                raise errors.bad_request(f'Line {number}: "key" is not one that is known: {str(key)[:40]}')
    if not isinstance(header.get("summary"), str) or not header["summary"]:
        raise errors.bad_request('"summary" is required in the header of a commit')
    return header, changes


def lfs_object(given: Mapping[str, Any]) -> tuple[str, int]:
    """SHA-256 and size of a large file.

    Raises:
        ProviderError: A field is not usable (400).
    """
    size_bytes = given.get("size")
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int) or not 0 <= size_bytes < _SIZE_LIMIT:
        raise errors.bad_request('"size" must be a number of bytes')
    return _digest(given), size_bytes


def is_large(given: Mapping[str, Any]) -> bool:
    """Whether a file that is to be uploaded, `{"size", "sample"}`, is long, or no text.

    Raises:
        ProviderError: A field is not usable (400).
    """
    size_bytes = given.get("size")
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, int):
        raise errors.bad_request('"size" must be a number of bytes')
    sample = _base64(given.get("sample", ""), "sample")
    return size_bytes > REGULAR_LIMIT_BYTES or b"\0" in sample  # guess: how the Hub tells what is no text


def _operation(line: bytes, number: int) -> tuple[Any, Mapping[str, Any]]:
    try:
        read = strict_json(line)
    except ValueError as error:
        raise errors.bad_request(f"Line {number} of the commit is not valid JSON") from error
    if not isinstance(read, dict) or not isinstance(read.get("value"), dict):
        raise errors.bad_request(f'Line {number} of the commit must have "key" and "value"')
    return read.get("key"), read["value"]


def _digest(given: Mapping[str, Any]) -> str:
    oid = given.get("oid")
    if not isinstance(oid, str) or len(oid) != _SHA256_DIGITS or oid.strip("0123456789abcdef"):
        raise errors.bad_request('"oid" must be a SHA-256 of 64 hex digits')
    return oid


def _content(value: Mapping[str, Any]) -> bytes:
    text = value.get("content")
    if value.get("encoding") == "base64":
        content = _base64(text, "content")
    elif isinstance(text, str):
        content = text.encode()
    else:
        raise errors.bad_request('"content" must be a string')
    if len(content) > REGULAR_LIMIT_BYTES:
        raise errors.bad_request(
            f"Your push was rejected because it contains files larger than 10 MiB: {value.get('path')}"
        )
    return content


def _base64(text: Any, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise errors.bad_request(f'"{name}" must be base64') from error


def _sibling(entry: Entry, has_blobs: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"rfilename": entry.path}
    if has_blobs:
        body |= {"size": entry.size_bytes, "blobId": entry.oid}
        if entry.is_lfs:
            body["lfs"] = {
                "sha256": entry.sha256,
                "size": entry.size_bytes,
                "pointerSize": entry.pointer_bytes,
            }
    return body


def _scope(name: str) -> dict[str, Any]:
    kind = "space" if "/" in name else "user"
    return {"entity": {"_id": user_id(name), "type": kind, "name": name}, "permissions": [READ, WRITE]}
