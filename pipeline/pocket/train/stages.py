"""Run the stages of training, each of which leaves its result on disk."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pipeline.pocket.data import dataset, pack
from pipeline.pocket.model import TOWER_SIDE, make_autoencoder
from pipeline.pocket.train import (
    autoencoder,
    denoiser,
    denoiser_data,
    from_shipped,
    parallel,
    prepare,
    text,
    together,
    tower,
)
from pipeline.pocket.train.adversary import Adversary, StyledCritic
from pipeline.pocket.train.export import export_pipeline, read_ip_adapter_states
from pipeline.pocket.train.loop import RUNS, read_progress
from pipeline.pocket.train.palettes import Palettes
from pipeline.pocket.train.recipes import Recipe
from pipeline.pocket.train.together import LEARNT_GUIDANCE, Drawer, PictureFiles

STYLES = Path("styles")


SHIPPED = Path("assets/pocket")


PREPARED = ("latents", "tokens", "bound", "styles")


@dataclass(frozen=True)
class Run:
    """Run is where one training run reads and writes."""

    recipe: Recipe
    device: torch.device
    runs: Path = RUNS
    pictures: Path = dataset.FOLDER
    from_shipped: Path | None = None  # weights as they are shipped to begin with

    def list_shards(self) -> list[Path]:
        return sorted(self.pictures.glob("shard-????"))

    def list_prepared_shards(self) -> list[Path]:
        """List the shards with all that the denoiser reads."""
        return [folder for folder in self.list_shards() if all((folder / f"{name}.npy").exists() for name in PREPARED)]


def fetch_pack(run: Run) -> None:
    if not pack.PACK.is_file():
        pack.build_pack()


def draw_pictures(run: Run) -> None:
    from pipeline.painters import RENDERERS

    dataset.render_shards(run.pictures, 1, 0, run.recipe.shards, tuple(RENDERERS), multiprocessing.cpu_count())


def load_pictures(run: Run) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.concatenate([np.load(folder / "pictures.npy") for folder in run.list_shards()])


def train_autoencoder(run: Run) -> None:
    if run.from_shipped:
        return None if parallel.read_rank() else from_shipped.unpack_shipped(run.from_shipped, run.runs)
    pictures = load_pictures(run)
    model = make_autoencoder().to(run.device, memory_format=torch.channels_last)
    if not (run.runs / f"{run.recipe.fine.name}.pt").exists():
        autoencoder.train_autoencoder(
            model, pictures, run.recipe.rough, run.runs, crop=32, seed=parallel.offset_seed(0)
        )
        prepare.normalise_latents(model.cpu(), pictures[:512]).to(run.device, memory_format=torch.channels_last)
    autoencoder.train_autoencoder(model, pictures, run.recipe.fine, run.runs, crop=64, seed=parallel.offset_seed(1))
    latents = prepare.encode_pictures(model, pictures[:512]).astype(np.float32)
    model.register_to_config(scaling_factor=round(1 / float(latents.std()), 4))
    if not parallel.read_rank():
        model.save_pretrained(run.runs / "autoencoder")
    return None


def train_tower(run: Run) -> None:
    if run.from_shipped:
        return
    tokenizer, words = text.load_text_tower()
    vectors = {
        style: text.encode_sentences(phrases, tokenizer, words)
        for style, phrases in tower.read_style_words(STYLES).items()
    }
    model = tower.Tower().to(run.device)
    tower.train_tower(model, tower.load_looks(run.list_shards(), vectors), run.recipe.tower, run.runs)
    return


def load_average(model: nn.Module, name: str, run: Run) -> nn.Module:
    state = torch.load(run.runs / f"{name}.pt", map_location=run.device, weights_only=True)
    model.load_state_dict(state["ema"])
    return model.to(run.device).eval()


def load_autoencoder(run: Run) -> Any:
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(run.runs / "autoencoder").to(run.device).eval()


def prepare_shards(run: Run) -> None:
    tokenizer, words = text.load_text_tower(run.device)
    encoder, looks = load_autoencoder(run), load_average(tower.Tower(), "tower", run)
    for folder in run.list_shards():
        prepare.prepare_tokens(folder, STYLES, tokenizer, words)
        prepare.prepare_latents(folder, encoder)
        prepare.prepare_styles(folder, looks)  # type: ignore[arg-type]


def embed_references(run: Run) -> dict[str, Any]:
    """Embed the library's references, sized as the app sizes them: style id -> embedding."""
    files = sorted(STYLES.glob("*/reference.webp"))
    side = (TOWER_SIDE, TOWER_SIDE)
    pictures = [np.asarray(Image.open(file).convert("RGB").resize(side, Image.Resampling.BICUBIC)) for file in files]
    looks: Any = load_average(tower.Tower(), "tower", run)
    return dict(zip((file.parent.name for file in files), tower.embed_pictures(looks, np.stack(pictures)), strict=True))


def load_training_data(run: Run, folders: Sequence[Path]) -> tuple[denoiser_data.Prepared, Tensor]:
    """Load what the denoiser is trained on, and the tokens (32, 384) of no words, on the device."""
    tokenizer, words = text.load_text_tower()
    empty = text.encode_tokens([""], tokenizer, words)[0].astype(np.float32)
    return (
        denoiser_data.load_prepared(folders, embed_references(run), run.device),
        torch.from_numpy(empty).to(run.device),
    )


def compile_model(model: nn.Module, run: Run) -> None:
    """Compile the model in place where the plan says so.

    What cannot be compiled runs as it is: nobody may be there to see.
    """
    if run.recipe.compiled:
        torch._dynamo.config.suppress_errors = True
        model.compile()


def train_denoiser(run: Run) -> None:
    data, empty = load_training_data(run, run.list_prepared_shards())
    print(f"{len(data.looks)} pictures in {len(np.unique(data.looks))} looks", flush=True)
    model = find_shipped_denoiser(run) or denoiser.Denoiser()
    model.to(device=run.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    compile_model(model, run)
    drawer = Drawer(model, load_autoencoder(run))
    denoiser.train_denoiser(
        model,
        data,
        empty,
        run.recipe.denoiser,
        run.runs,
        size=parallel.share_batch(run.recipe.batch),
        seed=parallel.offset_seed(len(data.looks)),
        on_save=lambda _, step: save_contact_sheet(drawer, data, empty, f"denoiser-{step:06d}", run, LEARNT_GUIDANCE),
    )


@torch.inference_mode()
def save_contact_sheet(
    drawer: Drawer, data: denoiser_data.Prepared, empty: Tensor, name: str, run: Run, guidance: float, count: int = 16
) -> None:
    """Save rows of (drawing, drawn, its original) for fixed training captions: a look at how far it is."""
    hint = denoiser_data.unpack_hint(data.edges[:count, 0])
    made = denoiser.draw_sample(
        drawer.denoiser, data.tokens[:count].float(), data.styles[:count].float(), hint, empty, guidance=guidance
    )
    true = data.latents[:count].float()
    drawn, original = (drawer.decode(one).clamp(-1, 1) / 2 + 0.5 for one in (made, true))
    cells = torch.cat([hint, drawn, original], 3).mul(255).byte().permute(0, 2, 3, 1).cpu().numpy()
    columns = [np.concatenate(list(cells[i::4])) for i in range(4)]
    Image.fromarray(np.concatenate(columns, 1)).save(run.runs / f"sheet-{name}.png")


def train_together(run: Run) -> None:
    folders = run.list_prepared_shards()
    data, empty = load_training_data(run, folders)
    pages, vae = PictureFiles(folders), load_autoencoder(run)
    drawer = Drawer(load_begun_denoiser(run), vae)
    drawer.to(device=run.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    compile_model(drawer.denoiser, run)
    critic = Adversary(StyledCritic(), run.runs / "styled-critic.pt", run.device)
    looks = cast(tower.Tower, load_average(tower.Tower(), "tower", run))
    palettes = Palettes(data, pages, vae, looks, empty)
    together.train_together(
        drawer,
        data,
        pages,
        palettes,
        empty,
        run.recipe.together,
        run.runs,
        critic,
        size=parallel.share_batch(run.recipe.batch),
        shown=parallel.share_batch(run.recipe.shown),
        seed=parallel.offset_seed(len(data.looks)),
        on_save=lambda _, step: save_contact_sheet(drawer, data, empty, f"together-{step:06d}", run, 1.0),
    )


def find_shipped_denoiser(run: Run) -> denoiser.Denoiser | None:
    """Load the shipped denoiser; None where a run begins with nothing, or with shipped autoencoder and tower alone."""
    if run.from_shipped is None or not (run.from_shipped / "unet").is_dir():
        return None
    return from_shipped.load_shipped_denoiser(run.from_shipped)


def load_begun_denoiser(run: Run) -> Any:
    """Load the denoiser as the stage before left it, or the shipped one where that stage was left out."""
    if not (run.runs / f"{run.recipe.denoiser.name}.pt").is_file() and (shipped := find_shipped_denoiser(run)):
        return shipped.to(run.device)
    return load_average(denoiser.Denoiser(), run.recipe.denoiser.name, run)


def export_weights(run: Run, into: Path = SHIPPED) -> None:
    """Write the averaged weights as the folder that the app loads."""
    plans = [plan for plan in (run.recipe.denoiser, run.recipe.together) if (run.runs / f"{plan.name}.pt").is_file()]
    made = {plan.name: read_progress(plan, run.runs) for plan in plans}
    autoencoder_, looks = load_autoencoder(run), cast(tower.Tower, load_average(tower.Tower(), "tower", run))
    drawer: Any = load_average(Drawer(denoiser.Denoiser(), autoencoder_), run.recipe.together.name, run)
    unet, controlnet = drawer.denoiser.unet, drawer.denoiser.controlnet
    export_pipeline(
        into,
        autoencoder_,
        unet,
        controlnet,
        looks.encoder,
        *read_ip_adapter_states(unet),
        notes={
            f"{name}_{key}": value
            for name, (steps, seconds) in made.items()
            for key, value in (("steps", steps), ("minutes", round(seconds / 60, 1)))
        }
        | {"batch": run.recipe.batch, "pictures": len(run.list_prepared_shards()) * dataset.SHARD},
    )


STAGES: dict[str, Callable[[Run], None]] = {
    "pack": fetch_pack,
    "pictures": draw_pictures,
    "autoencoder": train_autoencoder,
    "tower": train_tower,
    "prepare": prepare_shards,
    "denoiser": train_denoiser,
    "together": train_together,
    "export": export_weights,
}


SHARED = ("autoencoder", "tower", "denoiser", "together")  # stages that several processes do together
