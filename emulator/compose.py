"""Finds compose.yaml, reads it with its override, and merges the two as Compose does.

Source: docs.docker.com/reference/compose-file/merge. What the merged file means is `topology.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.errors import ConfigurationRefused
from emulator.settings import Settings

PACKAGED = Path(__file__).with_name("compose.yaml")
IN_CHECKOUT = Path(__file__).parent.parent / "compose.yaml"

_REPLACED = frozenset({"command", "entrypoint", "test"})
_MAPPED_LISTS = frozenset({"environment", "labels", "depends_on"})


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """The merged file and where it came from."""

    paths: tuple[Path, ...]
    body: Mapping[str, Any]
    override: Mapping[str, Any] = field(default_factory=dict)
    """What the override alone says."""


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A value under `!override` (replace) or `!reset` (remove)."""

    tag: str
    value: Any


def read(settings: Settings) -> ComposeFile:
    """Read the stack's compose file, the override beside it, if there is one, and those asked for.

    Raises:
        ConfigurationRefused: A file is missing, unreadable, or no compose file.
    """
    base = find(settings)
    folder = settings.project_dir if base in (PACKAGED, IN_CHECKOUT) else base.parent
    beside = folder / "compose.override.yaml"
    body = _with_directories(_document(base), base.parent)
    overrides = (*([beside] if beside.is_file() else []), *settings.overrides)
    over: Any = {}
    for path in overrides:
        over = merge(over, _with_directories(_document(path), path.parent))
    return ComposeFile((base, *overrides), _untagged(merge(body, over)), _untagged(over))


def find(settings: Settings) -> Path:
    """Return the file asked for, else the project's own if it is one of ours, else the packaged one."""
    if settings.compose_file is not None:
        return settings.compose_file
    own = settings.project_dir / "compose.yaml"
    if own.is_file() and "\nx-clipnet:" in "\n" + _text(own):
        return own
    return PACKAGED if PACKAGED.is_file() else IN_CHECKOUT


def merge(base: Any, over: Any, key: str = "") -> Any:
    """Return `base` overridden by `over`: maps merge, sequences add up, everything else is replaced."""
    if isinstance(over, _Tagged):
        return over.value if over.tag == "!override" else None
    if key in _MAPPED_LISTS and base is not None and over is not None:
        base, over = as_map(base), as_map(over)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        if key == "x-embedded":
            return {**base, **over}
        merged = dict(base)
        for name, value in over.items():
            merged[name] = merge(base.get(name), value, str(name))
        return merged
    if isinstance(base, list) and isinstance(over, list) and key not in _REPLACED:
        return base + [item for item in over if item not in base]
    return over if over is not None else base


def as_map(value: Any) -> dict[str, Any]:
    """Return a list of `NAME=value` (or of names) as a map; a map as it is."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigurationRefused(
            f"'{value}' is neither a list nor a map", "see docs/contract.md for an example"
        )
    pairs = (str(item).partition("=") for item in value)
    return {name: given if equals else None for name, equals, given in pairs}


def _with_directories(body: Any, folder: Path) -> Any:
    """Make each `x-embedded.directory` absolute: it is relative to the file that names it."""
    services = body.get("services")
    for service in services.values() if isinstance(services, dict) else ():
        embedded = service.get("x-embedded") if isinstance(service, dict) else None
        if isinstance(embedded, dict) and isinstance(embedded.get("directory"), str):
            embedded["directory"] = str((folder / embedded["directory"]).resolve())
    return body


def _untagged(value: Any) -> Any:
    if isinstance(value, _Tagged):
        return value.value if value.tag == "!override" else None
    if isinstance(value, Mapping):
        return {name: _untagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise ConfigurationRefused(
            f"there is no file '{path}'", "name one with --file, or leave it out"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationRefused(f"'{path}' cannot be read: {why}") from error


def _document(path: Path) -> dict[str, Any]:
    import yaml

    try:
        body = yaml.load(_text(path), Loader=_loader())
    except yaml.YAMLError as error:
        raise ConfigurationRefused(f"'{path}' is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(body, dict):
        raise ConfigurationRefused(f"'{path}' is not a compose file: it holds no map")
    services = body.get("services")
    if services is not None and not isinstance(services, (dict, _Tagged)):
        raise ConfigurationRefused(
            f"'{path}' is not a compose file: 'services' is no map", "see docs/contract.md for an example"
        )
    return body


def _loader() -> Any:
    """Return a safe YAML loader that knows Compose's two merge tags."""
    import yaml

    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("Loader", (safe,), {})
    loader.add_constructor("!override", _tagged)
    loader.add_constructor("!reset", _tagged)
    return loader


def _tagged(loader: Any, node: Any) -> _Tagged:
    if node.id == "mapping":
        return _Tagged(node.tag, loader.construct_mapping(node, deep=True))
    if node.id == "sequence":
        return _Tagged(node.tag, loader.construct_sequence(node, deep=True))
    return _Tagged(node.tag, loader.construct_scalar(node))
