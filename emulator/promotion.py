"""Which release `promote` is about when nobody names one, and in which other stack it is looked for."""

from __future__ import annotations

from emulator.errors import ConfigurationRefused
from emulator.releases.record import APPLICATION, DeploymentState, builtin
from emulator.releases.store import Store
from emulator.settings import Settings, stack_name
from emulator.statefolder import StateFolder


def store_of(folder: StateFolder) -> Store:
    """Return the releases of the stack with this state folder."""
    return Store(folder.path / "releases")


def other_stack(settings: Settings, name: str) -> StateFolder:
    """Return the state folder of another stack, beside that of the settings' own.

    Raises:
        ConfigurationRefused: It is the same stack, or there is none of this name.
    """
    if stack_name(name) == settings.stack:
        raise ConfigurationRefused(
            f"'{name}' is the stack that is promoted to", "name another one with --from, or leave it out"
        )
    folder = StateFolder((settings.state_dir / name).resolve())
    if not folder.path.is_dir():
        known = sorted(path.name for path in settings.state_dir.glob("*/") if path.name != settings.stack)
        there = f"others there: {', '.join(known)}" if known else "there is no other one"
        raise ConfigurationRefused(f"there is no stack '{name}' in '{settings.state_dir}'", there)
    return folder


def chosen(here: StateFolder, there: StateFolder | None) -> str:
    """Return the version that serves in the other stack; without one, what was held here last.

    Raises:
        ConfigurationRefused: There is none, or the other stack's services run different ones.
    """
    return _held(store_of(here)) if there is None else _serving(there)


def _serving(folder: StateFolder) -> str:
    current = store_of(folder).current()
    versions = {role: current.get(role, builtin().version) for role in APPLICATION}
    if len(set(versions.values())) == 1:
        return versions["api"]
    listed = ", ".join(f"{role} {version}" for role, version in versions.items())
    raise ConfigurationRefused(
        f"the services of stack '{folder.path.name}' are of different releases: {listed}",
        "name the one to promote",
    )


def _held(store: Store) -> str:
    serving = set(store.current().values())
    for deployment in reversed(store.deployments()):
        version = deployment.release
        is_held = deployment.state is DeploymentState.HELD
        if is_held and version is not None and version not in serving and store.find(version) is not None:
            return version
    raise ConfigurationRefused(
        "no release is held here",
        "name one, see: clipnet-emulate releases; or hold one with: clipnet-emulate deploy --hold",
    )
