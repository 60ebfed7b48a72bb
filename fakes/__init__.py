"""Stand-ins for the clouds that ClipNET talks to, each on a port of its own.

`FAKES` is the one list of them. The packages are imported only when they are served.
"""

FAKES: tuple[str, ...] = (
    "cloudinary",
    "runpod",
    "google",
    "tiktok",
    "twitch",
    "discord",
    "vercel",
    "railway",
    "huggingface",
    "x",
)
