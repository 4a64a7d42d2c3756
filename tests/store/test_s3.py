"""Pictures and styles in S3 itself, by s3fs: written, read, listed, deleted; refused and away, it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from s3fs import S3FileSystem

from pipeline.errors import StyleError
from pipeline.kept_files import FilesAway, open_kept_files
from pipeline.settings import Settings
from pipeline.store.faults import NO_FILES, REFUSED
from pipeline.store.keeper import Keeper
from pipeline.store.search import Wanted
from pipeline.styles.library import open_library
from tests.store.conftest import DESK, DrawPicture, hand_over, read_all
from tests.tools.s3 import BUCKET, S3, run_s3
from tests.tools.style_folders import write_style

PLACE = f"s3://{BUCKET}/school"
A, B = "pictures/desk/a.png", "pictures/guest/b.png"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Run S3, reached as a host sets it: by the environment that its libraries read."""
    given = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**given, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    with run_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        S3FileSystem.clear_instance_cache()
        yield server
        S3FileSystem.clear_instance_cache()


@pytest.fixture
def keeper(s3: S3, tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(Settings(user_dir=tmp_path, pictures=PLACE), str)
    yield keeper
    keeper.close()


@pytest.mark.usefixtures("s3")
def test_what_is_written_is_read_listed_and_deleted(tmp_path: Path) -> None:
    one, two = (open_kept_files(PLACE, tmp_path) for _ in range(2))
    assert one.list_names("pictures") == []
    one.write(A, b"first")
    one.write(A, b"second")
    one.write(B, b"\0" * 6_000_000)
    assert two.read(A) == b"second" and two.read(B) == b"\0" * 6_000_000
    assert sorted(two.list_names("pictures")) == [A, B] and two.list_names("pictures/desk") == [A]
    assert abs(datetime.now(UTC) - two.read_time(A)) < timedelta(minutes=1)
    assert one.locate(A) == f"{PLACE}/{A}"
    two.delete([A, "pictures/desk/never.png"])
    two.delete([])
    assert one.list_names("pictures") == [B]
    for look in (one.read, one.read_time):
        with pytest.raises(FileNotFoundError):
            look(A)


def test_the_history_goes_on_when_the_store_was_gone_in_the_middle(
    s3: S3, keeper: Keeper, draw_picture: DrawPicture
) -> None:
    data = hand_over(keeper, draw_picture, 1)
    assert read_all(keeper) == {"house 1": data} and keeper.fault == ""
    s3.stop()
    hand_over(keeper, draw_picture, 2)
    assert keeper.fault == NO_FILES
    (row,) = keeper.open().find(DESK, Wanted()).pictures
    with pytest.raises(FilesAway, match="store"):
        keeper.open().read_picture(DESK, row.id)
    s3.start()
    third = hand_over(keeper, draw_picture, 3)
    assert read_all(keeper) == {"house 1": data, "house 3": third} and keeper.fault == ""
    assert keeper.open().forget(DESK) == 2 and keeper.open().files.files.list_names("") == []


def test_wrong_keys_are_told_as_such(
    s3: S3, keeper: Keeper, draw_picture: DrawPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = s3.check_keys()
    hand_over(keeper, draw_picture, 1)
    assert keeper.fault == REFUSED
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    keeper.close()
    again = Keeper(keeper._settings, str)
    later = hand_over(again, draw_picture, 2)
    assert read_all(again) == {"house 2": later} and again.fault == ""
    again.close()


def test_a_bucket_that_is_not_there_is_told(s3: S3, tmp_path: Path, draw_picture: DrawPicture) -> None:
    keeper = Keeper(Settings(user_dir=tmp_path, pictures="s3://another/school"), str)
    hand_over(keeper, draw_picture, 1)
    assert keeper.fault == NO_FILES
    keeper.close()


def test_styles_lie_in_s3_for_every_machine(s3: S3, tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "clay")
    picture = Image.linear_gradient("L").convert("RGB")
    one, two = (
        open_library(Settings(styles=tmp_path / "builtin", user_dir=tmp_path / home, pictures=PLACE)) for home in "ab"
    )
    red = one.add(picture, "Red", "rosy")
    two.add(picture.rotate(90), "Blue")
    assert two.get(red.id).sha256 == red.sha256
    s3.stop()
    with pytest.raises(StyleError):
        one.add(picture.rotate(180), "Green")
    s3.start()
    one.remove(red.id)
    third = open_library(Settings(styles=tmp_path / "builtin", user_dir=tmp_path / "c", pictures=PLACE))
    assert [style.name for style in third.all() if not style.builtin] == ["Blue"]
