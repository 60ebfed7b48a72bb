import pytest

from fakes.probe import main
from tests.servers import answering, free_port

HEALTHY = b"HTTP/1.1 200 OK\r\n\r\n"


def test_all_fakes_answer() -> None:
    with answering(HEALTHY) as one, answering(HEALTHY) as other:
        code = main(f"cloudinary={one},runpod={other}")

    assert code == 0


def test_a_fake_that_is_away_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    away = free_port()
    with answering(HEALTHY) as port:
        code = main(f"cloudinary={port},runpod={away}")

    assert (code, capsys.readouterr().err[:50]) == (
        1,
        f"fake 'runpod' on port {away}: [Errno 111] Connection "[:50],
    )


def test_a_fake_that_is_not_well_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(b"HTTP/1.1 500 Internal Server Error\r\n\r\n") as port:
        code = main(f"x={port}")

    said = f"fake 'x' on port {port} answered 'HTTP/1.1 500 Internal Server Error'\n"
    assert (code, capsys.readouterr().err) == (1, said)


def test_no_fakes_are_no_health(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(""), "on port" in capsys.readouterr().err) == (1, True)
