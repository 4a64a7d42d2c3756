"""What a person is told when the Hub, the network or the disk refuses, and what is then left behind."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ModelError
from pipeline.models import hub as hub_module
from pipeline.models.hub import PARTIAL, LoggedProgress, fetch_part
from pipeline.models.hub_cache import find_cached_revision, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart, WeightFile
from tests.tools.hub_server import (
    PINNED,
    Hub,
    expect_nothing_half_written,
    list_leftovers,
    read_fetched,
    set_hub,
)

WEIGHTS = "unet/model.safetensors"


def test_a_line_that_gives_nothing_more_ends_with_words_and_goes_on_later(
    hub: Hub, part: ModelPart, repository: Path
) -> None:
    hub.cuts[WEIGHTS] = [500_000, *[0] * 5]
    with pytest.raises(ModelError, match=r"could not be reached.*goes on from there"):
        fetch_part(part)
    assert find_cached_revision(part) is None and [path.stat().st_size for path in list_leftovers(part)] == [500_000]
    fetch_part(part)
    assert read_fetched(part) == (repository / WEIGHTS).read_bytes()
    assert hub.given[WEIGHTS] == (repository / WEIGHTS).stat().st_size
    assert list_leftovers(part) == []


def test_a_missing_file_is_named(hub: Hub, part: ModelPart) -> None:
    wanting = replace(part, files=(*part.files, WeightFile("unet/gone.json")))
    with pytest.raises(ModelError, match=r"a/b .* has no file unet/gone\.json \(404\).*<model folder>/net.*pocket"):
        fetch_part(wanting)
    assert list_leftovers(part) == [] and find_cached_revision(wanting) is None


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
    set_hub(Hub(address="http://127.0.0.1:9"), tmp_path, monkeypatch)
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
