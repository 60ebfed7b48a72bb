"""Railway: https://backboard.railway.com, its public GraphQL API and the upload of `railway up`.

Not covered: subscriptions over WebSocket, volumes, templates, metrics, HTTP logs and billing: 501.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

FAKE = Fake(
    name="railway",
    title="Railway",
    hosts=(Host("backboard.railway.com"), Host("backboard.railway.app")),
    port=8418,
    coverage=(
        Endpoint("POST", "/graphql/v2", "full", "docs.railway.com/integrations/api"),
        Endpoint(
            "POST",
            "/project/{project_id}/environment/{environment_id}/up",
            "full",
            "github.com/railwayapp/cli src/commands/up.rs",
        ),
        Endpoint("GET", "/graphql/v2", "absent", "subscriptions over graphql-transport-ws"),
    ),
    conditions=(REFUSAL,),
)
