from dataclasses import replace

import pytest

from pipeline.errors import SettingError
from pipeline.profiles import POCKET, PROFILES, SD15, choose_profile, controls, find_profile, is_downloaded
from pipeline.values import CONTROLS, expect_number


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_control_has_a_default_within_its_range(profile):
    assert set(profile.defaults) == {control.name for control in CONTROLS}
    for control in CONTROLS:
        expect_number(control, profile.defaults[control.name])


def test_a_missing_or_impossible_default_is_refused():
    with pytest.raises(SettingError, match="expected"):
        replace(POCKET, defaults={"seed": 1})
    steps = controls(num_inference_steps=0, guidance_scale=3, ip_adapter_scale=1, controlnet_conditioning_scale=1)
    with pytest.raises(SettingError, match="Steps"):
        replace(POCKET, defaults=steps)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_default_size_can_be_drawn(profile):
    profile.check_size(*profile.size)


@pytest.mark.parametrize(("width", "height"), [(63, 128), (128, 56), (128, 264), (130, 128), (0, 128), (-128, 128)])
def test_other_sizes_are_refused_by_name(width, height):
    with pytest.raises(SettingError, match=f"{width} x {height} was asked for"):
        POCKET.check_size(width, height)


def test_every_part_from_the_hub_is_pinned_to_a_commit_and_lists_its_files():
    for part in SD15.parts.values():
        assert part.repo
        assert part.revision and len(part.revision) == 40 and int(part.revision, 16)
        assert part.files
        for file in part.files:
            assert (file.sha256 is None) or (len(file.sha256) == 64 and int(file.sha256, 16))


def test_profiles_differ_in_data_only_and_have_the_same_parts():
    assert set(POCKET.parts) <= set(SD15.parts)
    assert type(POCKET) is type(SD15)


def test_find_profile_names_the_choices():
    assert find_profile("sd15") is SD15
    with pytest.raises(SettingError, match=r"pocket, sd15; 'sdxl'"):
        find_profile("sdxl")


def test_a_profile_asked_for_is_taken(monkeypatch):
    monkeypatch.setattr("pipeline.profiles.has_cuda", lambda: False)
    assert choose_profile("sd15")[0] is SD15
    assert choose_profile("pocket")[0] is POCKET


@pytest.mark.parametrize(
    ("downloaded", "cuda", "device", "expected"),
    [
        (True, True, "auto", SD15),
        (True, True, "cuda", SD15),
        (True, True, "cpu", POCKET),
        (True, False, "auto", POCKET),
        (False, True, "auto", POCKET),
    ],
)
def test_auto_takes_sd15_only_with_its_files_and_a_gpu(monkeypatch, downloaded, cuda, device, expected):
    monkeypatch.setattr("pipeline.profiles.is_downloaded", lambda profile: downloaded)
    monkeypatch.setattr("pipeline.profiles.has_cuda", lambda: cuda)
    chosen, why = choose_profile("auto", device)
    assert chosen is expected
    assert why


def test_is_downloaded_looks_at_the_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert not is_downloaded(SD15)
    for role in ("base", "controlnet", "ip_adapter"):
        part = SD15.parts[role]
        for file in part.files:
            path = tmp_path / f"models--{part.repo.replace('/', '--')}" / "snapshots" / part.revision / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert is_downloaded(SD15)
    path.unlink()
    assert not is_downloaded(SD15)
