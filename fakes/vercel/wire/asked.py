"""What a client asks for, read out of its bodies and queries."""

import re
from collections.abc import Mapping
from typing import Any

from fakes.kit.documents import check_fields
from fakes.vercel import errors
from fakes.vercel.state.asked import DeployAsked, Push

_COMMIT = {
    "commitAuthorName": "githubCommitAuthorName",
    "commitAuthorEmail": "githubCommitAuthorEmail",
    "commitMessage": "githubCommitMessage",
    "commitRef": "githubCommitRef",
    "commitSha": "githubCommitSha",
}
# guess: what `meta` calls that which the command line program tells of the commit
_MARKS = ("githubCommitRef", "gitlabCommitRef", "bitbucketCommitRef", "gitCommitRef")
_SHAS = ("githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha", "gitCommitSha")

_PUSH = {"repo": "clipnet/clipnet", "branch": "develop", "sha": "", "message": "", "author": ""}
"""What a push tells, and what it is taken for when it does not."""


def deployment(body: Mapping[str, Any]) -> DeployAsked:
    """Read the body of `POST /v13/deployments`.

    Raises:
        ProviderError: A field is of a wrong kind, or it says nothing to deploy (400).
    """
    given = {name: _object(body, name) for name in ("meta", "gitMetadata", "gitSource", "projectSettings")}
    known = {_COMMIT[name]: value for name, value in given["gitMetadata"].items() if name in _COMMIT}
    meta = {name: str(value) for name, value in {**known, **given["meta"]}.items()}
    git_source = given["gitSource"] or None
    if git_source is not None:
        told = {"githubCommitRef": git_source.get("ref"), "githubCommitSha": git_source.get("sha")}
        meta = {name: str(value) for name, value in told.items() if value} | meta
    former, name, files = _text(body, "deploymentId"), _text(body, "name"), body.get("files")
    if not name:
        raise errors.bad_request("Invalid request: missing required property `name`.")
    if files is not None and not isinstance(files, list):
        raise errors.bad_request("Invalid request: `files` should be array.")
    if files is None and git_source is None and former is None:
        raise errors.bad_request("Invalid request: missing required property `files`.")
    target = _text(body, "target")
    if target not in (None, "preview", "production", "staging"):
        raise errors.bad_request("Invalid request: `target` should be one of production, staging, preview.")
    environment = _text(body, "customEnvironmentSlugOrId") or ("staging" if target == "staging" else None)
    return DeployAsked(
        project=_text(body, "project") or name,
        name=name,
        target="production" if target == "production" else None,
        environment=environment,
        branch=next((meta[mark] for mark in _MARKS if meta.get(mark)), None),
        sha=next((meta[mark] for mark in _SHAS if meta.get(mark)), None),
        meta=meta,
        git_source=git_source,
        source=_source(body),
        files=files,
        former=former,
        settings=given["projectSettings"],
    )


def push(body: Mapping[str, Any]) -> Push:
    """Read `{"sha", "repo"?, "branch"?, "message"?, "author"?}`.

    Raises:
        ValueError: A field is unknown, no text, or no commit's number.
    """
    check_fields(body, _PUSH, "field of push")
    for name, value in body.items():
        if not isinstance(value, str):
            raise ValueError(f"push.{name} is {value!r}; it must be a text")
    sha = body.get("sha", "")
    if re.fullmatch("[0-9a-f]{40}", sha) is None:
        raise ValueError(f"push.sha is '{sha[:50]}'; it must be the 40 hex digits of a commit")
    return Push(**{**_PUSH, **body})


def pushed(given: Push, name: str) -> DeployAsked:
    """What a push asks of a project that follows the repository."""
    source = {"type": "github", "ref": given.branch, "sha": given.sha}
    meta = {"githubCommitRef": given.branch, "githubCommitSha": given.sha}
    meta |= {"githubCommitMessage": given.message, "githubCommitAuthorName": given.author}
    return deployment({"name": name, "gitSource": source, "meta": meta})


def variable_values(body: Mapping[str, Any]) -> list[str]:
    """Values of environment variables that a deployment is given: nobody else shall see them."""
    build = body.get("build")
    given = (body.get("env"), build.get("env") if isinstance(build, dict) else None)
    return [
        value for one in given if isinstance(one, dict) for value in one.values() if isinstance(value, str)
    ]


def _source(body: Mapping[str, Any]) -> str | None:
    """Where a deployment comes from, in Vercel's words."""
    if "deploymentId" in body:
        return "redeploy"
    return "git" if body.get("gitSource") else _text(body, "source")


def text(body: Mapping[str, Any], name: str) -> str:
    """A text that must be there.

    Raises:
        ProviderError: It is not (400).
    """
    found = _text(body, name)
    if not found:
        raise errors.bad_request(f"Invalid request: missing required property `{name}`.")
    return found


def optional(body: Mapping[str, Any], name: str) -> str | None:
    """A text that may be there.

    Raises:
        ProviderError: It is something else (400).
    """
    return _text(body, name)


def texts(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts; empty when there is none.

    Raises:
        ProviderError: It is something else (400).
    """
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise errors.bad_request(f"Invalid request: `{name}` should be array of strings.")
    return found


def matcher(body: Mapping[str, Any]) -> dict[str, str] | None:
    """Which branches a custom environment follows.

    Raises:
        ProviderError: Not a type and a pattern (400).
    """
    given = _object(body, "branchMatcher")
    if not given:
        return None
    kind, pattern = given.get("type"), given.get("pattern")
    if kind not in ("equals", "startsWith", "endsWith") or not isinstance(pattern, str):
        raise errors.bad_request("Invalid request: `branchMatcher` should have `type` and `pattern`.")
    return {"type": kind, "pattern": pattern}


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name) or {}
    if not isinstance(found, dict):
        raise errors.bad_request(f"Invalid request: `{name}` should be object.")
    return found


def _text(body: Mapping[str, Any], name: str) -> str | None:
    found = body.get(name)
    if found is not None and not isinstance(found, str):
        raise errors.bad_request(f"Invalid request: `{name}` should be string.")
    return found or None
