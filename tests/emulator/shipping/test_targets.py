"""Where staging is, as the environment says it, and what is no staging."""

import pytest

from emulator.errors import ConfigurationRefused, ProductionRefused
from emulator.shipping import targets

GOOD = dict.fromkeys((*targets.RAILWAY, *targets.VERCEL), "x") | {
    "RAILWAY_API_URL": "http://127.0.0.1:8418/",
    "VERCEL_API_URL": "http://127.0.0.1:8417",
}


def test_tokens_are_not_shown() -> None:
    env = GOOD | {"RAILWAY_TOKEN": "deep-secret", "VERCEL_TOKEN": "deep-secret"}

    assert "deep-secret" not in f"{targets.railway(env)} {targets.vercel(env)}"
    assert targets.railway(env).token == "deep-secret"


def test_an_address_is_an_origin() -> None:
    assert targets.railway(GOOD).url == "http://127.0.0.1:8418"


@pytest.mark.parametrize("name", targets.RAILWAY)
def test_nothing_has_a_default(name: str) -> None:
    with pytest.raises(ConfigurationRefused, match=f"not set: {name}"):
        targets.railway(GOOD | {name: " "})


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8417", "ftp://127.0.0.1", "http://", "http://127.0.0.1/api", "http://u:p@127.0.0.1"],
)
def test_what_is_no_address_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ConfigurationRefused, match="VERCEL_API_URL is no address such as") as refused:
        targets.vercel(GOOD | {"VERCEL_API_URL": address})

    assert "u:p" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAILWAY_API_URL", "https://backboard.railway.com"),
        ("RAILWAY_TOKEN", "b70dac70-b70e-4000-8000-000000000004"),
        ("RAILWAY_PROJECT_ID", "b70dac70-0000-4000-8000-00000000c11b"),
    ],
)
def test_production_at_railway_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ProductionRefused, match=f"this would touch production: {name} ") as refused:
        targets.railway(GOOD | {name: value})

    assert name == "RAILWAY_API_URL" or value not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("VERCEL_API_URL", "https://api.vercel.com"), ("VERCEL_TOKEN", "vercel_production_token")],
)
def test_production_at_vercel_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ProductionRefused, match=f"this would touch production: {name} "):
        targets.vercel(GOOD | {name: value})
