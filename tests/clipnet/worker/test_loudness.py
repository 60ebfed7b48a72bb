from __future__ import annotations

import pytest

from clipnet.worker.loudness import Gain, gain_for, integrated


def test_loudness_leaves_pauses_out() -> None:
    assert integrated([-20.0] * 50 + [-80.0] * 50) == pytest.approx(-20.0)
    assert integrated([-20.0] * 50 + [-35.0] * 50) == pytest.approx(-20.0)


def test_silence_has_no_loudness() -> None:
    assert integrated([-120.0] * 10) is None
    assert integrated([]) is None


def test_the_gain_reaches_the_target_and_says_when_peaks_are_in_the_way() -> None:
    assert gain_for(-20.0, 0.2) == Gain(6.0, limited=False)
    assert gain_for(-20.0, 0.9) == Gain(6.0, limited=True)
    assert gain_for(-8.0, 0.9) == Gain(-6.0, limited=False)


def test_silence_is_not_amplified() -> None:
    assert gain_for(None, 0.0) == Gain(0.0, limited=False)
    assert gain_for(-69.0, 0.0).db == 40.0
