"""Finds and removes what a stack has at the Docker engine when no supervisor of it lives.

Looks over the engine's socket first, which takes milliseconds; the SDK is imported only to remove something.
"""

from __future__ import annotations

from emulator.docker.engine import engine_socket, look
from emulator.docker.project import Project, in_url
from emulator.errors import EmulatorError
from emulator.settings import Settings
from emulator.statefolder import StateFolder


def clear(settings: Settings, folder: StateFolder, *, wipe: bool = False) -> tuple[str, ...]:
    """Remove containers and networks, with `wipe` volumes too; return the names of what was there.

    A stack whose state folder is gone may have something there as well. Hold its lock, if it has one.

    Raises:
        EmulatorError: The stack belongs to Docker, and the engine does not answer or refuses.
    """
    is_known = settings.runtime == "docker" or folder.addition.exists()
    if not is_known and folder.state.exists():
        return ()
    project = Project(settings.stack, folder.path)
    try:
        if not _has_anything(settings, project, with_volumes=wipe):
            return ()
    except EmulatorError:
        if is_known:
            raise
        return ()
    return _remove(settings, project, with_volumes=wipe)


def _has_anything(settings: Settings, project: Project, *, with_volumes: bool) -> bool:
    path = engine_socket(settings.variables)
    query = f"filters={project.query}"
    if look(path, f"/containers/json?all=1&{query}") or look(path, f"/networks?{query}"):
        return True
    if not with_volumes:
        return False
    images = look(path, f"/images/json?filters={in_url(project.images_filter)}") or ()
    return bool((look(path, f"/volumes?{query}") or {}).get("Volumes") or project.names_of(images))


def _remove(settings: Settings, project: Project, *, with_volumes: bool) -> tuple[str, ...]:
    from docker import APIClient

    from emulator.docker.errors import speaking_to

    address = f"unix://{engine_socket(settings.variables)}"
    with speaking_to(address, f"removing what stack '{project.stack}' left"):
        engine = APIClient(base_url=address, version="auto")
        try:
            return project.remove(engine, with_volumes=with_volumes)
        finally:
            engine.close()
