"""Stands for Google: OAuth 2.0 and OpenID Connect, and the part of YouTube's Data API v3 that uploaders need.

Not covered: comments, search, captions, playlists of one's own, resumable thumbnails.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

_OIDC = "developers.google.com/identity/openid-connect/openid-connect"
_OAUTH = "developers.google.com/identity/protocols/oauth2/web-server"
_DEVICES = "developers.google.com/identity/protocols/oauth2/limited-input-device"
_YOUTUBE = "developers.google.com/youtube/v3/docs"
_RESUMABLE = "developers.google.com/youtube/v3/guides/using_resumable_upload_protocol"
_OURS = "a page of this fake's own"
_API_PATHS = ("/youtube", "/upload", "/resumable")

COVERAGE = (
    Endpoint("GET", "/.well-known/openid-configuration", "full", _OIDC),
    Endpoint("GET", "/o/oauth2/v2/auth", "full", _OAUTH),
    Endpoint("POST", "/o/oauth2/v2/auth", "full", _OURS),
    Endpoint("GET", "/o/oauth2/auth", "full", _OAUTH),
    Endpoint("POST", "/o/oauth2/auth", "full", _OURS),
    Endpoint("POST", "/device/code", "full", _DEVICES),
    Endpoint("GET", "/device", "full", _OURS),
    Endpoint("POST", "/device", "full", _OURS),
    Endpoint("POST", "/token", "full", _OAUTH),
    Endpoint("POST", "/revoke", "full", _OAUTH),
    Endpoint("GET", "/tokeninfo", "full", "google-auth: google.auth._constants"),
    Endpoint("GET", "/v1/userinfo", "full", _OIDC),
    Endpoint("POST", "/v1/userinfo", "full", _OIDC),
    Endpoint("GET", "/oauth2/v3/userinfo", "full", _OIDC),
    Endpoint("POST", "/oauth2/v3/userinfo", "full", _OIDC),
    Endpoint("GET", "/oauth2/v2/userinfo", "full", _OIDC),
    Endpoint("GET", "/oauth2/v3/certs", "full", _OIDC),
    Endpoint("GET", "/oauth2/v1/certs", "full", "google-auth: google.oauth2.id_token"),
    Endpoint("GET", "/youtube/v3/videos", "shape", f"{_YOUTUBE}/videos/list"),
    Endpoint("PUT", "/youtube/v3/videos", "full", f"{_YOUTUBE}/videos/update"),
    Endpoint("DELETE", "/youtube/v3/videos", "full", f"{_YOUTUBE}/videos/delete"),
    Endpoint("GET", "/youtube/v3/channels", "shape", f"{_YOUTUBE}/channels/list"),
    Endpoint("GET", "/youtube/v3/playlistItems", "shape", f"{_YOUTUBE}/playlistItems/list"),
    Endpoint("GET", "/youtube/v3/search", "absent", f"{_YOUTUBE}/search/list"),
    Endpoint("GET", "/youtube/v3/playlists", "absent", f"{_YOUTUBE}/playlists/list"),
    Endpoint("POST", "/youtube/v3/playlists", "absent", f"{_YOUTUBE}/playlists/insert"),
    Endpoint("POST", "/youtube/v3/playlistItems", "absent", f"{_YOUTUBE}/playlistItems/insert"),
    Endpoint("GET", "/youtube/v3/commentThreads", "absent", f"{_YOUTUBE}/commentThreads/list"),
    Endpoint("POST", "/youtube/v3/commentThreads", "absent", f"{_YOUTUBE}/commentThreads/insert"),
    Endpoint("POST", "/youtube/v3/videos/rate", "absent", f"{_YOUTUBE}/videos/rate"),
    Endpoint("GET", "/youtube/v3/videoCategories", "absent", f"{_YOUTUBE}/videoCategories/list"),
    Endpoint("POST", "/upload/youtube/v3/captions", "absent", f"{_YOUTUBE}/captions/insert"),
    Endpoint("POST", "/upload/youtube/v3/videos", "full", f"{_YOUTUBE}/videos/insert"),
    Endpoint("PUT", "/upload/youtube/v3/videos", "full", _RESUMABLE),
    Endpoint("DELETE", "/upload/youtube/v3/videos", "full", _RESUMABLE),
    Endpoint("POST", "/resumable/upload/youtube/v3/videos", "full", f"{_YOUTUBE}/videos/insert"),
    Endpoint("PUT", "/resumable/upload/youtube/v3/videos", "full", _RESUMABLE),
    Endpoint("DELETE", "/resumable/upload/youtube/v3/videos", "full", _RESUMABLE),
    Endpoint("POST", "/upload/youtube/v3/thumbnails/set", "full", f"{_YOUTUBE}/thumbnails/set"),
    Endpoint("GET", "/a/{login}", "shape", _OURS),
    Endpoint("GET", "/watch", "shape", _OURS),
    Endpoint("GET", "/videoplayback", "shape", _OURS),
    Endpoint("GET", "/vi/{video_id}/{name}", "shape", _OURS),
)

FAKE = Fake(
    name="google",
    title="Google",
    hosts=(
        Host("accounts.google.com", ("/.well-known", "/o/oauth2")),
        Host("www.google.com", ("/device",)),
        Host("oauth2.googleapis.com", ("/token", "/revoke", "/tokeninfo", "/device/code")),
        Host("openidconnect.googleapis.com", ("/v1/userinfo",)),
        Host("www.googleapis.com", ("/oauth2", *_API_PATHS)),
        Host("youtube.googleapis.com", _API_PATHS),
        Host("www.youtube.com", ("/watch", "/videoplayback")),
        Host("i.ytimg.com", ("/vi",)),
        Host("lh3.googleusercontent.com", ("/a",)),
        Host("yt3.ggpht.com", ("/a",)),
    ),
    port=8412,
    coverage=COVERAGE,
    conditions=(REFUSAL,),
)
