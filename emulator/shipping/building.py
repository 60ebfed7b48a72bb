"""What a build is told, so that what it makes says which release it is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emulator.isolation import refuse_names_of_production
from emulator.releases import project
from emulator.shipping.record import SHORT
from emulator.shipping.targets import ENVIRONMENT


def variables(folder: Path, commit: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a build of a checkout: the caller's, with the release as the API names it.

    Raises:
        ConfigurationRefused: The checkout's files do not say its version.
        ProductionRefused: API_URL names production.
    """
    refuse_names_of_production({"API_URL": env.get("API_URL", "")})
    version = project.release_version(project.read(folder).version, commit[:SHORT])
    return {**env, "APP_ENV": ENVIRONMENT, "APP_VERSION": version, "APP_COMMIT": commit}
