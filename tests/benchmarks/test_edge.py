from benchmarks.edge import through_bytes


def test_small_and_large_answers_are_measured_past_the_edge_and_through_it() -> None:
    rows = through_bytes(20, 2)

    assert list(rows) == [
        f"{what}, {connections} connections"
        for what in ("small answers", "10 MB down", "10 MB up")
        for connections in (1, 16)
    ]
    for row in rows.values():
        assert {
            f"{way} {figure}" for way in ("direct", "edge") for figure in ("per s", "p50", "p99")
        } <= row.keys()
        assert 5 < row["edge memory MB"] < 60
