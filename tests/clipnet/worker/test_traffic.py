from clipnet.worker.traffic import Traffic


def test_a_clip_is_ahead_until_it_is_submitted() -> None:
    traffic = Traffic()
    traffic.started("a")
    assert (traffic.any_ahead(), traffic.any_near()) == (True, False)

    traffic.polished("a")
    assert traffic.any_near()

    traffic.submitted("a")
    assert (traffic.any_ahead(), traffic.any_near(), traffic.is_new("a")) == (False, False, False)


def test_a_clip_that_was_heard_does_not_come_ahead_again() -> None:
    traffic = Traffic()
    traffic.submitted("a")
    traffic.started("a")
    assert not traffic.any_ahead()

    traffic.ended("a")
    assert traffic.is_new("a")
