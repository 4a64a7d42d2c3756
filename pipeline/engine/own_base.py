"""Draw with a model of a person's own: exchange UNet, VAE and text encoder for those of another file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors.torch import load_file

from pipeline.engine.diffusers_pipeline import read_base
from pipeline.engine.exchange_plan import count_numbers, expect_room, plan_reading
from pipeline.engine.loaded_model import LoadedModel, OnProgress
from pipeline.engine.turns import Turns
from pipeline.machine.memory import measure_main_memory
from pipeline.models.architecture import read_config
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart, locate_checkpoint
from pipeline.models.pickled_weights import is_pickled, read_pickled
from pipeline.values import CHECKPOINT

EXCHANGED = ("unet", "vae", "text_encoder", "tokenizer")


@dataclass(frozen=True)
class BaseWish:
    """BaseWish names the model that is to draw, and the VAE that is to paint."""

    name: str = ""  # of a checkpoint; "": the one that the engine was loaded with
    file: Path | None = None
    sha256: str = ""  # of its bytes
    vae_name: str = ""  # "": the model's own
    vae_file: Path | None = None
    vae_sha256: str = ""  # of its tensors

    @property
    def key(self) -> str:
        """Return what tells this model and VAE from any other: "" for the engine's own."""
        return "+".join(filter(None, (self.sha256, self.vae_sha256)))

    @property
    def title(self) -> str:
        """Return the names of what is a person's own in it: "" for the engine's own."""
        return " + ".join(filter(None, (self.name, self.vae_name)))


class OwnBase:
    """OwnBase exchanges the model of one engine. What it reads lies on the processor until it is whole, so that the
    model before goes on drawing; ControlNet, adapter and styles stay. `forget` is called after an exchange.
    """

    def __init__(self, model: LoadedModel, turns: Turns, forget: Callable[[], None]) -> None:
        self._model, self._turns, self._forget = model, turns, forget
        self._first, self._size = model.located["base"], count_numbers(model.pipeline)
        self.present = BaseWish()

    def change(self, wish: BaseWish, report: OnProgress = lambda stage, fraction: None) -> None:
        """Read the wished model and let it draw from the next picture on; nothing where it draws already.

        Raises ModelError for a file that is broken or of another model, OutOfMemory where main memory does not hold it
        beside the one before, which goes on drawing then.
        """
        if wish == self.present:
            return
        report("Checking the model's files", 0.05)
        model = self._model
        located = self._first
        if wish.file is not None:
            located = locate_checkpoint(model.profile, wish.file, model.folder, wish.sha256)
        numbers = model.placement.choice_dtype
        self._make_room(plan_reading(self._size, numbers))
        report("Reading the model", 0.2)
        made = self._read(wish, located, numbers)
        report("Putting it in place", 0.8)
        with self._turns.take():
            try:
                model.placement.exchange_base(lambda: self._put(made, wish, located))
            finally:
                self._forget()

    def _make_room(self, needed: int) -> None:
        """Let go of what is kept for later pictures where the bytes are not free. Raises OutOfMemory where that is not
        enough.
        """
        if needed > measure_main_memory():
            with self._turns.take():
                self._model.placement.let_go()
        expect_room(needed)

    def _read(self, wish: BaseWish, located: LocatedPart, numbers: torch.dtype) -> Any:
        """Read the wished model, with the wished VAE in the place of its own, which is not read then."""
        model, given = self._model, dict[str, Any]()
        if wish.vae_file is not None:
            config = read_config((located.config or located.path) / "vae" / "config.json")
            given["vae"] = read_vae(wish.vae_file, config, numbers)
        with guard_loading(located.path, diffusers.utils.logging, transformers.utils.logging):
            return read_base(model.profile, model.located | {"base": located}, numbers, **given)

    def _put(self, made: Any, wish: BaseWish, located: LocatedPart) -> None:
        put_networks(self._model.pipeline, made)
        self._model.located["base"] = located
        self._note(wish, located)

    def _note(self, wish: BaseWish, located: LocatedPart) -> None:
        revisions: dict[str, str] = self._model.revisions
        for name in (CHECKPOINT, "vae"):
            revisions.pop(name, None)
        revisions |= {"base": located.revision} | ({CHECKPOINT: wish.name} if wish.name else {})
        revisions |= {"vae": wish.vae_sha256[:12]} if wish.vae_name else {}
        self.present = wish


def put_networks(pipeline: Any, made: Any) -> None:
    """Put the networks of another pipeline in the places of one's own."""
    for name in EXCHANGED:
        setattr(pipeline, name, getattr(made, name))


def read_vae(file: Path, config: Mapping[str, Any], dtype: torch.dtype) -> Any:
    """Read a VAE alone, in CompVis' names or in diffusers', into numbers of `dtype`, one tensor after the other.

    Raises ModelError for a file that does not fit the configuration.
    """
    with guard_loading(file, diffusers.utils.logging):
        tensors = read_pickled(file) if is_pickled(file) else load_file(file)
        if not any(name.startswith("decoder.up_blocks.") for name in tensors):
            tensors = convert_vae(tensors, dict(config))
        with torch.device("meta"):
            vae: Any = diffusers.AutoencoderKL.from_config(config)
        vae.load_state_dict({name: tensor.to(dtype) for name, tensor in tensors.items()}, assign=True)
    return vae.eval()


def convert_vae(tensors: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Give a VAE's tensors diffusers' names, by diffusers' own table."""
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    named = {
        name if name.startswith("first_stage_model.") else f"first_stage_model.{name}": value
        for name, value in tensors.items()
    }
    return dict(convert_ldm_vae_checkpoint(named, config))
