"""Stands for the Hugging Face Hub: Spaces, their files, secrets, variables and runtime.

Not covered: models and datasets, the Xet storage (set HF_HUB_DISABLE_XET=1), git over HTTP, branches, tags
and pull requests, volumes and dev mode. What runs in a Space is started by a deployment agent, if any.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

_API = "huggingface.co/docs/hub/api"
_CLIENT = "huggingface_hub 2.4.0, hf_api.py"
_LFS = "github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md; huggingface_hub 2.4.0, lfs.py"
_SPACES = "huggingface.co/docs/huggingface_hub/guides/manage-spaces"
_OURS = "an address of this fake's own"
_SPACE = "/api/spaces/{namespace}/{name}"
_PAGE = "/spaces/{namespace}/{name}"

COVERAGE = (
    Endpoint("GET", "/api/whoami-v2", "full", _API),
    Endpoint("POST", "/api/repos/create", "full", _API),
    Endpoint("DELETE", "/api/repos/delete", "full", _API),
    Endpoint("POST", "/api/repos/move", "full", _API),
    Endpoint("POST", "/api/validate-yaml", "full", _CLIENT),
    Endpoint("GET", "/api/spaces", "shape", _API),
    Endpoint("GET", "/api/spaces/hardware", "shape", _CLIENT),
    Endpoint("GET", _SPACE, "full", _API),
    Endpoint("GET", f"{_SPACE}/revision/{{revision}}", "full", _API),
    Endpoint("PUT", f"{_SPACE}/settings", "full", _API),
    Endpoint("GET", f"{_SPACE}/auth-check", "full", _CLIENT),
    Endpoint("GET", f"{_SPACE}/auth-check/write", "full", _CLIENT),
    Endpoint("GET", f"{_SPACE}/tree/{{revision}}", "full", _CLIENT),
    Endpoint("GET", f"{_SPACE}/tree/{{revision}}/{{path:path}}", "full", _CLIENT),
    Endpoint("POST", f"{_SPACE}/paths-info/{{revision}}", "full", _CLIENT),
    Endpoint("GET", f"{_SPACE}/refs", "full", _CLIENT),
    Endpoint("GET", f"{_SPACE}/commits/{{revision}}", "full", _CLIENT),
    Endpoint("POST", f"{_SPACE}/preupload/{{revision}}", "full", "huggingface_hub 2.4.0, _commit_api.py"),
    Endpoint("POST", f"{_SPACE}/commit/{{revision}}", "full", "huggingface_hub 2.4.0, _commit_api.py"),
    Endpoint("GET", f"{_SPACE}/runtime", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/restart", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/pause", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/sleeptime", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/hardware", "full", _SPACES),
    Endpoint("GET", f"{_SPACE}/secrets", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/secrets", "full", _SPACES),
    Endpoint("DELETE", f"{_SPACE}/secrets", "full", _SPACES),
    Endpoint("GET", f"{_SPACE}/variables", "full", _SPACES),
    Endpoint("POST", f"{_SPACE}/variables", "full", _SPACES),
    Endpoint("DELETE", f"{_SPACE}/variables", "full", _SPACES),
    Endpoint("GET", f"{_SPACE}/logs/{{kind}}", "full", _CLIENT),
    Endpoint("POST", f"{_PAGE}.git/info/lfs/objects/batch", "full", _LFS),
    Endpoint("POST", f"{_PAGE}.git/info/lfs/verify", "full", _LFS),
    Endpoint("PUT", "/lfs-upload/{upload}", "full", _OURS),
    Endpoint("GET", f"{_PAGE}/resolve/{{revision}}/{{path:path}}", "full", _API),
    Endpoint("GET", _PAGE, "shape", _OURS),
    Endpoint("GET", f"{_SPACE}/xet-write-token/{{revision}}", "absent", _CLIENT),
    Endpoint("POST", f"{_SPACE}/dev-mode", "absent", _CLIENT),
    Endpoint("PUT", f"{_SPACE}/volumes", "absent", _CLIENT),
    Endpoint("POST", f"{_SPACE}/branch/{{branch}}", "absent", _CLIENT),
    Endpoint("POST", f"{_SPACE}/tag/{{revision}}", "absent", _CLIENT),
    Endpoint("POST", f"{_SPACE}/discussions", "absent", _CLIENT),
    Endpoint("POST", f"{_SPACE}/duplicate", "absent", _CLIENT),
    Endpoint("GET", "/api/models/{namespace}/{name}", "absent", _API),
    Endpoint("GET", "/api/datasets/{namespace}/{name}", "absent", _API),
)

FAKE = Fake(
    name="huggingface",
    title="Hugging Face",
    hosts=(Host("huggingface.co"),),
    port=8419,
    coverage=COVERAGE,
    conditions=(REFUSAL,),
)
