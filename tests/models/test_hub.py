"""Fetching from a real server through the real huggingface_hub: cut, stopped, damaged, at once."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import Cancelled, ModelError
from pipeline.models.hub import LoggedProgress, fetch_part
from pipeline.models.hub_cache import find_cached_revision, snapshot_folder
from pipeline.models.profile import ModelPart, WeightFile
from tests.tools.hub_server import (
    MAIN,
    PINNED,
    Hub,
    expect_nothing_half_written,
    list_leftovers,
    read_fetched,
)
from tests.tools.waiting import wait_until

WEIGHTS = "unet/model.safetensors"


def test_exactly_the_listed_files_arrive_where_the_hubs_own_client_finds_them(
    hub: Hub, part: ModelPart, repository: Path
) -> None:
    import huggingface_hub

    assert find_cached_revision(part) is None
    assert fetch_part(part) == PINNED == find_cached_revision(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()
    found = huggingface_hub.try_to_load_from_cache("a/b", WEIGHTS, revision=PINNED)
    assert found == str(snapshot_folder(part, PINNED) / WEIGHTS)
    snapshot = huggingface_hub.snapshot_download("a/b", revision=PINNED, local_files_only=True)
    assert sorted(path.name for path in Path(snapshot).rglob("*.*")) == ["config.json", "model.safetensors"]
    assert list_leftovers(part) == []


def test_what_is_here_is_not_fetched_again(hub: Hub, part: ModelPart) -> None:
    fetch_part(part)
    before = len(hub.asked)
    fetch_part(part)
    assert len(hub.asked) == before


def test_the_token_goes_to_the_hub_and_not_to_its_storage(
    hub: Hub, part: ModelPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_part(part)
    of_hub = [headers for _, path, headers in hub.asked if "/resolve/" in path]
    of_storage = [headers for _, path, headers in hub.asked if path.startswith("/cdn/")]
    assert of_hub and all("hf_secret" in str(headers) for headers in of_hub)
    assert of_storage and not any("hf_secret" in str(headers) for headers in of_storage)


@pytest.mark.parametrize("seed", range(10))
def test_a_connection_cut_anywhere_is_gone_on_from(hub: Hub, part: ModelPart, repository: Path, seed: int) -> None:
    size = (repository / WEIGHTS).stat().st_size
    place = random.Random(seed).randrange(1, size)
    hub.cuts[WEIGHTS] = [place]
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == size, "what had come was fetched again"


def test_ten_cuts_in_one_file_are_gone_on_from(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.cuts[WEIGHTS] = [random.Random(7).randrange(1, 140_000) for _ in range(10)]
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == (repository / WEIGHTS).stat().st_size


class Stopping(LoggedProgress):
    """Stops once `after` bytes have come."""

    def __init__(self, after: int) -> None:
        self.left = after

    def add_bytes(self, count: int) -> None:
        self.left -= count
        if self.left <= 0:
            raise Cancelled


def test_a_stopped_download_goes_on_where_it_was(hub: Hub, part: ModelPart, repository: Path) -> None:
    with pytest.raises(Cancelled):
        fetch_part(part, Stopping(400_000))
    assert find_cached_revision(part) is None
    begun = list_leftovers(part)[0].stat().st_size
    assert 400_000 <= begun < 800_000
    hub.asked.clear()
    fetch_part(part)
    assert [headers["Range"] for _, path, headers in hub.asked if "Range" in headers] == [f"bytes={begun}-"] * 2
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()


def test_a_server_that_ignores_ranges_begins_again_and_so_do_we(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.ignores_ranges = True
    hub.cuts[WEIGHTS] = [700_000]
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()


def test_a_wrong_hash_is_told_and_the_file_removed(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.damaged.add(WEIGHTS)
    with pytest.raises(ModelError, match=r"came damaged.*removed. Start the download again"):
        fetch_part(part)
    expect_nothing_half_written(part)
    hub.damaged.clear()
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()


@pytest.mark.parametrize("path", [WEIGHTS, "unet/config.json"])
def test_damage_is_seen_by_the_hubs_own_hash_where_the_table_has_none(hub: Hub, part: ModelPart, path: str) -> None:
    hub.damaged.add(path)
    unknown = replace(part, files=(WeightFile(path),))
    with pytest.raises(ModelError, match="came damaged"):
        fetch_part(unknown)
    assert list_leftovers(unknown) == [] and find_cached_revision(unknown) is None


def test_another_file_in_the_place_of_the_known_one_is_refused_before_it_is_fetched(hub: Hub, part: ModelPart) -> None:
    hub.short.add(WEIGHTS)
    with pytest.raises(ModelError, match=r"bytes instead of \d+: it is not the file that Croquis knows"):
        fetch_part(part)
    assert hub.given[WEIGHTS] == 0
    expect_nothing_half_written(part)


def test_a_truncated_file_is_seen_by_its_head_where_nothing_else_is_known(
    hub: Hub, part: ModelPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = hub.repos["a/b"].files[WEIGHTS][:-100]
    hub.repos["a/b"].files[WEIGHTS] = short  # the repository itself holds it so: hash and length agree
    with pytest.raises(ModelError, match="cut off"):
        fetch_part(replace(part, files=(WeightFile(WEIGHTS),)))
    expect_nothing_half_written(part)


def test_a_revision_that_is_gone_gives_way_to_main_aloud(
    hub: Hub, part: ModelPart, repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moved = replace(part, revision="2" * 40)
    assert fetch_part(moved) == MAIN == find_cached_revision(moved)
    assert f"a/b has no revision {'2' * 40} any more; using main for {WEIGHTS}" in caplog.text
    assert read_fetched(moved, MAIN) == (repository / WEIGHTS).read_bytes()


def test_main_is_checked_like_the_pinned_revision(hub: Hub, part: ModelPart) -> None:
    hub.damaged.add(WEIGHTS)
    with pytest.raises(ModelError, match="came damaged"):
        fetch_part(replace(part, revision="2" * 40))


def test_two_downloads_of_one_file_do_not_mix(hub: Hub, part: ModelPart) -> None:
    hub.slow = 0.02
    first = threading.Thread(target=fetch_part, args=(part,))
    first.start()
    wait_until(lambda: list_leftovers(part), "nothing is fetched")
    with pytest.raises(ModelError, match="Another Croquis is fetching"):
        fetch_part(part)
    first.join()
    assert find_cached_revision(part) == PINNED


def test_a_file_damaged_in_the_cache_is_fetched_anew(hub: Hub, part: ModelPart, repository: Path) -> None:
    fetch_part(part)
    path = snapshot_folder(part, PINNED) / WEIGHTS
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()
