"""Against a real server, through the real huggingface_hub."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from pipeline.errors import Cancelled, ModelError
from pipeline.models import hub as hub_module
from pipeline.models.hub import PARTIAL, LoggedProgress, fetch_part
from pipeline.models.hub_cache import find_cached_revision, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart, WeightFile
from tests.tools.hub_server import MAIN, Hub, serving_hub, turn_to

PINNED, WEIGHTS = "1" * 40, "unet/model.safetensors"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "unet").mkdir()
    numbers = np.random.default_rng(0).integers(0, 256, 1_500_000, dtype=np.uint8)
    safetensors.numpy.save_file({"weight": numbers}, folder / WEIGHTS)
    (folder / "unet" / "config.json").write_text('{"layers": 1}')
    (folder / "not_wanted.bin").write_bytes(b"pickle")
    return folder


@pytest.fixture
def hub(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub() as served:
        served.add("a/b", repository, PINNED)
        turn_to(served, tmp_path / "cache", monkeypatch)
        monkeypatch.setattr(hub_module, "WAITS", (0.01,) * 5)
        yield served


@pytest.fixture
def part(repository: Path) -> ModelPart:
    data = (repository / WEIGHTS).read_bytes()
    known = WeightFile(WEIGHTS, len(data), hashlib.sha256(data).hexdigest())
    return ModelPart("net", "unet", "a/b", PINNED, (known, WeightFile("unet/config.json")))


def fetched(part: ModelPart, commit: str = PINNED) -> bytes:
    return (snapshot_folder(part, commit) / WEIGHTS).read_bytes()


def leftovers(part: ModelPart) -> list[Path]:
    return [path for path in repo_folder(part).rglob(f"*{PARTIAL}")]


def expect_nothing_half_written(part: ModelPart) -> None:
    assert find_cached_revision(part) is None
    assert leftovers(part) == []
    assert not (snapshot_folder(part, PINNED) / WEIGHTS).exists()


def test_exactly_the_listed_files_arrive_where_the_hubs_own_client_finds_them(
    hub: Hub, part: ModelPart, repository: Path
) -> None:
    import huggingface_hub

    assert find_cached_revision(part) is None
    assert fetch_part(part) == PINNED == find_cached_revision(part)
    assert fetched(part) == (repository / WEIGHTS).read_bytes()
    found = huggingface_hub.try_to_load_from_cache("a/b", WEIGHTS, revision=PINNED)
    assert found == str(snapshot_folder(part, PINNED) / WEIGHTS)
    snapshot = huggingface_hub.snapshot_download("a/b", revision=PINNED, local_files_only=True)
    assert sorted(path.name for path in Path(snapshot).rglob("*.*")) == ["config.json", "model.safetensors"]
    assert leftovers(part) == []


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
    assert fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == size, "what had come was fetched again"


def test_ten_cuts_in_one_file_are_gone_on_from(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.cuts[WEIGHTS] = [random.Random(7).randrange(1, 140_000) for _ in range(10)]
    fetch_part(part)
    assert fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == (repository / WEIGHTS).stat().st_size


def test_a_line_that_gives_nothing_more_ends_with_words_and_goes_on_later(
    hub: Hub, part: ModelPart, repository: Path
) -> None:
    hub.cuts[WEIGHTS] = [500_000, *[0] * 5]
    with pytest.raises(ModelError, match=r"could not be reached.*goes on from there"):
        fetch_part(part)
    assert find_cached_revision(part) is None and [path.stat().st_size for path in leftovers(part)] == [500_000]
    fetch_part(part)
    assert fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == (repository / WEIGHTS).stat().st_size
    assert leftovers(part) == []


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
    begun = leftovers(part)[0].stat().st_size
    assert 400_000 <= begun < 800_000
    hub.asked.clear()
    fetch_part(part)
    assert [headers["Range"] for _, path, headers in hub.asked if "Range" in headers] == [f"bytes={begun}-"] * 2
    assert fetched(part) == (repository / WEIGHTS).read_bytes()


def test_a_server_that_ignores_ranges_begins_again_and_so_do_we(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.ignores_ranges = True
    hub.cuts[WEIGHTS] = [700_000]
    fetch_part(part)
    assert fetched(part) == (repository / WEIGHTS).read_bytes()


def test_a_wrong_hash_is_told_and_the_file_removed(hub: Hub, part: ModelPart, repository: Path) -> None:
    hub.damaged.add(WEIGHTS)
    with pytest.raises(ModelError, match=r"came damaged.*removed. Start the download again"):
        fetch_part(part)
    expect_nothing_half_written(part)
    hub.damaged.clear()
    fetch_part(part)
    assert fetched(part) == (repository / WEIGHTS).read_bytes()


@pytest.mark.parametrize("path", [WEIGHTS, "unet/config.json"])
def test_damage_is_seen_by_the_hubs_own_hash_where_the_table_has_none(hub: Hub, part: ModelPart, path: str) -> None:
    hub.damaged.add(path)
    unknown = replace(part, files=(WeightFile(path),))
    with pytest.raises(ModelError, match="came damaged"):
        fetch_part(unknown)
    assert leftovers(unknown) == [] and find_cached_revision(unknown) is None


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


def test_a_missing_file_is_named(hub: Hub, part: ModelPart) -> None:
    wanting = replace(part, files=(*part.files, WeightFile("unet/gone.json")))
    with pytest.raises(ModelError, match=r"a/b .* has no file unet/gone\.json \(404\).*<model folder>/net.*pocket"):
        fetch_part(wanting)
    assert leftovers(part) == [] and find_cached_revision(wanting) is None


def test_a_revision_that_is_gone_gives_way_to_main_aloud(
    hub: Hub, part: ModelPart, repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moved = replace(part, revision="2" * 40)
    assert fetch_part(moved) == MAIN == find_cached_revision(moved)
    assert f"a/b has no revision {'2' * 40} any more; using main for {WEIGHTS}" in caplog.text
    assert fetched(moved, MAIN) == (repository / WEIGHTS).read_bytes()


def test_main_is_checked_like_the_pinned_revision(hub: Hub, part: ModelPart) -> None:
    hub.damaged.add(WEIGHTS)
    with pytest.raises(ModelError, match="came damaged"):
        fetch_part(replace(part, revision="2" * 40))


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, r"\(401\).*hf auth login"),
        (401, {"X-Error-Code": "RepoNotFound"}, r"\(401\).*hf auth login"),
        (403, {}, r"may not read a/b \(403\).*HF_TOKEN"),
        (403, {"X-Error-Code": "GatedRepo"}, r"a/b is gated. Accept its terms at http.*/a/b .*hf auth login"),
        (404, {"X-Error-Code": "RepoNotFound"}, r"no repository a/b \(404\)"),
        (451, {}, r"did not give .*451"),
    ],
)
def test_a_refusal_comes_with_its_fix_and_is_not_repeated(
    hub: Hub, part: ModelPart, status: int, headers: dict[str, str], words: str
) -> None:
    hub.answers[WEIGHTS] = [(status, headers)] * 20
    with pytest.raises(ModelError, match=words) as told:
        fetch_part(part)
    assert "<model folder>/net" in str(told.value) and "\n" not in str(told.value)
    assert len(hub.asked) == 1
    expect_nothing_half_written(part)


class Counting(LoggedProgress):
    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float, why: str) -> None:
        self.waits.append(seconds)


def test_too_many_requests_are_repeated_when_the_hub_says(hub: Hub, part: ModelPart) -> None:
    hub.answers[WEIGHTS] = [(429, {"Retry-After": "7"}), (429, {"Retry-After": "3"}), (503, {})]
    watch = Counting()
    fetch_part(part, watch)
    assert watch.waits == [7, 3, 0.01]
    assert find_cached_revision(part) == PINNED


def test_too_many_requests_end_at_last(hub: Hub, part: ModelPart) -> None:
    hub.answers[WEIGHTS] = [(429, {"Retry-After": "5"})] * 20
    watch = Counting()
    with pytest.raises(ModelError, match=r"\(429\). Start again in 5 seconds; HF_TOKEN"):
        fetch_part(part, watch)
    assert watch.waits == [5] * 5
    hub.answers[WEIGHTS] = [(429, {"Retry-After": "9999"})] * 20
    with pytest.raises(ModelError, match=r"in 9999 seconds"):
        fetch_part(part, watch)
    assert watch.waits == [5] * 5, "nobody waits for hours"


def test_an_overloaded_hub_is_told_as_such(hub: Hub, part: ModelPart) -> None:
    hub.answers[WEIGHTS] = [(503, {})] * 20
    with pytest.raises(ModelError, match=r"has trouble.*\(503\)"):
        fetch_part(part)


def test_without_a_network(hub: Hub, part: ModelPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_to(Hub(address="http://127.0.0.1:9"), tmp_path, monkeypatch)
    with pytest.raises(ModelError, match=r"127.0.0.1:9 could not be reached.*HTTPS_PROXY.*HF_ENDPOINT"):
        fetch_part(part)


def test_what_answers_without_speaking_the_protocol_is_no_hub(hub: Hub, part: ModelPart) -> None:
    hub.answers[WEIGHTS] = [(200, {})] * 3
    with pytest.raises(ModelError, match="not answered as the Hub does"):
        fetch_part(part)
    hub.answers[WEIGHTS] = [(200, {"ETag": '"../../x"', "X-Repo-Commit": PINNED})]
    with pytest.raises(ModelError, match="none of the Hub's"):
        fetch_part(part)


def test_a_full_disk_gets_its_room_back(hub: Hub, part: ModelPart) -> None:
    """No file may grow beyond a limit: writing fails in the middle, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, before[1]))
    try:
        with pytest.raises(ModelError, match=r"took no more.*removed. Free some room, or set HF_HOME"):
            fetch_part(part)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    expect_nothing_half_written(part)
    fetch_part(part)


def test_a_truly_full_disk(hub: Hub, part: ModelPart, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own "no space left": the partial file is /dev/full."""
    commit = snapshot_folder(part, PINNED)
    digest = hashlib.sha256(hub.repos["a/b"].files[WEIGHTS]).hexdigest()
    partial = repo_folder(part) / "blobs" / (digest + PARTIAL)
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    # never the device itself
    monkeypatch.setattr(hub_module, "remove_cached_file", lambda path: path.unlink(missing_ok=True))
    with pytest.raises(ModelError, match=os.strerror(errno.ENOSPC)):
        fetch_part(part)
    assert not partial.is_symlink() and not (commit / WEIGHTS).exists()


def test_a_folder_that_cannot_be_written_is_named(
    hub: Hub, part: ModelPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"could not be written to .*file.*HF_HOME"):
        fetch_part(part)


def test_two_downloads_of_one_file_do_not_mix(hub: Hub, part: ModelPart) -> None:
    hub.slow = 0.02
    first = threading.Thread(target=fetch_part, args=(part,))
    first.start()
    while not leftovers(part):
        time.sleep(0.005)
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
    assert fetched(part) == (repository / WEIGHTS).read_bytes()
