"""LoRAs that are kept for later pictures take bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.controls import Shortcuts
from pipeline.engine import adapters as kept_loras
from pipeline.engine.engine import Engine
from pipeline.own_weights import Lora
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_lora
from tests.tools.requests import change_request

LORAS = 8


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")


@pytest.fixture
def files(engine: Engine, tmp_path: Path) -> list[Path]:
    return [write_lora(tmp_path / f"{number}.safetensors", engine._pipeline.unet, "kohya") for number in range(LORAS)]


def test_eight_loras_and_draft_in_turn_keep_no_more_than_is_allowed(
    engine: Engine, files: list[Path], make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make_request(engine, make_style("neon", 1))
    draft = change_request(usual, shortcuts=Shortcuts(few_steps="lcm"))
    kept = engine._loras.adapters
    kept.clear()
    engine.draw(change_request(usual, loras=(Lora("0", 0.5, "0" * 64, files[0]),)))
    room = int(2.5 * kept.kept_bytes)  # for one, and a half
    monkeypatch.setattr(kept_loras, "KEPT_BYTES", room)
    firsts: dict[int, Any] = {}
    for number in [*range(LORAS), 0]:
        wanted = (Lora(str(number), 0.5, str(number) * 64, files[number]),)
        drawn = np.asarray(engine.draw(change_request(usual, loras=wanted)).images[0])
        assert kept.kept_bytes <= room
        assert np.array_equal(drawn, firsts.setdefault(number, drawn))
        engine.draw(draft)
        assert kept.kept_bytes <= room
