"""The real class and the real image processor, with small random weights and thresholds that are chosen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPVisionModel

from pipeline.engine.engine import Engine
from pipeline.engine.safety import MIN_FREE, PASSED, UNJUDGED, WITHHELD, SafetyChecker, choose_checker_device, list_ways
from pipeline.errors import ModelError
from pipeline.models.locate import LocatedPart
from pipeline.page import view
from pipeline.studio.outcome import draw_withheld_card, make_results
from pipeline.values import Drawn, GenerationResult, Verdict
from tests.conftest import MakeStyle
from tests.tools.clip_folder import CLIP_MEAN, CLIP_STD, make_image_processor
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.packaged_folder import make_packaged_profile

CPU = torch.device("cpu")
SIDE = 32  # px that the small checker looks at
NEVER, ALWAYS = 1.5, -1.5  # thresholds beyond any cosine


def write_checker(folder: Path, threshold: float, concepts: torch.Tensor | None = None) -> Path:
    """`concepts` (17, 16): what it looks for; random without them."""
    torch.manual_seed(3)
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": 8,
    }
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16))
    with torch.no_grad():
        checker.special_care_embeds_weights.fill_(NEVER)
        checker.concept_embeds_weights.fill_(threshold)
        checker.concept_embeds.copy_(torch.randn(17, 16) if concepts is None else concepts)
    checker.half().save_pretrained(folder, variant="fp16")
    return folder


def processor():
    return make_image_processor(SIDE, CLIP_MEAN, CLIP_STD)


def checker_in(folder: Path) -> SafetyChecker:
    return SafetyChecker(LocatedPart(folder, "random"), processor(), "fp16")


@pytest.fixture(scope="module")
def pictures() -> tuple[Image.Image, Image.Image]:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return Image.fromarray(noise), Image.new("RGB", (64, 64), "navy")


@pytest.mark.parametrize(("threshold", "withheld"), [(NEVER, False), (ALWAYS, True)])
def test_its_threshold_decides_and_words_say_what(
    tmp_path: Path,
    pictures: tuple[Image.Image, Image.Image],
    threshold: float,
    withheld: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    checker = checker_in(write_checker(tmp_path / "checker", threshold))
    capfd.readouterr()  # what writing it said
    verdict = checker(pictures[0], CPU, torch.float32)
    assert verdict.withheld is withheld
    assert ("withheld" in verdict.words) is withheld
    assert capfd.readouterr() == ("", "")  # no word of a black picture, for none is given


def test_it_looks_at_the_picture(tmp_path: Path, pictures: tuple[Image.Image, Image.Image]) -> None:
    """What it was taught to find is found in that picture and not in the other."""
    seen = []
    for picture in pictures:
        asked = checker_in(write_checker(tmp_path / "any", NEVER))
        asked._checker.visual_projection.register_forward_hook(lambda *call: seen.append(call[2][0]))
        asked(picture, CPU, torch.float32)
    found, other = seen
    between = (1 + torch.cosine_similarity(found, other, 0).item()) / 2
    assert between < 0.995  # the thresholds are rounded to a thousandth
    checker = checker_in(write_checker(tmp_path / "taught", between, found.expand(17, -1)))
    assert [checker(picture, CPU, torch.float32).withheld for picture in pictures] == [True, False]


def test_it_runs_on_the_gpu_only_where_there_is_ample_room(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda", 0)
    for free, expected in ((MIN_FREE, "cuda"), (MIN_FREE - 1, "cpu")):
        monkeypatch.setattr("torch.cuda.mem_get_info", lambda device, free=free: (free, 2 * MIN_FREE))
        assert choose_checker_device(gpu).type == expected
    assert choose_checker_device(CPU).type == "cpu"


def test_it_is_asked_in_float32_after_float16_and_at_once_where_the_engine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (MIN_FREE, 2 * MIN_FREE))
    gpu = torch.device("cuda", 0)
    wide = [(gpu, torch.float32), (CPU, torch.float32)]
    assert list_ways(gpu, torch.float16) == [(gpu, torch.float16), *wide]
    assert list_ways(gpu, torch.float32) == wide
    assert list_ways(CPU, torch.bfloat16) == wide[1:]


SPOILT = pytest.mark.parametrize("spoilt", [float("nan"), float("inf"), 60_000.0], ids=["nan", "inf", "long"])


def ask_while_spoilt(
    checker: SafetyChecker, picture: Image.Image, monkeypatch: pytest.MonkeyPatch, spoilt: float, *dtypes: torch.dtype
) -> tuple[list[str], list[torch.dtype]]:
    """Ask twice as a GPU would, with the layer's output spoilt in `dtypes`, as a GTX 1660 does in float16; return the
    words of both verdicts and the numbers that the checker ran in.
    """
    monkeypatch.setattr(
        "pipeline.engine.safety.list_ways",
        lambda device, dtype: [
            (CPU, each) for each in (torch.float16, torch.float32) if each.itemsize >= dtype.itemsize
        ],
    )
    asked = list[torch.dtype]()
    forward = CLIPVisionModel.forward

    def spoil(module: CLIPVisionModel, *given: Any, **named: Any) -> Any:
        dtype = next(module.parameters()).dtype
        asked.append(dtype)
        output = forward(module, *given, **named)
        return (output[0], torch.full_like(output[1], spoilt)) if dtype in dtypes else output

    monkeypatch.setattr(CLIPVisionModel, "forward", spoil)
    return [checker(picture, CPU, torch.float16).words for _ in range(2)], asked


@SPOILT
@pytest.mark.parametrize(("threshold", "words"), [(NEVER, PASSED), (ALWAYS, WITHHELD)])
def test_numbers_that_overflow_are_no_verdict_and_it_is_asked_again_in_float32(
    tmp_path: Path,
    pictures: tuple[Image.Image, Image.Image],
    monkeypatch: pytest.MonkeyPatch,
    threshold: float,
    words: str,
    spoilt: float,
) -> None:
    checker = checker_in(write_checker(tmp_path / "checker", threshold))
    said, asked = ask_while_spoilt(checker, pictures[0], monkeypatch, spoilt, torch.float16)
    assert said == [words, words]
    assert asked == [torch.float16, torch.float32, torch.float32], "in float32 at once the second time"


def test_what_overflows_in_float32_too_is_withheld(
    tmp_path: Path, pictures: tuple[Image.Image, Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = checker_in(write_checker(tmp_path / "checker", NEVER))
    nan = float("nan")
    said, _ = ask_while_spoilt(checker, pictures[0], monkeypatch, nan, torch.float16, torch.float32)
    assert said == [UNJUDGED, UNJUDGED]
    assert checker(pictures[0], CPU, torch.float16).withheld


@pytest.fixture(scope="module")
def guarded(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder with a checker that withholds everything."""
    folder = shutil.copytree(sd15_folder, tmp_path_factory.mktemp("guarded") / "sd15")
    write_checker(folder / "base" / "safety_checker", ALWAYS)
    return folder


def draw(engine: Engine, make_style: MakeStyle) -> tuple[Drawn, GenerationResult]:
    request = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    drawn = replace(engine.draw(request), notices=("noticed",))
    return drawn, make_results(request, drawn, engine.revisions)[0]


def test_a_withheld_picture_is_a_card_and_its_words_are_everywhere(guarded: Path, make_style: MakeStyle) -> None:
    from pipeline.studio.answers import describe_result

    engine = Engine.load(make_tiny_sd15_profile(), folder=guarded, device="cpu", safety=True)
    drawn, after = draw(engine, make_style)
    assert after.verdict is not None and after.verdict.withheld
    assert np.array_equal(after.image, draw_withheld_card(after.request.edges))
    assert after.notices == (after.verdict.words, "noticed")
    assert list(after.milliseconds)[-1] == "safety"
    assert describe_result(after)["safety"] == {"checked": True, "withheld": True, "words": after.verdict.words}
    assert view.build_finished_picture(after, "a/b.png", {}, "1")["message"] == after.verdict.words
    (before,) = make_results(after.request, replace(drawn, verdicts=()), engine.revisions)
    assert describe_result(before)["safety"] == {"checked": False, "withheld": False, "words": None}
    assert view.build_finished_picture(before, "a/b.png", {}, "1")["message"].startswith("Drawn in")


def test_each_picture_of_a_batch_has_its_verdict(guarded: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=guarded, device="cpu", safety=True)
    request = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    drawn = engine.draw(request, 2)
    passing = replace(drawn, verdicts=(drawn.verdicts[0], Verdict(withheld=False, words="fine")))
    withheld, shown = make_results(request, passing, engine.revisions)
    assert withheld.image is not drawn.images[0] and shown.image is drawn.images[1]
    assert (shown.request.sampling.seed, shown.notices) == (request.sampling.seed + 1, drawn.notices)


def test_a_picture_that_passes_is_left_alone(guarded: Path, make_style: MakeStyle, tmp_path: Path) -> None:
    folder = shutil.copytree(guarded, tmp_path / "sd15")
    write_checker(folder / "base" / "safety_checker", NEVER)
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", safety=True)
    drawn, after = draw(engine, make_style)
    assert after.verdict is not None and not after.verdict.withheld
    assert after.image is drawn.images[0] and after.notices == drawn.notices


def test_off_asks_nothing(guarded: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=guarded, device="cpu", safety=False)
    drawn, result = draw(engine, make_style)
    assert drawn.verdicts == () and "safety" not in drawn.milliseconds
    assert result.verdict is None and result.image is drawn.images[0]


def test_a_profile_without_a_checker_gives_no_verdicts(packaged_folder: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_packaged_profile(), folder=packaged_folder, device="cpu", safety=True)
    assert draw(engine, make_style)[0].verdicts == ()


def test_missing_or_damaged_files_are_told_before_anything_is_drawn(
    guarded: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    folder = shutil.copytree(guarded, tmp_path / "sd15")
    weights = folder / "base" / "safety_checker" / "model.fp16.safetensors"
    weights.unlink()
    with pytest.raises(ModelError, match=r"safety checker is missing: .*model\.fp16.*CROQUIS_SAFETY=off"):
        Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", safety=True)
    Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", safety=False)
    weights.write_bytes(b"\x10" * 64)
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", safety=True)
    with pytest.raises(ModelError, match="safety_checker could not be loaded"):
        draw(engine, make_style)


@pytest.mark.parametrize("side", [64, 512, 1024])
def test_the_card_is_never_black_and_shows_lines_and_words(make_style: MakeStyle, side: int) -> None:
    from pipeline.values import EdgeMap

    lines = np.zeros((side, side), np.uint8)
    blank = np.asarray(draw_withheld_card(EdgeMap(lines, "lines"))).astype(int)
    lines[4:6, :] = 255
    drawn_on = np.asarray(draw_withheld_card(EdgeMap(lines, "lines"))).astype(int)
    assert blank.shape == (side, side, 3) and blank.mean() > 200
    assert blank[side // 4 : -side // 4].min() < 120  # ink
    assert np.abs(drawn_on - blank)[4:6].min() > 20 and not np.abs(drawn_on - blank)[8:].any()
