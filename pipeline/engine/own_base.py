"""Draw with a model of a person's own: exchange UNet, VAE and text encoder for those of another file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import transformers
from safetensors.torch import load_file

from pipeline.engine.diffusers_pipeline import read_base
from pipeline.engine.loaded_model import LoadedModel, OnProgress
from pipeline.engine.turns import Turns
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart, locate_checkpoint
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
        self._first = model.located["base"]
        self.present = BaseWish()

    def change(self, wish: BaseWish, report: OnProgress = lambda stage, fraction: None) -> None:
        """Read the wished model and let it draw from the next picture on; nothing where it draws already.

        Raises ModelError for a file that is broken or of another model; the one before goes on drawing then.
        """
        if wish == self.present:
            return
        report("Checking the model's files", 0.05)
        model = self._model
        located = self._first
        if wish.file is not None:
            located = locate_checkpoint(model.profile, wish.file, model.folder, wish.sha256)
        report("Reading the model", 0.2)
        with guard_loading(located.path, diffusers.utils.logging, transformers.utils.logging):
            made = read_base(model.profile, model.located | {"base": located}, model.placement.choice_dtype)
        if wish.vae_file is not None:
            made.vae = read_vae(wish.vae_file, made.vae)
        report("Putting it in place", 0.8)
        with self._turns.take():
            model.located["base"] = located
            model.placement.exchange(lambda: put_networks(model.pipeline, made))
            self._note(wish, located)
            self._forget()

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


def read_vae(file: Path, like: Any) -> Any:
    """Read a VAE alone, in CompVis' names or in diffusers', of the configuration and number format of another one.

    Raises ModelError for a file that does not fit.
    """
    with guard_loading(file, diffusers.utils.logging):
        tensors = load_file(file)
        if not any(name.startswith("decoder.up_blocks.") for name in tensors):
            tensors = convert_vae(tensors, dict(like.config))
        vae: Any = diffusers.AutoencoderKL.from_config(like.config)
        vae.load_state_dict(tensors)
    return vae.to(like.dtype).eval()


def convert_vae(tensors: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Give a VAE's tensors diffusers' names, by diffusers' own table."""
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    named = {
        name if name.startswith("first_stage_model.") else f"first_stage_model.{name}": value
        for name, value in tensors.items()
    }
    return dict(convert_ldm_vae_checkpoint(named, config))
