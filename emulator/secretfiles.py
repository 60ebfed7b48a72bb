"""Secrets that containers get as files, as programs on the host get them: in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulator.compose import IN_CHECKOUT, PACKAGED, ComposeFile, as_map
from emulator.interpolation import interpolate

MOUNTED = "/run/secrets/"
"""Where Compose puts them in a container. Source: docs.docker.com/compose/how-tos/use-secrets."""


def folder(variables: Mapping[str, str]) -> str:
    """Return what `${SECRETS_DIR}` is in compose.yaml: the user's folder, else the packaged secrets."""
    if given := variables.get("SECRETS_DIR"):
        return given
    beside = PACKAGED if PACKAGED.is_file() else IN_CHECKOUT
    return str(beside.with_name("secrets"))


def files(file: ComposeFile, variables: Mapping[str, str]) -> dict[str, Path]:
    """Return the file of each secret of a compose file that has one."""
    known = {**variables, "SECRETS_DIR": folder(variables)}
    declared = as_map(file.body.get("secrets") or {})
    return {
        str(name): file.paths[-1].parent / interpolate(str(body["file"]), known)
        for name, body in declared.items()
        if isinstance(body, Mapping) and body.get("file")
    }


def revealed(
    environment: Mapping[str, str], secrets: Mapping[str, Path], offences: list[str]
) -> dict[str, str]:
    """Return an environment in which `NAME_FILE=/run/secrets/...` is NAME; a NAME that is there stays.

    Args:
        environment: One service's, as compose.yaml has it.
        secrets: The file of each secret. What is none of them is left as it is: only a container has it.
        offences: Gets what cannot be read.
    """
    found: dict[str, str] = {}
    for key, value in environment.items():
        path = secrets.get(value.removeprefix(MOUNTED)) if value.startswith(MOUNTED) else None
        if path is None or not key.endswith("_FILE"):
            found[key] = value
        elif not environment.get(name := key.removesuffix("_FILE")):
            found[name] = _text(path, key, offences).replace("$", "$$")
    return found


def read(path: Path) -> str:
    """Return the secret of a file.

    Raises:
        ValueError: It cannot be read; the text says why and goes on from "which cannot be read:".
    """
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ValueError(error.strerror) from error
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error


def _text(path: Path, key: str, offences: list[str]) -> str:
    try:
        return read(path)
    except ValueError as error:
        offences.append(f"{key} is to come out of '{path}', which cannot be read: {error}")
        return ""
