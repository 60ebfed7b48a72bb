"""X: https://api.x.com and the consent page of https://x.com, on one port.

Not covered: OAuth 1.0a, version 1.1, the activity stream, the older Account Activity API, timelines and
everything else of version 2: 501.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

_OAUTH = "docs.x.com/fundamentals/authentication/oauth-2-0"
_POSTS = "docs.x.com/x-api/posts"
_MEDIA = "docs.x.com/x-api/media"
_WEBHOOKS = "docs.x.com/x-api/webhooks"
_ACTIVITY = "docs.x.com/x-api/activity"
_API_PATHS = ("/2", "/1.1", "/oauth2", "/oauth")

FAKE = Fake(
    name="x",
    title="X",
    hosts=(
        Host("x.com"),
        Host("twitter.com"),
        Host("api.x.com", _API_PATHS),
        Host("api.twitter.com", _API_PATHS),
        Host("upload.twitter.com", ("/1.1/media",)),
    ),
    port=8416,
    coverage=(
        Endpoint("GET", "/i/oauth2/authorize", "full", f"{_OAUTH}/authorization-code"),
        Endpoint("POST", "/i/oauth2/authorize", "shape", "the consent page's own answer"),
        Endpoint("POST", "/2/oauth2/token", "full", f"{_OAUTH}/authorization-code"),
        Endpoint("POST", "/2/oauth2/revoke", "full", f"{_OAUTH}/authorization-code"),
        Endpoint("POST", "/oauth2/token", "full", f"{_OAUTH}/application-only"),
        Endpoint("POST", "/oauth2/invalidate_token", "shape", f"{_OAUTH}/application-only"),
        Endpoint("GET", "/2/users/me", "full", "docs.x.com/x-api/users/get-my-user"),
        Endpoint("POST", "/2/tweets", "full", f"{_POSTS}/create-post"),
        Endpoint("GET", "/2/tweets", "full", f"{_POSTS}/get-posts-by-ids"),
        Endpoint("GET", "/2/tweets/{id}", "full", f"{_POSTS}/get-post-by-id"),
        Endpoint("DELETE", "/2/tweets/{id}", "full", f"{_POSTS}/delete-post"),
        Endpoint("GET", "/2/users/{id}/tweets", "full", f"{_POSTS}/user-posts-timeline-by-user-id"),
        Endpoint("POST", "/2/media/upload", "full", f"{_MEDIA}/upload-media"),
        Endpoint("GET", "/2/media/upload", "full", f"{_MEDIA}/get-media-upload-status"),
        Endpoint("POST", "/2/media/upload/initialize", "full", f"{_MEDIA}/initialize-media-upload"),
        Endpoint("POST", "/2/media/upload/{id}/append", "full", f"{_MEDIA}/append-media-upload"),
        Endpoint("POST", "/2/media/upload/{id}/finalize", "full", f"{_MEDIA}/finalize-media-upload"),
        Endpoint("POST", "/2/webhooks", "full", f"{_WEBHOOKS}/create-webhook"),
        Endpoint("GET", "/2/webhooks", "full", f"{_WEBHOOKS}/get-webhook"),
        Endpoint("PUT", "/2/webhooks/{id}", "full", f"{_WEBHOOKS}/validate-webhook"),
        Endpoint("DELETE", "/2/webhooks/{id}", "full", f"{_WEBHOOKS}/delete-webhook"),
        Endpoint("POST", "/2/activity/subscriptions", "full", f"{_ACTIVITY}/create-subscription"),
        Endpoint("GET", "/2/activity/subscriptions", "full", f"{_ACTIVITY}/get-subscriptions"),
        Endpoint("PUT", "/2/activity/subscriptions/{id}", "full", f"{_ACTIVITY}/update-subscription"),
        Endpoint("DELETE", "/2/activity/subscriptions/{id}", "full", f"{_ACTIVITY}/delete-subscription"),
    ),
    conditions=(REFUSAL,),
)
