from __future__ import annotations

from pathlib import Path

import pytest

from clipnet.settings import ENVIRONMENTS, names
from emulator.plan import plan
from emulator.profiles import BY_NAME, OPTIONAL, SETTINGS, TRUST
from emulator.settings import load

_PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://u:p@db.railway.internal:5432/clipnet",
    "REDIS_URL": "rediss://:p@redis.railway.internal:6379/0",
    "API_URL": "https://api.clipnet.ai",
    "WEB_URL": "https://clipnet.ai",
    "CLOUDINARY_URL": "cloudinary://999888777666555:x@prod",
    "CLOUDINARY_FOLDER": "prod_clips",
    "RUNPOD_ENDPOINT_BASE_URL": "https://api.runpod.ai/v2",
    "RUNPOD_API_KEY": "rpa_production_1",
    "RUNPOD_NAMESPACE": "production",
    "GOOGLE_CLIENT_ID": "production.apps.googleusercontent.com",
    "YOUTUBE_URL": "https://youtube.googleapis.com",
    "TIKTOK_CLIENT_KEY": "awproduction",
    "TWITCH_CLIENT_ID": "twitchproductionclient00000000",
    "DISCORD_CLIENT_ID": "1100000000000000999",
    "DISCORD_URL": "https://discord.com/api/v10",
    "X_CLIENT_ID": "x-production-client",
}


def test_the_profiles_name_exactly_the_settings_of_the_application(tmp_path: Path) -> None:
    topology = plan(load({}, tmp_path)).topology
    named = {setting.name for setting in SETTINGS}

    assert set(topology.service("api").environment) - {"HOST", "PORT"} == named
    assert set(topology.service("worker").environment) == named


def test_the_profiles_name_exactly_what_the_application_reads() -> None:
    theirs = {setting.name: setting.is_secret for setting in SETTINGS if setting.name not in TRUST}

    assert {name: secret for name, secret in names().items() if name not in OPTIONAL} == theirs
    assert set(OPTIONAL) <= names().keys()


def test_no_other_environment_fits_both_profiles_or_none() -> None:
    fits = {name: BY_NAME["APP_ENV"].fits_staging(name) for name in ENVIRONMENTS}

    assert fits == {"development": True, "staging": True, "production": False}
    assert [name for name in ENVIRONMENTS if BY_NAME["APP_ENV"].fits_production(name)] == ["production"]


def test_the_packaged_values_are_of_staging_and_none_of_production(tmp_path: Path) -> None:
    environment = plan(load({}, tmp_path)).topology.service("worker").environment

    wrong = [
        name
        for name, value in environment.items()
        if not BY_NAME[name].fits_staging(value)
        or (BY_NAME[name].fits_production(value) and name not in _STORES)
    ]

    assert wrong == []


@pytest.mark.parametrize(("name", "value"), list(_PRODUCTION.items()))
def test_values_of_production_have_productions_shape_only(name: str, value: str) -> None:
    setting = BY_NAME[name]

    assert (setting.fits_production(value), setting.fits_staging(value)) == (True, False)


_STORES = {"DATABASE_URL", "REDIS_URL"}
