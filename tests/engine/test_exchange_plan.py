"""Reading another model is planned near what it takes, and refused where main memory does not hold it."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.engine import exchange_plan, own_base
from pipeline.engine.engine import Engine
from pipeline.engine.exchange_plan import plan_reading
from pipeline.engine.own_base import BaseWish
from pipeline.errors import OutOfMemory
from pipeline.models.locate import locate_checkpoint
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.own_files import write_other_model
from tests.tools.tensor_memory import TensorByteCounter

STORED = {"half": torch.float16, "full": torch.float32}  # file -> number format that it is in


@pytest.fixture(scope="module", autouse=True)
def _quick(one_thread: None) -> None:
    """Small models are quickest on one thread."""


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=shallow_folder, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def files(shallow_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    room = tmp_path_factory.mktemp("models")
    tensors = load_file(write_other_model(shallow_folder, room / "half.safetensors"))
    save_file({key: value.float() for key, value in tensors.items()}, room / "full.safetensors")
    vae = load_file(shallow_folder / "base" / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    save_file(vae, room / "vae.safetensors")
    return {name: room / f"{name}.safetensors" for name in (*STORED, "vae")}


def make_wish(files: dict[str, Path], name: str, paints: bool = False) -> BaseWish:
    wish = BaseWish(name, files[name], "0" * 64)
    return BaseWish(name, files[name], "0" * 64, "vae", files["vae"], "7" * 64) if paints else wish


@pytest.mark.parametrize("paints", [False, True])
@pytest.mark.parametrize(("name", "dtype"), [("half", "float32"), ("full", "bfloat16"), ("half", "bfloat16")])
def test_the_plan_is_near_the_most_that_reading_holds(
    engine: Engine, files: dict[str, Path], name: str, dtype: str, paints: bool
) -> None:
    """Of numbers that are cast: those of the file's own format stay in the file, where the system counts them."""
    base, numbers = engine.own_base, getattr(torch, dtype)
    located = locate_checkpoint(engine.profile, files[name], base._model.folder, "0" * 64)
    live = TensorByteCounter(iter(()), allocated=True)
    with live:
        made = base._read(make_wish(files, name, paints), located, numbers)
    assert made.unet.dtype == made.vae.dtype == made.text_encoder.dtype == numbers
    assert plan_reading(base._size, numbers) == pytest.approx(live.peak, rel=0.1)


def test_what_does_not_fit_is_refused_before_it_is_read(
    engine: Engine, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = plan_reading(engine.own_base._size, engine.dtype)
    wish, before, free = make_wish(files, "half"), engine._pipeline.unet, [needed - 1]
    for module in (exchange_plan, own_base):
        monkeypatch.setattr(module, "measure_main_memory", lambda: free[0])
    with monkeypatch.context() as short:
        short.setattr(own_base, "read_base", lambda *_: pytest.fail("it was read"))
        with pytest.raises(OutOfMemory, match=r"not enough memory to change the model: .* takes .* GB for a while"):
            engine.own_base.change(wish)
    assert engine._pipeline.unet is before and engine.own_base.present == BaseWish()
    free[0] = needed
    engine.own_base.change(wish)
    assert engine.own_base.present == wish
    engine.own_base.change(BaseWish())


def test_what_is_kept_for_later_pictures_goes_before_a_change_is_refused(
    engine: Engine, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go: list[str] = []
    placement = engine._placement
    monkeypatch.setattr(placement, "on_move", lambda: let_go.append("kept"))
    for module in (exchange_plan, own_base):
        monkeypatch.setattr(module, "measure_main_memory", lambda: 2**40 if let_go else 0)
    engine.own_base.change(make_wish(files, "half"))
    assert let_go[0] == "kept" and engine.own_base.present.name == "half"
    engine.own_base.change(BaseWish())


@pytest.mark.parametrize("mode", ["cpu", "fp8"])
def test_a_change_leaves_nothing_of_the_model_before_and_reads_nothing_twice(
    shallow_folder: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory=mode)
    before = [weakref.ref(getattr(engine._pipeline, name)) for name in ("unet", "vae", "text_encoder")]
    steers = engine._pipeline.controlnet
    monkeypatch.setattr(engine._placement, "_read_again", lambda: pytest.fail("the new UNet was read once more"))
    engine.own_base.change(make_wish(files, "half"))
    assert [each() for each in before] == [None, None, None]
    assert engine._pipeline.controlnet is steers and engine._placement.mode == mode
