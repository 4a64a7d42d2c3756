"""ControlNets that A1111's extension notes, in each form that it has had, are read; what cannot steer here is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hints import CONTROLNET_NAMES, ControlHint, HintSettings, OwnControlNet
from pipeline.models.catalog import POCKET, SD15
from pipeline.picture.setting_text import describe_controlnets
from pipeline.request.generation_data import read_generation_data
from pipeline.request.order import Order, parse_order
from pipeline.values import Sketch

SKETCH = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
HEAD = "a lighthouse\nNegative prompt: fog\nSteps: 24, Sampler: Euler a, CFG scale: 6.5, Seed: 99, Size: 512x768"
QUOTED = (
    ', ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 0.8, Resize Mode: Crop and '
    "Resize, Low Vram: False, Processor Res: 512, Threshold A: 100, Threshold B: 200, Guidance Start: 0.1, Guidance "
    'End: 0.75, Pixel Perfect: True, Control Mode: Balanced, Save Detected Map: True", ControlNet 1: "Module: '
    "depth_midas, Model: control_v11f1p_sd15_depth_fp16 [4b72d323], Weight: 0.5, Resize Mode: Just Resize, Guidance "
    'Start: 0.0, Guidance End: 1.0, Pixel Perfect: True, Control Mode: Balanced, Hr Option: Both", Version: v1.9.4'
)
NUMBERED = (
    ', ControlNet 0: "Module: scribble_hed, Model: my_net [0123456789], Weight: 1, Resize Mode: 1, Guidance Start: 0, '
    'Guidance End: 1.0, Pixel Perfect: False, Control Mode: 0, Hr Option: HiResFixOption.BOTH", Version: f2.0.1v1.10.1'
)
PREPROCESSOR = (
    ', ControlNet: "preprocessor: openpose_full, model: control_v11p_sd15_openpose [cab727d4], weight: 1, '
    "starting/ending: (0, 0.6), resize mode: Crop and Resize, pixel perfect: False, control mode: Balanced, "
    'preprocessor params: (512, 64, 64)", Version: v1.5.1'
)
FLAT = (
    ", ControlNet-0 Enabled: True, ControlNet-0 Module: hed, ControlNet-0 Model: control_hed-fp16 [13fee50b], "
    "ControlNet-0 Weight: 0.9, ControlNet-0 Guidance Start: 0, ControlNet-0 Guidance End: 1, ControlNet-1 Enabled: "
    "False, ControlNet-1 Module: canny, ControlNet-1 Weight: 1"
)
ALONE = ", ControlNet Enabled: True, ControlNet Module: none, ControlNet Model: control_sd15_scribble [fef5e48e]"
CANNY, DEPTH = "control_v11p_sd15_canny", "control_v11f1p_sd15_depth_fp16"


def order(text: str, **given: Any) -> Order:
    return parse_order(SD15, sketch=SKETCH, prompt=text, **given)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (QUOTED, (("canny", HintSettings(0.8, 0.1, 0.75, CANNY)), ("depth", HintSettings(0.5, model=DEPTH)))),
        (NUMBERED, (("scribble", HintSettings(model="my_net")),)),
        (PREPROCESSOR, (("openpose", HintSettings(1.0, 0.0, 0.6, "control_v11p_sd15_openpose")),)),
        (FLAT, (("softedge", HintSettings(0.9, model="control_hed-fp16")),)),
        (ALONE, (("scribble", HintSettings(model="control_sd15_scribble")),)),
    ],
    ids=["quoted", "numbered", "preprocessor", "flat", "alone"],
)
def test_each_form_is_read(text: str, wanted: Any) -> None:
    found = order(HEAD + text)
    assert found.controlnets == wanted and found.controlnets_noted
    assert (found.prompt.text, found.width, found.height) == ("a lighthouse", 512, 768)
    assert f"ControlNet {', '.join(name for name, _ in wanted)}" in found.notices[0]
    assert "Control Mode" not in found.notices[0] and "Module" not in found.notices[0]


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("Module: tile_resample, Model: control_v11f1e_sd15_tile [a371b31b], Weight: 0.6", "tile_resample"),
        ("Module: ip-adapter_clip_sd15, Model: ip-adapter_sd15 [6a3f6166], Weight: 1", "ip-adapter_clip_sd15"),
        ("Module: reference_only, Model: None, Weight: 1", "reference_only"),
        ("Module: normal_midas, Model: control_v11p_sd15_normalbae [316696f1]", "normal_midas"),
        ("Module: animal_openpose, Model: x", "animal_openpose"),
        ("Module: none, Model: control_v1p_sd15_qrcode_monster [a6e58995], Weight: 1.35", "qrcode_monster"),
        ("Module: canny, Model: x, Weight: 1.35-1.5", "canny, x, 1.35-1.5"),
        ("Module: canny, Model: x, Weight: 3", "canny, x, 3"),
        ("Module: canny, Model: x, Guidance Start: 0.9, Guidance End: 0.2", "canny, x"),
        ("Module: canny, Weight: nan", "canny, nan"),
        ("", "ControlNet 0"),
    ],
)
def test_what_cannot_steer_here_is_told(unit: str, told: str) -> None:
    found = order(f'{HEAD}, ControlNet 0: "{unit}", Version: v1.9.4')
    assert found.controlnets == () and not found.controlnets_noted
    assert told in found.notices[0].split("Left out")[1]


def test_another_control_mode_and_a_second_network_of_one_reading_are_told() -> None:
    unit = "Module: canny, Model: None, Control Mode: ControlNet is more important, Hr Option: Low res only"
    found = order(f'{HEAD}, ControlNet 0: "{unit}", ControlNet 1: "Module: canny, Weight: 0.3", Version: v1.9.4')
    assert found.controlnets == (("canny", HintSettings()),)
    told = found.notices[0].split("Left out")[1]
    for said in ("ControlNet is more important", "Low res only", "ControlNet 1 canny, 0.3"):
        assert said in told


def test_what_a_person_chose_stays_and_the_pocket_model_says_that_it_has_none() -> None:
    mine = order(HEAD + QUOTED, controlnets={"lineart": 0.4})
    assert mine.controlnets == (("lineart", HintSettings(0.4)),) and not mine.controlnets_noted
    assert "ControlNet canny, depth" in mine.notices[0].split("Left out")[1]
    pocket = parse_order(POCKET, sketch=SKETCH, prompt=HEAD + QUOTED)
    assert pocket.controlnets == () and "ControlNet canny, depth" in pocket.notices[0].split("Left out")[1]


def make_hint(name: Any, settings: HintSettings) -> ControlHint:
    own = OwnControlNet("0123abcd" * 8, Path("x")) if settings.model else None
    return ControlHint(name, np.zeros((8, 8, 3), np.uint8), settings, own)


numbers = st.floats(0, 1, allow_subnormal=False)
models = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip)
steering = st.builds(
    lambda scale, ends, model: HintSettings(2 * scale, *sorted(ends), model),
    numbers,
    st.tuples(numbers, numbers),
    st.just("") | models.filter(lambda name: name.lower() != "none"),
)


@given(st.dictionaries(st.sampled_from(CONTROLNET_NAMES), steering, min_size=1))
def test_what_we_write_is_read_back_equal(chosen: dict[Any, HintSettings]) -> None:
    written = describe_controlnets(make_hint(name, settings) for name, settings in chosen.items())
    line = ", ".join(f"{name}: {value}" for name, value in written.items())
    data = read_generation_data(f"{HEAD}, {line}, Version: Croquis")
    assert data is not None and data.others == {"Version": "Croquis"}
    found = order(f"{HEAD}, {line}, Version: Croquis").controlnets
    assert found == tuple(chosen.items())


def test_the_settings_are_those_that_the_input_takes() -> None:
    data = read_generation_data(HEAD + QUOTED)
    assert data is not None
    noted = data.settings["controlnets"]
    assert order("a fox", controlnets=json.dumps(noted)).controlnets == order(HEAD + QUOTED).controlnets
