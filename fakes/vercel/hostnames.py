"""Host names of projects, deployments and branches (vercel.com/docs/deployments/generated-urls). Pure."""

import hashlib
import re

_LABEL_LIMIT = 63
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_PROJECT = re.compile(r"(?!.*---)[a-z0-9._-]{1,100}")
SUFFIX = ".vercel.app"
LOCAL = ".localhost"
"""Ends host names that lead to this machine wherever names are looked up; it is taken off."""


def is_host(name: str) -> bool:
    """Whether this can be the name of a host, in lower case."""
    return _HOST.fullmatch(name) is not None


def is_project(name: str) -> bool:
    """Whether a project may be called this (vercel.com/docs/projects, project name)."""
    return _PROJECT.fullmatch(name) is not None


def slug(text: str) -> str:
    """Lower case, with `-` for everything that is no letter and no digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def label(text: str) -> str:
    """A label of a host name; what is too long ends with a few digits of its hash."""
    if len(text) <= _LABEL_LIMIT:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]  # guess: which hash, and how much of it
    return f"{text[: _LABEL_LIMIT - 7].rstrip('-')}-{digest}"


def production(project: str) -> str:
    """Where a project's production is."""
    return label(slug(project)) + SUFFIX


def unique(project: str, mark: str, team: str) -> str:
    """Where one deployment is, for ever."""
    return label(f"{slug(project)}-{mark}-{team}") + SUFFIX


def branch(project: str, ref: str, team: str) -> str:
    """Where the newest deployment of a branch is."""
    return label(f"{slug(project)}-git-{slug(ref)}-{team}") + SUFFIX


def environment(project: str, name: str, team: str) -> str:
    """Where the newest deployment of a custom environment is."""
    return label(f"{slug(project)}-env-{slug(name)}-{team}") + SUFFIX  # guess: the form


def asked(header: str) -> str:
    """The host that a Host header means: without port and `.localhost`, lower case."""
    return header.partition(":")[0].rstrip(".").lower().removesuffix(LOCAL)


def bare(address: str) -> str:
    """The host of an address that may have a scheme and a path."""
    return re.sub(r"\A[a-z]+://", "", address.lower()).partition("/")[0]
