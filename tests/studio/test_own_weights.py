"""LoRAs and textual inversions from an order to a picture's file and back."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pipeline.controls import Shortcuts
from pipeline.errors import SettingError
from pipeline.models.catalog import SD15
from pipeline.models.own_files import OwnFiles
from pipeline.models.safetensors_header import read_shapes
from pipeline.page.memory_need import count_lora_bytes
from pipeline.page.restoring import restore_text
from pipeline.picture.png_file import read_picture, write_parameters, write_picture
from pipeline.picture.recipe import Reopened, explain_difference
from pipeline.prompt_syntax import Prompt
from pipeline.request.own_loras import LoraWish
from pipeline.studio.own_weights import find_restored, find_weights
from tests.conftest import MakeStyle
from tests.models.wrong_files import hold, lora
from tests.tools.small_results import make_small_result

WORDS = (Prompt("a fox, (EasyNegative:1.2)"), Prompt("bad-hand"))


@pytest.fixture
def files(tmp_path: Path) -> OwnFiles:
    lora()(tmp_path / "ink.safetensors")
    for name, rows in (("easynegative", 2), ("bad", 3), ("bad-hand", 4)):
        hold(emb_params=(rows, 768))(tmp_path / f"{name}.safetensors")
    return OwnFiles([tmp_path])


def test_names_become_files_with_hashes(files: OwnFiles) -> None:
    found = find_weights(files, "sd15", [LoraWish("Ink", 0.5)], WORDS)
    (ink,) = found.loras
    assert (ink.name, ink.weight, ink.file.name, len(ink.sha256)) == ("ink", 0.5, "ink.safetensors", 64)
    assert [each.name for each in found.embeddings] == ["bad-hand", "easynegative"]
    assert found.notices == ()
    assert find_weights(files, "pocket", [LoraWish("ink")], WORDS).loras == ()


def test_what_is_not_here_is_refused_where_asked_and_told_where_tagged(files: OwnFiles) -> None:
    with pytest.raises(SettingError, match="There is no LoRA “glow” here; there are ink"):
        find_weights(files, "sd15", [LoraWish("glow")], ())
    told = find_weights(files, "sd15", [LoraWish("glow", is_asked=False)], ())
    assert told.loras == ()
    (sentence,) = told.notices
    assert sentence.startswith("There is no LoRA “glow” here; there are ink. Without it")


def test_what_a_tag_says_beside_the_weight_is_told_once(files: OwnFiles) -> None:
    found = find_weights(files, "sd15", [LoraWish("ink", 1.0, is_asked=False, unread="lbw=MIDD")], ())
    assert [each.weight for each in found.loras] == [1.0]
    assert found.notices == ("Of the tag of the LoRA “ink” its weight, 1, is read; “lbw=MIDD” is not.",)


def test_what_is_not_read_of_a_file_is_told(files: OwnFiles, tmp_path: Path) -> None:
    key = "lora_unet_mid_block_resnets_0_conv1"
    hold(f"{key}.lora_down.weight", f"{key}.lora_up.weight", f"{key}.diff_b", "bundle_emb.fox.x")(
        tmp_path / "oily.safetensors"
    )
    (notice,) = find_weights(files, "sd15", [LoraWish("oily")], ()).notices
    assert notice.startswith("Of the LoRA “oily” these tensors are not read: bundle_emb, diff_b.")


def test_a_hash_finds_a_file_under_another_name(files: OwnFiles, tmp_path: Path) -> None:
    digest = files.hash_file(tmp_path / "ink.safetensors")
    found = find_weights(files, "sd15", [LoraWish("brush", 1.0, digest[:12], is_asked=False)], ())
    assert [each.name for each in found.loras] == ["ink"]


def test_a_picture_s_file_brings_them_back_or_says_what_is_missing(
    files: OwnFiles, make_style: MakeStyle, tmp_path: Path
) -> None:
    result = make_small_result(make_style("neon"), "a fox")
    found = find_weights(files, "sd15", [LoraWish("ink", 0.3)], WORDS)
    request = replace(result.request, engine="sd15", loras=found.loras, embeddings=found.embeddings)
    data = write_picture(replace(result, request=request))
    find = partial(find_restored, files)
    style = request.styles.parts[0][0]
    reopened = read_picture(data, lambda id: style, find_weights=find)
    assert reopened.request == request
    assert reopened.request.loras[0].file == tmp_path / "ink.safetensors"
    (tmp_path / "ink.safetensors").rename(tmp_path / "pen.safetensors")  # the hash finds it
    assert read_picture(data, lambda id: style, find_weights=find).request.loras[0].name == "pen"
    lora(width=32)(tmp_path / "ink.safetensors")
    (tmp_path / "pen.safetensors").unlink()
    changed = read_picture(data, lambda id: style, find_weights=find)
    assert changed.request.loras == ()
    assert "“ink” here is another file than the one" in changed.missing[0]
    (tmp_path / "ink.safetensors").unlink()
    assert "There is no LoRA “ink” here" in read_picture(data, lambda id: style, find_weights=find).missing[0]


def test_the_text_for_other_programs_names_them(files: OwnFiles, make_style: MakeStyle) -> None:
    found = find_weights(files, "sd15", [LoraWish("ink", 0.3)], WORDS)
    request = replace(
        make_small_result(make_style("neon"), "a fox").request, loras=found.loras, embeddings=found.embeddings
    )
    text = write_parameters(request, {"base": "0123456789ab", "checkpoint": "dreamy"})
    assert "<lora:ink:0.3>" in text.splitlines()[0]
    assert f'Lora hashes: "ink: {found.loras[0].sha256[:12]}"' in text
    assert "TI hashes:" in text
    assert "Model hash: 0123456789, Model: dreamy" in text
    restored = restore_text(SD15, text, files)
    assert restored.settings["loras"] == "ink:0.3"
    assert "<lora" not in restored.settings["prompt"]
    missing = restore_text(SD15, text, OwnFiles(()))
    assert missing.settings["loras"] == ""
    assert "There is no LoRA “ink” here" in missing.message


def test_another_model_is_named_by_its_file(make_style: MakeStyle) -> None:
    reopened = Reopened(
        replace(make_small_result(make_style("neon"), "a fox").request, engine="sd15"),
        {"base": "1", "checkpoint": "dreamy"},
    )
    said = explain_difference(reopened, "sd15", {"base": "2"})
    assert said is not None
    assert "drawn with the model dreamy, and Stable Diffusion 1.5 draws now" in said


def test_a_picture_s_need_counts_its_loras(files: OwnFiles, make_style: MakeStyle, tmp_path: Path) -> None:
    found = find_weights(files, "sd15", [LoraWish("ink")], ())
    request = replace(make_small_result(make_style("neon"), "a fox").request, engine="sd15", loras=found.loras)
    size = 2 * sum(math.prod(shape) for shape in read_shapes(tmp_path / "ink.safetensors").values())
    assert count_lora_bytes(request) == size
    assert count_lora_bytes(replace(request, shortcuts=Shortcuts(few_steps="lcm"))) == size + 134_621_556
