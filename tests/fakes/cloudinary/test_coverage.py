from pathlib import Path

from starlette.routing import Route

from fakes.cloudinary import FAKE
from fakes.cloudinary.routes import build
from fakes.kit.clock import SettableClock
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.kit import FakeSettings, Kit
from fakes.kit.webhooks import Webhooks
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud


def test_the_coverage_rows_are_the_routes(tmp_path: Path) -> None:
    settings = FakeSettings({"cloudinary": "http://127.0.0.1:1"}, state_dir=tmp_path)
    clock = SettableClock()
    kit = Kit("cloudinary", settings, clock, Ids(1), Journal(), Webhooks(clock, frozenset()))

    routes = [route for route in build(kit).routes if isinstance(route, Route)]

    served = {
        (method, route.path) for route in routes for method in (route.methods or ()) if method != "HEAD"
    }
    covered = [(row.method, row.path) for row in FAKE.coverage if row.level != "absent"]
    assert served == set(covered)
    assert len(covered) == len(served)
    kit.store.close()


def test_what_is_absent_says_so(cloud: Cloud) -> None:
    absent = [row for row in FAKE.coverage if row.level == "absent"]

    answers = {
        row: cloud.http.request(row.method, cloud.url + row.path, auth=(KEY, SECRET)) for row in absent
    }

    assert len(absent) > 20
    assert {row.path for row, answer in answers.items() if answer.status_code != 501} == set()
    for row, answer in answers.items():
        message = f"fake 'cloudinary' does not cover {row.method} {row.path}"
        assert answer.json() == {"error": {"message": message}}
    recorded = cloud.http.get(f"{cloud.url}/_fake/requests").json()["requests"]
    assert not any(one["is_covered"] for one in recorded)
