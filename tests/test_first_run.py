"""From an empty cache to a picture: a server that holds SD 1.5's layout, every part under its own repository."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from pipeline.controls import Shortcuts
from pipeline.errors import ModelError
from pipeline.models.catalog import SD15
from pipeline.models.checks import compute_sha256
from pipeline.models.download import Download
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.profile import ModelProfile, WeightFile
from pipeline.prompt_syntax import Prompt
from pipeline.settings import Settings
from pipeline.styles.library import StyleLibrary
from pipeline.values import Style
from tests.conftest import MakeStyle
from tests.tools.clip_folder import write_clip
from tests.tools.hub_server import MAIN, Hub, serve_hub, set_hub
from tests.tools.ldm_layout import write_single_file
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request

PLACES = {
    role: role  # role -> local folder
    for role in ("base", "controlnet", "controlnet_scribble", "ip_adapter", "lcm_lora", "taesd", "retrieval")
}


@pytest.fixture(scope="module")
def repositories(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with what the pinned lists name besides: a safety checker's files, which are not loaded here, and a second
    ControlNet, which has the first one's numbers.
    """
    copied = shutil.copytree(sd15_folder, tmp_path_factory.mktemp("repositories") / "sd15")
    checker = copied / "base" / "safety_checker"
    if not checker.exists():
        checker.mkdir()
        safetensors.numpy.save_file({"weight": np.arange(9_000)}, checker / "model.fp16.safetensors")
        (checker / "config.json").write_text("{}")
    write_clip(copied / "retrieval")
    if not (copied / "controlnet_scribble").exists():
        shutil.copytree(copied / "controlnet", copied / "controlnet_scribble")
    return copied


@pytest.fixture
def hub(repositories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub() as served:
        for role, folder in PLACES.items():
            part = SD15.parts[role]
            served.add(str(part.repo), repositories / folder, str(part.revision))
        set_hub(served, tmp_path / "cache", monkeypatch)
        monkeypatch.setattr("pipeline.models.hub.WAITS", (0.01,) * 3)
        yield served


@pytest.fixture
def profile(repositories: Path) -> ModelProfile:
    """SD15's own parts, with the sizes of the small files."""
    parts = {}
    for role, part in make_tiny_sd15_profile().parts.items():
        root = repositories / PLACES.get(part.folder, "nowhere")
        files = tuple(WeightFile(file.path, size_of(root / file.path)) for file in part.files)
        parts[role] = replace(part, files=files)
    return replace(make_tiny_sd15_profile(), parts=parts)


def size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def run(download: Download) -> str:
    download.start()
    download.join(60)
    return download.state.message if download.state.stage == "failed" else download.state.stage


def draw(profile: ModelProfile, style: Style, folder: Path | None = None) -> tuple[np.ndarray, dict[str, str]]:
    from pipeline.engine.engine import Engine
    from tests.tools.drawing_requests import make_request

    engine = Engine.load(profile, folder=folder, device="cpu")
    image = engine.draw(make_request(engine, style)).images[0]
    return np.asarray(image), dict(engine.revisions)


def test_draft_is_refused_until_the_download_brought_its_parts(
    hub: Hub, profile: ModelProfile, make_style: MakeStyle, caplog: pytest.LogCaptureFixture
) -> None:
    from pipeline.engine.engine import Engine
    from tests.tools.drawing_requests import make_request

    draft = {"few_steps": "lcm", "decoder": "small"}
    bare = {role: replace(part, bundled=False) for role, part in profile.parts.items()}
    assert run(Download(replace(profile, parts=bare))) == "done"
    engine = Engine.load(profile, device="cpu", previews="small")
    request = make_request(engine, make_style("neon", 1), num_inference_steps=2, guidance_scale=1.0, sampler="LCM")
    hub.asked.clear()
    message = r"LCM-LoRA.*, TAESD.*\. Start the download under \"A bigger model\", or draw with another preset"
    with pytest.raises(ModelError, match=message):
        engine.draw(change_request(request, shortcuts=Shortcuts(**draft)))
    with pytest.raises(ModelError, match=r"Hyper-SD: .* Download it in Settings, under \"Quick steps\""):
        engine.draw(change_request(request, shortcuts=Shortcuts(few_steps="hyper-8")))
    engine.draw(request, on_step=lambda preview: None)
    assert "Previews are linear" in caplog.text and hub.asked == [], "drawing asked the network"
    assert run(Download(profile)) == "done"
    hub.asked.clear()
    image = engine.draw(change_request(request, shortcuts=Shortcuts(**draft))).images[0]
    assert np.asarray(image).std() > 1 and hub.asked == []


def test_a_first_run_fetches_all_that_drawing_needs_and_draws(
    hub: Hub, profile: ModelProfile, make_style: MakeStyle
) -> None:
    assert run(Download(profile)) == "done"
    asked = {path for _, path, _ in hub.asked if "/resolve/" in path}
    listed = {
        f"/{part.repo}/resolve/{part.revision}/{file.path}"
        for part in profile.downloaded_parts.values()
        for file in part.files
    }
    assert asked == listed, "more or less than the table's files was asked for"
    hub.asked.clear()
    pixels, revisions = draw(profile, make_style("neon", 1))
    assert pixels.shape == (64, 64, 3) and pixels.std() > 1
    assert revisions["base"] == SD15.parts["base"].revision
    assert hub.asked == [], "drawing asked the network"


def test_nobody_waits_for_the_encoder_of_styles(hub: Hub, profile: ModelProfile, make_style: MakeStyle) -> None:
    """sd15 asked for on a cache without it: it comes with the load. Where that fails a style that is new is refused at
    once, even while another picture is drawn, until the download brought it."""
    from pipeline.engine.engine import Engine
    from tests.tools.drawing_requests import make_request

    without = replace(profile.parts["image_encoder"], required=False)
    assert run(Download(replace(profile, parts={**profile.parts, "image_encoder": without}))) == "done"
    hub.answers["models/image_encoder/model.safetensors"] = [(403, {})]
    engine, hub.asked = Engine.load(profile, device="cpu"), []
    request = make_request(engine, make_style("neon", 1))
    with ThreadPoolExecutor(1) as other, engine._turns.take():  # as while someone draws
        told = other.submit(engine.draw, request).exception(20)
    assert isinstance(told, ModelError)
    assert re.search(r"looks at styles \(\d+ MB\)\. Start the download .*, or draw in a style that was", str(told))
    engine.draw(change_request(request, ip_adapter_scale=0.0))
    assert hub.asked == [], "drawing asked the network"
    assert run(Download(profile)) == "done"
    image = engine.draw(request).images[0]
    assert np.asarray(image).std() > 1


def test_the_download_brings_what_finds_styles_and_it_finds_them(
    hub: Hub, profile: ModelProfile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from pipeline.studio.opening import has_own_encoder, open_search

    settings = Settings(user_dir=tmp_path / "user")
    library = StyleLibrary(settings.styles, settings.added_styles)
    assert not has_own_encoder(profile, settings)
    assert run(Download(profile)) == "done" and has_own_encoder(profile, settings)
    hub.asked.clear()
    search = open_search(profile, settings, library)
    assert search.encoder == "clip" and len(search.find(Prompt("ice"), 9).matches) == 9
    assert hub.asked == [] and caplog.text == "", "finding styles asked the network"


def test_a_first_run_with_every_large_file_cut_twice_fetches_each_byte_once(hub: Hub, profile: ModelProfile) -> None:
    large: Counter[str] = Counter()  # by path: two ControlNets have one name for their file
    for part in profile.downloaded_parts.values():
        for file in part.files:
            if file.path.endswith(".safetensors"):
                hub.cuts[file.path] = [*hub.cuts.get(file.path, ()), *[(file.bytes or 0) // 3] * 2]
                large[file.path] += file.bytes or 0
    assert run(Download(profile)) == "done"
    assert {path: given for path, given in hub.given.items() if path.endswith(".safetensors")} == large


def test_a_first_run_from_main_where_the_pinned_commits_are_gone(
    hub: Hub, profile: ModelProfile, caplog: pytest.LogCaptureFixture
) -> None:
    for repo in hub.repos.values():
        repo.revisions.clear()
    assert run(Download(profile)) == "done"
    assert all(find_cached_revision(part) == MAIN for part in profile.downloaded_parts.values())
    assert caplog.text.count("using main for") == len(profile.downloaded_parts)


def test_a_relative_of_sd15_is_refused_before_it_is_loaded(hub: Hub, profile: ModelProfile) -> None:
    from pipeline.models.locate import locate_part

    repo = hub.repos[str(SD15.parts["base"].repo)]
    config = repo.files["unet/config.json"].replace(b'"cross_attention_dim": 32', b'"cross_attention_dim": 2048')
    repo.files["unet/config.json"] = config
    parts = dict(profile.parts)
    small = tuple(replace(file, bytes=None) for file in parts["base"].files)
    parts["base"] = replace(parts["base"], files=small)
    with pytest.raises(ModelError, match="Stable Diffusion XL"):
        locate_part(replace(profile, parts=parts), "base")


def test_a_single_file_checkpoint_draws_what_its_folder_draws(
    hub: Hub, profile: ModelProfile, repositories: Path, tmp_path: Path, make_style: MakeStyle
) -> None:
    checkpoint = write_single_file(repositories / "base", tmp_path / "tuned.safetensors")
    style = make_style("neon", 1)
    pixels, _ = draw(profile, style)
    weights = {path for _, path, _ in hub.asked if "/unet/diffusion_pytorch" in path}
    hub.asked.clear()
    shutil.rmtree(tmp_path / "cache")
    of_file, revisions = draw(profile, style, checkpoint)
    assert np.array_equal(of_file, pixels)
    assert weights and not weights & {path for _, path, _ in hub.asked}, "the base's weights were fetched all the same"
    assert revisions["base"] == compute_sha256(checkpoint)[:12]
