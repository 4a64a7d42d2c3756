"""LoRAs that are kept for later pictures take bounded memory, and give it back where memory runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine import adapters as kept_loras
from pipeline.engine.adapters import Adapters, WantedLora
from pipeline.engine.engine import Engine
from pipeline.errors import OutOfMemory
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
    engine._loras.adapters.clear()
    return [write_lora(tmp_path / f"{number}.safetensors", engine._pipeline.unet, "kohya") for number in range(LORAS)]


def test_eight_loras_and_draft_in_turn_keep_no_more_than_is_allowed(
    engine: Engine, files: list[Path], make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make_request(engine, make_style("neon", 1))
    draft = change_request(usual, shortcuts=Shortcuts(few_steps="lcm"))
    kept = engine._loras.adapters
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


def test_what_a_picture_wants_stays_however_large(
    engine: Engine, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Adapters(engine._pipeline, engine._placement.get_format)
    monkeypatch.setattr(kept_loras, "KEPT_BYTES", 1)
    kept.use([WantedLora(files[0], "0")])
    one = kept.kept_bytes
    kept.use([WantedLora(file, str(number)) for number, file in enumerate(files)])
    assert kept.kept_bytes == pytest.approx(LORAS * one, rel=0.01)
    kept.use([])
    assert kept.kept_bytes == 0


def test_a_shortage_of_memory_lets_go_of_kept_loras(
    engine: Engine, files: list[Path], make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make_request(engine, make_style("neon", 1), loras=(Lora("0", 0.5, "0" * 64, files[0]),))
    first = np.asarray(engine.draw(usual).images[0])
    assert engine._loras.adapters.kept_bytes > 0

    def run_out(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as short:
        short.setattr(engine._decoding, "decode_pictures", run_out)
        with pytest.raises(OutOfMemory):
            engine.draw(usual)
    assert engine._loras.adapters.kept_bytes == 0
    assert np.array_equal(engine.draw(usual).images[0], first)
