"""RunPod serverless (`api.runpod.ai/v2`): queued jobs on one GPU that staging and production share.

The models answer from what is measured in the sound and the pictures that were sent; `models` has one
module each. Not covered: the worker's side (job-take, job-done, ping), the management API, load-balancing
endpoints, rate limits, the OpenAI route, cold starts and scaling: workers are always warm.
"""

from fakes.kit.fake import Endpoint, Fake
from fakes.runpod.conditions import CONDITIONS

_SEND = "docs.runpod.io/serverless/endpoints/send-requests"
_CLIENT = "the runpod package 1.12.0, runpod/endpoint/runner.py"
_SDK_JS = "npmjs.com/package/runpod-sdk (1.1.2)"

FAKE = Fake(
    name="runpod",
    title="RunPod serverless",
    hosts=("api.runpod.ai",),
    port=8411,
    conditions=CONDITIONS,
    coverage=(
        Endpoint("POST", "/v2/{endpoint}/run", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/runsync", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/status/{job_id}", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/status-sync/{job_id}", "full", _SDK_JS),
        Endpoint("GET", "/v2/{endpoint}/stream/{job_id}", "full", _CLIENT),
        Endpoint("POST", "/v2/{endpoint}/stream/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/cancel/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/retry/{job_id}", "full", _SEND),
        Endpoint("POST", "/v2/{endpoint}/purge-queue", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/health", "full", _SEND),
        Endpoint("GET", "/v2/{endpoint}/requests", "shape", _SEND),
    ),
)
