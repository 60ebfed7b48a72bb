"""Chunked uploads: what a session remembers, and what it survives."""

from pathlib import Path

import pytest

from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.cloudinary.naming import Name
from fakes.cloudinary.state import SCHEMA
from fakes.cloudinary.state.sessions import GIVEN_UP_AFTER_S, PART_MIN_BYTES, Range, Sessions, join
from fakes.kit.clock import SettableClock
from fakes.kit.errors import ProviderError
from fakes.kit.store import Store

NAME = Name("staging_clips/a", "staging_clips", "a")
LIMIT = 1 << 31


class Desk:
    """Sessions over a folder; another one over the same folder is the same after a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "parts"
        self.store = Store(folder / "a.db", SCHEMA)
        self.clock = SettableClock(lambda: 1_700_000_000.0)
        self.blobs = FolderBlobs(folder / "blobs")
        self.sessions = Sessions(self.store, self.clock, self.folder)

    def add(self, part: Range, fill: bytes, upload_id: str = "u") -> None:
        session = self.sessions.find("staging", upload_id) or self.sessions.open("staging", upload_id, NAME)
        incoming = self.blobs.incoming()
        incoming.write(fill * part.length)
        incoming.finish()
        self.sessions.add(session, part, incoming, LIMIT)
        incoming.drop()

    def files(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_parts_are_there_after_a_restart_and_join_in_their_order(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.add(Range(3, 4, 5), b"b")
    first.store.close()

    second = Desk(tmp_path)
    second.add(Range(0, 2, None), b"a")
    session = second.sessions.find("staging", "u")

    assert session is not None
    assert (session.name, session.is_whole, session.received_bytes, session.total) == (NAME, True, 5, 5)
    whole = join(second.sessions.parts(session.id), second.blobs.incoming())
    whole.finish()
    assert whole.path.read_bytes() == b"aaabb"


def test_files_without_a_row_go_at_the_next_start(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.add(Range(0, 2, None), b"a")
    (first.folder / "never-noted").write_bytes(b"x")
    first.store.close()

    second = Desk(tmp_path)

    assert len(second.files()) == 1
    assert "never-noted" not in second.files()


def test_an_upload_whose_files_are_gone_is_given_up(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.add(Range(0, 2, None), b"a")
    for path in first.folder.iterdir():
        path.unlink()
    first.store.close()

    assert Desk(tmp_path).sessions.find("staging", "u") is None


def test_the_same_part_twice_is_one(desk: Desk) -> None:
    desk.add(Range(0, 2, None), b"a")

    desk.add(Range(0, 2, 10), b"a")

    session = desk.sessions.find("staging", "u")
    assert session is not None
    assert (session.received_bytes, session.total, len(desk.files())) == (3, 10, 1)


@pytest.mark.parametrize(
    "part",
    [Range(2, 4, None), Range(0, 1, None), Range(0, 3, None), Range(5, 6, 8), Range(0, 2, 3)],
    ids=["overlap", "shorter", "longer", "another total", "a total that is too small"],
)
def test_a_part_that_contradicts_what_is_there_changes_nothing(desk: Desk, part: Range) -> None:
    desk.add(Range(0, 2, 7), b"a")
    desk.add(Range(3, 4, None), b"b")

    with pytest.raises(ProviderError, match="Invalid Content-Range header"):
        desk.add(part, b"c")

    session = desk.sessions.find("staging", "u")
    assert session is not None
    assert (session.received_bytes, session.total, len(desk.files())) == (5, 7, 2)


def test_a_total_below_what_is_there_is_refused(desk: Desk) -> None:
    desk.add(Range(PART_MIN_BYTES, PART_MIN_BYTES + 9, None), b"a")

    with pytest.raises(ProviderError, match="Invalid Content-Range header"):
        desk.add(Range(0, 9, 10), b"a")


def test_a_finished_upload_is_remembered_without_its_parts(desk: Desk) -> None:
    desk.add(Range(0, 2, 3), b"a")
    session = desk.sessions.find("staging", "u")
    assert session is not None

    desk.sessions.finish(session.id, "asset")

    finished = desk.sessions.find("staging", "u")
    assert finished is not None
    assert (finished.asset_id, desk.files()) == ("asset", [])


def test_uploads_left_alone_for_a_day_are_given_up(desk: Desk) -> None:
    desk.add(Range(0, 2, None), b"a", "old")
    desk.clock.advance(GIVEN_UP_AFTER_S / 2)
    desk.add(Range(0, 2, None), b"a", "young")
    desk.clock.advance(GIVEN_UP_AFTER_S / 2 + 1)

    desk.add(Range(0, 2, None), b"a", "new")

    found = [desk.sessions.find("staging", name) is not None for name in ("old", "young", "new")]
    assert (found, len(desk.files())) == ([False, True, True], 2)


def test_too_many_uploads_push_out_the_oldest(desk: Desk) -> None:
    for number in range(1026):
        desk.clock.advance(1)
        desk.sessions.open("staging", str(number), NAME)

    assert desk.sessions.find("staging", "1") is None
    assert desk.sessions.find("staging", "2") is not None
    assert desk.store.count("sessions") == 1024


def test_a_long_upload_id_is_refused(desk: Desk) -> None:
    with pytest.raises(ProviderError, match="Invalid value for parameter X-Unique-Upload-Id"):
        desk.sessions.open("staging", "x" * 256, NAME)
