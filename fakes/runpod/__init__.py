"""RunPod serverless (`api.runpod.ai/v2`): queued jobs on one GPU that staging and production share.

The models answer from what is measured in the sound and the pictures that were sent; `models` has one
module each; a handler of one's own takes their place when it is attached. The management REST APIs are served
as far as endpoints, templates and workers. Not covered: the rest of those (pods, making volumes, registries,
billing, releases, logs), load-balancing endpoints, batch jobs, the OpenAI route, GraphQL.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.runpod.conditions import CONDITIONS

_SEND = "docs.runpod.io/serverless/endpoints/send-requests"
_OPERATIONS = "docs.runpod.io/serverless/endpoints/operations (GET and POST have one rate limit)"
_OPENAI = "docs.runpod.io/serverless/vllm/openai-compatibility"
_BATCH = "docs.runpod.io/serverless/batch-jobs"
_BALANCING = "docs.runpod.io/serverless/load-balancing/overview (the host names the endpoint)"
_CLIENT = "the runpod package 1.12.0, runpod/endpoint/runner.py"
_WORKER = "the runpod package 1.12.0, runpod/serverless/modules"
_SDK_JS = "npmjs.com/package/runpod-sdk (1.1.2)"

_V1 = "rest.runpod.io/v1/openapi.json"
_V2 = "api.runpod.io/v2/openapi.json"
_GRAPHQL = "graphql-spec.runpod.io"
_MANAGED = tuple(
    (method, path)
    for kind in ("endpoints", "templates")
    for method, path in (
        ("GET", f"/v1/{kind}"),
        ("POST", f"/v1/{kind}"),
        ("GET", f"/v1/{kind}/{{id}}"),
        ("PATCH", f"/v1/{kind}/{{id}}"),
        ("DELETE", f"/v1/{kind}/{{id}}"),
        ("POST", f"/v1/{kind}/{{id}}/update"),
    )
)
_NOT_IN_V1 = (
    *(
        (method, f"/v1/{kind}{below}")
        for kind in ("pods", "networkvolumes", "containerregistryauth")
        for method, below in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "/{id}"),
            ("PATCH", "/{id}"),
            ("DELETE", "/{id}"),
            ("POST", "/{id}/update"),
        )
        if kind != "containerregistryauth" or (method != "PATCH" and below != "/{id}/update")
    ),
    *(("POST", f"/v1/pods/{{id}}/{action}") for action in ("start", "stop", "reset", "restart")),
    *(("GET", f"/v1/billing/{kind}") for kind in ("pods", "endpoints", "networkvolumes")),
    ("GET", "/v1/openapi.json"),
    ("GET", "/v1/docs"),
)
_KINDS_OF_V2 = ("serverless", "templates", "pods", "network-volumes", "registries", "catalog", "billing")
_NOT_IN_V2 = (
    *(
        (method, f"/v2/{kind}{below}")
        for kind in _KINDS_OF_V2[:5]
        for method, below in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "/{id}"),
            ("PATCH", "/{id}"),
            ("DELETE", "/{id}"),
        )
        if kind != "registries" or method != "PATCH"
    ),
    *(("GET", f"/v2/serverless/{{id}}/{below}") for below in ("releases", "builds", "builds/{build_id}")),
    ("GET", "/v2/serverless/{id}/workers/{worker_id}/logs"),
    ("POST", "/v2/pods/{id}/action"),
    ("GET", "/v2/pods/{id}/logs"),
    *(("GET", f"/v2/catalog/{kind}") for kind in ("gpus", "cpus", "datacenters", "templates")),
    *(("GET", f"/v2/billing/{kind}") for kind in ("pods", "serverless", "network-volumes", "endpoints")),
)
_OF_OPENAI = (
    ("GET", "openai/v1/models"),
    ("POST", "openai/v1/chat/completions"),
    ("POST", "openai/v1/completions"),
    ("POST", "openai/v1/embeddings"),
    ("POST", "openai/v1/responses"),
)
_OF_BATCHES = (
    ("GET", "batch"),
    ("POST", "batch"),
    ("GET", "batch/{batch_id}"),
    ("PUT", "batch/{batch_id}"),
    ("POST", "batch/{batch_id}/finalize"),
    ("POST", "batch/{batch_id}/cancel"),
    ("GET", "batch/{batch_id}/requests"),
    ("POST", "batch/{batch_id}/requests"),
    ("DELETE", "batch/{batch_id}/requests/{request_id}"),
)

FAKE = Fake(
    name="runpod",
    title="RunPod serverless",
    hosts=(
        Host("api.runpod.ai"),
        Host("rest.runpod.io", ("/v1",)),
        Host("api.runpod.io", ("/graphql", *(f"/v2/{kind}" for kind in _KINDS_OF_V2))),
    ),
    port=8411,
    conditions=CONDITIONS,
    coverage=(
        Endpoint("POST", "/v2/{endpoint}/run", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/runsync", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/status/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/status/{job_id}", "full", _OPERATIONS),
        Endpoint("GET", "/v2/{endpoint}/status-sync/{job_id}", "full", _SDK_JS),
        Endpoint("POST", "/v2/{endpoint}/status-sync/{job_id}", "full", _OPERATIONS),
        Endpoint("GET", "/v2/{endpoint}/stream/{job_id}", "full", _CLIENT),
        Endpoint("POST", "/v2/{endpoint}/stream/{job_id}", "full", _OPERATIONS),
        Endpoint("POST", "/v2/{endpoint}/cancel/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/retry/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/purge-queue", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/health", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/requests", "shape", _SEND),
        Endpoint("GET", "/v2/{endpoint}/job-take/{worker_id}", "full", _WORKER),
        Endpoint("GET", "/v2/{endpoint}/job-take-batch/{worker_id}", "full", _WORKER),
        Endpoint("GET", "/v2/{endpoint}/job-stop/{worker_id}", "full", _WORKER),
        Endpoint("POST", "/v2/{endpoint}/job-done/{worker_id}/{job_id}", "full", _WORKER),
        Endpoint("POST", "/v2/{endpoint}/job-stream/{worker_id}/{job_id}", "full", _WORKER),
        Endpoint("GET", "/v2/{endpoint}/ping/{worker_id}", "full", _WORKER),
        *(Endpoint(method, path, "full", _V1) for method, path in _MANAGED),
        Endpoint("GET", "/v2/serverless/{id}/workers", "full", _V2),
        *(Endpoint(method, path, "absent", _V1) for method, path in _NOT_IN_V1),
        *(Endpoint(method, path, "absent", _V2) for method, path in _NOT_IN_V2),
        Endpoint("POST", "/graphql", "absent", _GRAPHQL),
        *(Endpoint(method, f"/v2/{{endpoint}}/{path}", "absent", _OPENAI) for method, path in _OF_OPENAI),
        *(Endpoint(method, f"/v2/{{endpoint}}/{path}", "absent", _BATCH) for method, path in _OF_BATCHES),
        Endpoint("GET", "/ping", "absent", _BALANCING),
        Endpoint("POST", "/generate", "absent", _BALANCING),
    ),
)
