from typing import Any

import pytest

from fakes.cloudinary.state import documents
from fakes.cloudinary.state.triggers import Triggers
from fakes.kit.clock import SettableClock
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from tests.fakes.cloudinary.conftest import Cloud

POLL = {"uri": "poll://clips", "event_type": "upload", "uri_type": "poll"}


def create(cloud: Cloud, **said: str) -> dict[str, Any]:
    body: dict[str, Any] = cloud.admin("POST", "triggers", json=POLL | said).json()
    return body


def test_a_trigger_is_shown_with_all_its_parts(cloud: Cloud) -> None:
    hook = f"{cloud.url}/told"

    made = cloud.admin("POST", "triggers", json={"uri": hook, "event_type": "all", "uri_type": None}).json()

    listed = cloud.admin("GET", "triggers").json()
    assert listed == {"triggers": [made], "total": 1}
    assert (made["uri"], made["uri_type"], made["event_type"]) == (hook, "webhook", "all")
    assert (len(made["id"]), len(made["product_environment_id"])) == (32, 34)
    assert made["created_at"] == made["updated_at"]
    assert made["created_at"].endswith("+00:00")


def test_triggers_are_listed_by_event(cloud: Cloud) -> None:
    for event in ("upload", "all", "delete"):
        create(cloud, event_type=event)

    listed = cloud.admin("GET", "triggers", params={"event_type": "upload"}).json()

    assert [one["event_type"] for one in listed["triggers"]] == ["upload"]


def test_an_event_sets_off_its_own_triggers_and_those_for_all() -> None:
    store = Store(None, documents.SCHEMA)
    triggers = Triggers(store, SettableClock(), Ids(1))
    for event in ("upload", "all", "delete"):
        triggers.create("staging", f"poll://{event}", event, "poll")

    found = triggers.of_event("staging", "upload")

    store.close()
    assert [one.event_type for one in found] == ["upload", "all"]


def test_a_trigger_moves_and_goes(cloud: Cloud) -> None:
    made = create(cloud)
    path = f"triggers/{made['id']}"

    moved = cloud.admin("PUT", path, json={"new_uri": "poll://*"})
    tested = cloud.admin("POST", f"{path}/test", json={"sample_data": None})
    listed = cloud.admin("GET", "triggers").json()["triggers"]
    deleted = cloud.admin("DELETE", path)

    assert (moved.json(), deleted.json()) == ({"message": "updated"}, {"message": "deleted"})
    assert tested.json() == {"trigger_id": made["id"], "filter_present": False, "filter_result": True}
    assert [one["uri"] for one in listed] == ["poll://*"]
    assert cloud.admin("GET", "triggers").json() == {"triggers": [], "total": 0}


@pytest.mark.parametrize(
    ("method", "path", "said", "status", "message"),
    [
        ("PUT", "/none", {"new_uri": "poll://*"}, 404, "Can't find trigger none"),
        ("DELETE", "/none", {}, 404, "Can't find trigger none"),
        ("POST", "/none/test", {}, 404, "Can't find trigger none"),
        ("PUT", "/none", {}, 400, "Missing required parameter - new_uri"),
        ("POST", "", {"uri": "poll://*"}, 400, "Missing required parameter - event_type"),
        ("POST", "", {"event_type": "all"}, 400, "Missing required parameter - uri"),
        ("POST", "", POLL | {"event_type": "lunch"}, 400, "Invalid value for parameter event_type: lunch"),
        ("POST", "", POLL | {"uri_type": "pigeon"}, 400, "Invalid value for parameter uri_type: pigeon"),
        ("POST", "", POLL | {"uri_type": "webhook"}, 400, "Invalid value for parameter uri: poll://clips"),
        ("POST", "", POLL | {"uri": "poll://"}, 400, "Invalid value for parameter uri: poll://"),
        ("POST", "", POLL, 409, "Trigger for upload to poll://clips already exists"),
    ],
)
def test_refusals(
    cloud: Cloud, method: str, path: str, said: dict[str, str], status: int, message: str
) -> None:
    create(cloud)

    answer = cloud.admin(method, f"triggers{path}", json=said)

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message


def test_addresses_are_limited_and_stay_within_the_stack(cloud: Cloud) -> None:
    for number in range(30):
        create(cloud, uri=f"poll://{number}")

    one_more, same = create(cloud, uri="poll://30"), create(cloud, uri="poll://1", event_type="all")
    outside = cloud.admin("POST", "triggers", json={"uri": "https://example.com/x", "event_type": "all"})

    assert one_more["error"]["message"] == "Maximum of 30 notification URLs reached"
    assert same["uri"] == "poll://1"
    assert outside.status_code >= 400
