"""What the edge is told by its environment."""

from pathlib import Path

import pytest

from emulator.edge.routes import Route
from emulator.edge.settings import BadSetting, load

PORTS = "web=1,api=2,edge=3,control=4"


def test_the_environment_is_read() -> None:
    settings = load(
        {
            "EDGE_PORTS": PORTS,
            "EDGE_ROUTES": "api=127.0.0.1:8407, web=127.0.0.1:8408",
            "EDGE_ROUTES_FILE": "/x/routes",
            "EDGE_DOMAIN": "Stage.Localhost",
            "EDGE_ANSWER_WITHIN_S": "7.5",
            "APP_VERSION": "0.1.0",
        }
    )

    assert settings.ports == {"web": 1, "api": 2, "edge": 3, "control": 4}
    assert settings.routes == {
        "api": Route("127.0.0.1:8407", None, "0.1.0"),
        "web": Route("127.0.0.1:8408", None, "0.1.0"),
    }
    assert (settings.routes_file, settings.domain) == (Path("/x/routes"), "stage.localhost")
    assert settings.limits.answer_s == 7.5


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("EDGE_PORTS", "web=1", "EDGE_PORTS names no port for: api, edge, control"),
        ("EDGE_PORTS", f"{PORTS},x=5", "EDGE_PORTS names 'x'; there are: api, web, edge, control"),
        ("EDGE_PORTS", "web", "EDGE_PORTS has 'web'; write it like api=8401,web=8400"),
        ("EDGE_PORTS", "web=70000", "EDGE_PORTS has '70000' for 'web'; write a port below 65536"),
        ("EDGE_ROUTES", "api=8407", "EDGE_ROUTES: route 'api' has the address '8407'; write host:port"),
        ("EDGE_ANSWER_WITHIN_S", "soon", "EDGE_ANSWER_WITHIN_S is 'soon'; write seconds, such as 300"),
        ("EDGE_GRACE_S", "-1", "EDGE_GRACE_S is '-1'; write seconds, such as 2"),
    ],
)
def test_a_bad_setting_is_refused_in_words(name: str, value: str, words: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load({name: value})

    assert words in str(refused.value)
