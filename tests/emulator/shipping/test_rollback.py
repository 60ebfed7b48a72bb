"""Which commit all services go back to."""

import pytest

from emulator.errors import ConfigurationRefused
from emulator.shipping.record import Former
from emulator.shipping.rollback import choose

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def history(*commits: str, serves: int = 0) -> tuple[Former, ...]:
    """Deployments of these commits, newest first; `serves` is the place of the one that serves."""
    return tuple(
        Former(f"{place}-{commit[0]}", commit, place == serves) for place, commit in enumerate(commits)
    )


def chosen(to: str | None = None, **histories: tuple[Former, ...]) -> dict[str, str]:
    return {service: former.id for service, former in choose(histories, to).items()}


def test_all_go_back_to_the_newest_commit_before_what_serves() -> None:
    assert chosen(api=history(C, B, A), worker=history(C, B, A)) == {"api": "1-b", "worker": "1-b"}


def test_a_commit_that_a_service_never_had_is_passed_over() -> None:
    assert chosen(api=history(C, B, A), worker=history(C, A)) == {"api": "2-a", "worker": "1-a"}


def test_services_that_serve_it_already_stay() -> None:
    assert chosen(api=history(B, A), worker=history(A), frontend=history(A)) == {"api": "1-a"}


def test_a_service_that_went_ahead_alone_goes_back_to_the_others() -> None:
    assert chosen(api=history(A), worker=history(B, A)) == {"worker": "1-a"}


def test_a_second_time_goes_further_back_and_not_forward() -> None:
    after_one = history(B, C, B, A)

    assert chosen(api=after_one, worker=after_one) == {"api": "3-a", "worker": "3-a"}


def test_where_the_one_that_serves_is_not_the_newest_it_is_what_counts() -> None:
    frontend = history(C, B, A, serves=1)

    assert chosen(api=history(B, C, B, A), frontend=frontend) == {"api": "3-a", "frontend": "2-a"}


def test_a_commit_can_be_named_by_its_first_digits_even_a_later_one() -> None:
    after_one = history(A, B, A)

    assert chosen("bb", api=after_one, worker=after_one) == {"api": "1-b", "worker": "1-b"}


@pytest.mark.parametrize(
    ("to", "api", "worker", "words"),
    [
        (None, (A,), (A,), "there is nothing to go back to: no earlier commit that all services have"),
        (None, (B, A), (B,), "there is nothing to go back to"),
        ("cc", (B, A), (B, A), "'cc' is no commit that all services have"),
        ("b", (B, A), (B, A), "commit bbbbbbb serves already"),
        ("", (B, "b1" + B[2:]), (B, "b1" + B[2:]), "'' is no commit"),
        ("b", (B, "b1" + B[2:]), (B, "b1" + B[2:]), "'b' is the start of several commits"),
    ],
)
def test_what_cannot_be_is_said_with_what_there_is(
    to: str | None, api: tuple[str, ...], worker: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        choose({"api": history(*api), "worker": history(*worker)}, to)

    assert words in refused.value.what
    assert refused.value.hint.startswith("all services have: ")
