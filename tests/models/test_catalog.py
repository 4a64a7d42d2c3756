import pytest

from pipeline.controls import CONTROLS, expect_number
from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, PROFILES, SD15, find_profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_control_has_a_default_within_its_range(profile):
    assert set(profile.defaults) == {control.name for control in CONTROLS}
    for control in CONTROLS:
        expect_number(control, profile.defaults[control.name])


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_default_size_can_be_drawn(profile):
    profile.check_size(*profile.size)


def test_every_part_from_the_hub_is_pinned_to_a_commit_and_lists_its_files():
    unpinned = {role for role, part in SD15.parts.items() if part.revision is None}
    assert unpinned == {"pcm_4", "pcm_8"}, "of PCM no revision was seen in two public sources"
    assert [role for role, part in SD15.parts.items() if part.repo is None] == ["poses"], "they lie in a wheel"
    for role, part in SD15.parts.items():
        if part.wheel is not None:
            assert len(part.wheel.sha256) == 64 and part.wheel.name.startswith(f"{part.wheel.package}-{part.revision}-")
            assert all(file.sha256 for file in part.files) and part.size == part.wheel.bytes
            continue
        assert role in unpinned or (len(part.revision) == 40 and int(part.revision, 16))
        assert part.files
        for file in part.files:
            assert (file.sha256 is None) or (len(file.sha256) == 64 and int(file.sha256, 16))


def test_what_the_first_download_leaves_out_is_fetched_in_settings():
    assert all(part.chosen_by for part in SD15.parts.values() if part.is_on_demand)


def test_the_pocket_model_comes_with_the_program():
    assert all(part.repo is None for part in POCKET.parts.values()) and POCKET.home.is_dir()
    assert not POCKET.required_parts and not POCKET.downloaded_parts


def test_find_profile_names_the_choices():
    assert find_profile("sd15") is SD15
    with pytest.raises(SettingError, match=r"pocket, sd15; 'sdxl'"):
        find_profile("sdxl")
