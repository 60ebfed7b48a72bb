"""The table of starts and stops."""

from benchmarks.up import table


def test_runtimes_are_columns_and_what_one_does_not_have_is_a_dash() -> None:
    lines = table(
        {"embedded": {"help_ms": [30.0, 10.0, 20.0], "memory_mb": [200.0]}, "docker": {"help_ms": [5.0]}}
    )

    assert lines == [
        "                embedded                        docker",
        "help                20.0 ms (10.0 to 30.0)           5.0 ms (5.0 to 5.0)",
        "memory             200.0 MB (200.0 to 200.0)    -",
    ]
