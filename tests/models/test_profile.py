from dataclasses import replace

import pytest

from pipeline.errors import SettingError
from pipeline.models.catalog import POCKET, SD15, make_defaults


def test_a_missing_or_impossible_default_is_refused():
    with pytest.raises(SettingError, match="expected"):
        replace(POCKET, defaults={"seed": 1})
    steps = make_defaults(num_inference_steps=0, guidance_scale=3, ip_adapter_scale=1, controlnet_conditioning_scale=1)
    with pytest.raises(SettingError, match="Steps"):
        replace(POCKET, defaults=steps)


@pytest.mark.parametrize(("width", "height"), [(63, 128), (128, 56), (128, 260), (130, 128), (0, 128), (-128, 128)])
def test_other_sizes_are_refused_by_name(width, height):
    with pytest.raises(SettingError, match=f"{width} x {height} was asked for"):
        POCKET.check_size(width, height)


def test_what_is_fetched_first_is_what_drawing_needs_and_no_more():
    assert set(SD15.required_parts) == {"base", "controlnet", "ip_adapter", "image_encoder", "safety_checker"}
    assert set(SD15.downloaded_parts) - set(SD15.required_parts) == {
        "controlnet_scribble",
        "lcm_lora",
        "taesd",
        "retrieval",
    }
    assert not POCKET.downloaded_parts
    assert 5e9 < sum(part.size for part in SD15.required_parts.values()) < 6.5e9


def test_only_weights_that_cannot_run_code_and_small_text_files_are_listed():
    for part in SD15.parts.values():
        for file in part.files:
            assert file.path.endswith((".safetensors", ".tflite", ".json", ".txt"))
            if file.path.endswith((".safetensors", ".tflite")):
                assert file.size > 1_000_000
        assert part.licence and part.title


def test_a_repository_is_pinned_to_one_commit_whichever_part_names_it():
    revisions = {}
    for part in SD15.parts.values():
        revisions.setdefault(part.repo, set()).add(part.revision)
    assert all(len(pinned) == 1 for pinned in revisions.values())
