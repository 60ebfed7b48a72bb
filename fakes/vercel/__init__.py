"""Vercel: the API of https://api.vercel.com, and the sites that are deployed to it.

Not covered: builds (what is uploaded is served as it is), functions, redirects and rewrites, domains that
are bought, DNS records, certificates, checks, edge config, rolling releases, and the rest of the API: 501.
"""

from fakes.kit.fake import Endpoint, Fake, Host, Level
from fakes.kit.refusals import REFUSAL

_DOCS = "vercel.com/docs/rest-api"
_CLI = "github.com/vercel/vercel, packages/cli"
_DEPLOYMENTS, _PROJECTS, _ALIASES = f"{_DOCS}/deployments", f"{_DOCS}/projects", f"{_DOCS}/aliases"
_ENVIRONMENTS, _HOOKS = f"{_DOCS}/environment", f"{_DOCS}/webhooks"
_DOMAINS, _TEAMS, _LOGS = f"{_DOCS}/domains", f"{_DOCS}/teams", f"{_DOCS}/logs"
_PROJECT = "/v9/projects/{project}"
_ROWS: tuple[tuple[str, str, Level, str], ...] = (
    ("GET", "/_sites/{host}/{path:path}", "shape", "a page of this fake's own"),
    ("GET", "/v2/user", "full", f"{_DOCS}/user"),
    *(("GET", f"{version}/teams", "full", _TEAMS) for version in ("/v1", "/v2")),
    ("GET", "/teams/{team}", "full", _CLI),
    ("GET", "/v2/teams/{team}", "full", _TEAMS),
    ("GET", "/v5/domains", "full", _DOMAINS),
    ("GET", "/v4/domains/{domain}", "full", _CLI),
    ("GET", "/v5/domains/{domain}", "full", _DOMAINS),
    ("GET", "/v6/domains/{domain}/config", "shape", _DOMAINS),
    *(("GET", f"{version}/projects", "full", _PROJECTS) for version in ("/v9", "/v10")),
    *(("POST", f"{version}/projects", "full", _PROJECTS) for version in ("/v1", "/v9", "/v10", "/v11")),
    *((method, _PROJECT, "full", _PROJECTS) for method in ("GET", "PATCH", "DELETE")),
    ("GET", f"{_PROJECT}/domains", "full", _PROJECTS),
    ("POST", "/v10/projects/{project}/domains", "full", _PROJECTS),
    *((method, f"{_PROJECT}/domains/{{domain}}", "full", _PROJECTS) for method in ("GET", "DELETE")),
    ("GET", "/v9/projects/https:{address:path}", "full", _CLI),
    *(
        (method, f"{path}/custom-environments", "full", _ENVIRONMENTS)
        for path in (_PROJECT, "/projects/{project}")
        for method in ("GET", "POST")
    ),
    ("GET", f"{_PROJECT}/custom-environments/{{environment}}", "full", _ENVIRONMENTS),
    ("POST", "/v10/projects/{project}/promote/{deployment}", "full", _PROJECTS),
    *(
        ("POST", f"{version}/projects/{{project}}/rollback/{{deployment}}", "full", _CLI)
        for version in ("/v9", "/v1")
    ),
    *(("GET", f"/v1/projects/{{project}}/{kind}/aliases", "full", _CLI) for kind in ("rollback", "promote")),
    *(
        row
        for version in ("/v9", "/v10")
        for path in (f"{version}/projects/{{project}}/env",)
        for row in (
            ("GET", path, "full", _PROJECTS),
            ("POST", path, "full", _PROJECTS),
            ("PATCH", f"{path}/{{variable}}", "full", _PROJECTS),
            ("DELETE", f"{path}/{{variable}}", "full", _PROJECTS),
        )
    ),
    ("GET", "/v1/projects/{project}/env/{variable}", "full", _PROJECTS),
    ("GET", "/v3/env/pull/{project}/{target}", "full", _CLI),
    ("GET", "/v3/env/pull/{project}/{target}/{branch:path}", "full", _CLI),
    ("POST", "/v2/files", "full", _DEPLOYMENTS),
    ("POST", "/v13/deployments", "full", _DEPLOYMENTS),
    *((method, "/v13/deployments/{deployment}", "full", _DEPLOYMENTS) for method in ("GET", "DELETE")),
    ("DELETE", "/now/deployments/{deployment}", "full", _CLI),
    *(("GET", f"{version}/deployments", "full", _DEPLOYMENTS) for version in ("/v6", "/v7")),
    ("PATCH", "/v12/deployments/{deployment}/cancel", "full", _DEPLOYMENTS),
    ("GET", "/v11/deployments/{deployment}/builds", "shape", _CLI),
    *(
        ("GET", f"{version}/deployments/{{deployment}}/events", "full", _DEPLOYMENTS)
        for version in ("/v2", "/v3", "/v3/now")
    ),
    ("GET", "/v1/projects/{project}/deployments/{deployment}/runtime-logs", "shape", _LOGS),
    *(
        (method, f"{version}/deployments/{{deployment}}/aliases", "full", _ALIASES)
        for version in ("/now", "/v2")
        for method in ("GET", "POST")
    ),
    *(("GET", path, "full", _ALIASES) for path in ("/v3/now/aliases", "/v4/aliases")),
    *(("GET", f"{version}/aliases/{{alias}}", "full", _ALIASES) for version in ("/now", "/v4")),
    *(("DELETE", f"{version}/aliases/{{alias}}", "full", _ALIASES) for version in ("/now", "/v2")),
    *((method, "/v1/webhooks", "full", _HOOKS) for method in ("GET", "POST")),
    *((method, "/v1/webhooks/{hook}", "full", _HOOKS) for method in ("GET", "DELETE")),
    ("GET", "/api/logs/request-logs", "shape", _CLI),
    ("GET", "/v6/deployments/{deployment}/files", "absent", _DEPLOYMENTS),
    ("POST", "/v1/deployments/{deployment}/checks", "absent", f"{_DOCS}/checks"),
    ("POST", "/v5/domains/buy", "absent", _DOMAINS),
    ("POST", "/v2/domains/{domain}/records", "absent", f"{_DOCS}/dns"),
    ("GET", "/v1/edge-config", "absent", f"{_DOCS}/edge-config"),
    ("GET", "/v1/projects/{project}/rolling-release", "absent", f"{_DOCS}/rolling-release"),
)

FAKE = Fake(
    name="vercel",
    title="Vercel",
    hosts=(Host("api.vercel.com"), Host("staging.clipnet.ai")),
    port=8417,
    coverage=tuple(Endpoint(*row) for row in _ROWS),
    conditions=(REFUSAL,),
)
