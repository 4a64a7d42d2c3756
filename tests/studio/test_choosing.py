import pytest

from pipeline.models.catalog import POCKET, SD15
from pipeline.models.locate import drop_weights
from pipeline.studio import opening
from pipeline.studio.opening import choose_profile, is_downloaded


def test_a_profile_asked_for_is_taken(monkeypatch):
    monkeypatch.setattr(opening, "find_cuda_problem", lambda: "none")
    assert choose_profile("sd15")[0] is SD15
    assert choose_profile("pocket")[0] is POCKET


@pytest.mark.parametrize(
    ("downloaded", "problem", "device", "expected", "why"),
    [
        (True, None, "auto", SD15, "CUDA GPU are here"),
        (True, None, "cuda", SD15, "CUDA GPU are here"),
        (True, None, "cpu", POCKET, "cpu"),
        (True, "the driver is too old", "auto", POCKET, "the driver is too old"),
        (False, None, "auto", POCKET, "weights of Stable Diffusion 1.5 are not here yet, and nothing is fetched"),
        (False, "there is none", "auto", POCKET, 'start the download under "A bigger model"'),
        (False, None, "cuda", POCKET, 'start the download under "A bigger model"'),
        (False, None, "cpu", POCKET, "takes minutes on the device asked for, cpu"),
    ],
)
def test_auto_takes_sd15_only_with_its_files_and_a_gpu(monkeypatch, downloaded, problem, device, expected, why):
    monkeypatch.setattr(opening, "is_downloaded", lambda profile, **_: downloaded)
    monkeypatch.setattr(opening, "find_cuda_problem", lambda: problem)
    chosen, reason = choose_profile("auto", device)
    assert chosen is expected
    assert why in reason


def test_a_folder_of_ones_own_counts_as_there(monkeypatch, tmp_path):
    monkeypatch.setattr(opening, "is_downloaded", lambda profile, **_: False)
    monkeypatch.setattr(opening, "find_cuda_problem", lambda: None)
    assert choose_profile("auto", "auto", tmp_path)[0] is SD15


def test_is_downloaded_looks_at_the_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert not is_downloaded(SD15)
    for part in SD15.required_parts.values():
        for file in part.files:
            path = tmp_path / f"models--{part.repo.replace('/', '--')}" / "snapshots" / part.revision / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert is_downloaded(SD15)
    path.unlink()
    assert not is_downloaded(SD15)


def test_a_single_file_stands_for_the_bases_weights_only(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(opening, "find_cuda_problem", lambda: None)
    checkpoint = tmp_path / "tuned.safetensors"
    checkpoint.touch()
    chosen, why = choose_profile("auto", "auto", checkpoint)
    assert chosen is POCKET and "the parts beside the checkpoint of Stable Diffusion 1.5 are not here yet" in why
    for role, part in SD15.required_parts.items():
        for file in (drop_weights(part) if role == "base" else part).files:
            path = tmp_path / f"models--{part.repo.replace('/', '--')}" / "snapshots" / part.revision / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert choose_profile("auto", "auto", checkpoint)[0] is SD15
    assert choose_profile("auto")[0] is POCKET
