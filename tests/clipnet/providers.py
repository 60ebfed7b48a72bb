"""The fakes of the providers, and the environment that points the API at them."""

from __future__ import annotations

from tests.fakes.serving import Served

PROVIDERS = ("google", "tiktok", "twitch", "discord", "x")


def addresses(fakes: Served) -> dict[str, str]:
    """Return the variables that name the providers' origins."""
    found: dict[str, str] = {}
    names = {
        "google": (
            "GOOGLE_ACCOUNTS_URL",
            "GOOGLE_OAUTH_URL",
            "GOOGLE_OPENID_URL",
            "YOUTUBE_URL",
            "YOUTUBE_WEB_URL",
        ),
        "tiktok": ("TIKTOK_WEB_URL", "TIKTOK_URL"),
        "twitch": ("TWITCH_WEB_URL", "TWITCH_AUTH_URL", "TWITCH_URL"),
        "discord": ("DISCORD_WEB_URL",),
        "x": ("X_WEB_URL", "X_URL"),
    }
    for provider, variables in names.items():
        found |= dict.fromkeys(variables, fakes.url(provider)) if provider in fakes.urls else {}
    if "discord" in fakes.urls:
        found["DISCORD_URL"] = fakes.url("discord") + "/api/v10"
    if "cloudinary" in fakes.urls:
        host = fakes.host("cloudinary")
        query = f"upload_prefix=http://{host}&cname={host}"
        found["CLOUDINARY_URL"] = f"cloudinary://111222333444555:stagingSecret_AbC-123@staging?{query}"
    return found
