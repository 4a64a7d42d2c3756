"""Train the pocket model from nothing, or go on where a run was stopped.

    python -m pipeline.pocket.train                      # everything, by the plan for this machine
    python -m pipeline.pocket.train --stage denoiser     # one stage
    python -m pipeline.pocket.train --from-shipped       # go on from assets/pocket: its autoencoder and tower stay
    python -m pipeline.pocket.train --minutes-times 0.01 # a dry run of all stages; --plan cuda: of a GPU's
    torchrun --nproc-per-node 2 -m pipeline.pocket.train # the same by two processes: on two cores 1.5 times as fast

Stages: pack (fetch), pictures (render), autoencoder, tower, prepare, denoiser, together, export. Each leaves
its result in `data/` or `runs/`, both ignored by git, and is skipped or resumed when it finds it. The same code and
plan run on CPU and CUDA (bf16 where that is faster); logs are JSON lines in runs/<part>.jsonl, contact sheets
runs/sheet-<part>-<step>.png.
"""

from __future__ import annotations

import argparse
import dataclasses
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
from pipeline.pocket.train import autoencoder, denoiser, parallel, prepare, text, tower
from pipeline.pocket.train import from_shipped as warm
from pipeline.pocket.train import together as finish
from pipeline.pocket.train.adversary import Adversary, StyledCritic
from pipeline.pocket.train.export import export_pipeline, ip_adapter_states
from pipeline.pocket.train.loop import RUNS, Plan, read_progress
from pipeline.pocket.train.palettes import Palettes
from pipeline.pocket.train.together import LEARNT, Drawer, Pages

STYLES = Path("styles")
SHIPPED = Path("assets/pocket")
PREPARED = ("latents", "tokens", "bound", "styles")


@dataclass(frozen=True)
class Recipe:
    """How much of everything."""

    shards: int  # of 500 pictures
    rough: Plan  # autoencoder on 32 px crops
    fine: Plan  # autoencoder on 64 px crops, latents evened out
    tower: Plan
    denoiser: Plan  # by squared error
    together: Plan  # both, judged by the pixels
    batch: int  # of all processes together
    shown: int  # of a batch are decoded and judged while both learn together
    compiled: bool = False  # by torch.compile


CPU = Recipe(
    shards=48,
    rough=Plan("autoencoder", 10, 2.5e-3, weight_decay=0),
    fine=Plan("autoencoder-fine", 30, 1.5e-3, weight_decay=0),
    tower=Plan("tower", 6, 1e-3, weight_decay=0.05),
    denoiser=Plan("denoiser", 80, 1e-3, warm_up=200, ema=0.998, save_every=420),
    together=Plan("together", 60, 4e-4, warm_up=50, ema=0.997, save_every=300),
    batch=16,
    shown=16,
)
CUDA = Recipe(
    shards=120,
    rough=dataclasses.replace(CPU.rough, minutes=1.5),
    fine=dataclasses.replace(CPU.fine, minutes=2),
    tower=dataclasses.replace(CPU.tower, minutes=1),
    denoiser=dataclasses.replace(CPU.denoiser, minutes=9, warm_up=500, ema=0.9995, save_every=120),
    together=dataclasses.replace(CPU.together, minutes=7, warm_up=200, ema=0.9995, save_every=120),
    batch=256,
    shown=64,
    compiled=True,
)
PLANS = {"cpu": CPU, "cuda": CUDA}


@dataclass(frozen=True)
class Workshop:
    """Where a run reads and writes."""

    recipe: Recipe
    device: torch.device
    runs: Path = RUNS
    pictures: Path = dataset.FOLDER
    from_shipped: Path | None = None  # weights as they are shipped to begin with

    def shards(self) -> list[Path]:
        return sorted(self.pictures.glob("shard-????"))

    def prepared(self) -> list[Path]:
        """Shards with all that the denoiser reads."""
        return [folder for folder in self.shards() if all((folder / f"{name}.npy").exists() for name in PREPARED)]


def fetch(shop: Workshop) -> None:
    if not pack.PACK.is_file():
        pack.build_pack()


def draw_pictures(shop: Workshop) -> None:
    from pipeline.painters import RENDERERS

    dataset.render_shards(shop.pictures, 1, 0, shop.recipe.shards, tuple(RENDERERS), multiprocessing.cpu_count())


def all_pictures(shop: Workshop) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.concatenate([np.load(folder / "pictures.npy") for folder in shop.shards()])


def train_autoencoder(shop: Workshop) -> None:
    if shop.from_shipped:
        return None if parallel.rank() else warm.unpack_shipped(shop.from_shipped, shop.runs)
    pictures = all_pictures(shop)
    model = make_autoencoder().to(shop.device, memory_format=torch.channels_last)
    if not (shop.runs / f"{shop.recipe.fine.name}.pt").exists():
        autoencoder.train_autoencoder(model, pictures, shop.recipe.rough, shop.runs, crop=32, seed=parallel.seed(0))
        prepare.even_out(model.cpu(), pictures[:512]).to(shop.device, memory_format=torch.channels_last)
    autoencoder.train_autoencoder(model, pictures, shop.recipe.fine, shop.runs, crop=64, seed=parallel.seed(1))
    latents = prepare.encode_pictures(model, pictures[:512]).astype(np.float32)
    model.register_to_config(scaling_factor=round(1 / float(latents.std()), 4))
    if not parallel.rank():
        model.save_pretrained(shop.runs / "autoencoder")
    return None


def train_tower(shop: Workshop) -> None:
    if shop.from_shipped:
        return
    tokenizer, words = text.load_text_tower()
    vectors = {
        style: text.encode_sentences(phrases, tokenizer, words) for style, phrases in tower.style_words(STYLES).items()
    }
    model = tower.Tower().to(shop.device)
    tower.train_tower(model, tower.load_looks(shop.shards(), vectors), shop.recipe.tower, shop.runs)
    return


def load_average(model: nn.Module, name: str, shop: Workshop) -> nn.Module:
    state = torch.load(shop.runs / f"{name}.pt", map_location=shop.device, weights_only=True)
    model.load_state_dict(state["ema"])
    return model.to(shop.device).eval()


def load_autoencoder(shop: Workshop) -> Any:
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(shop.runs / "autoencoder").to(shop.device).eval()


def prepare_shards(shop: Workshop) -> None:
    tokenizer, words = text.load_text_tower(shop.device)
    encoder, looks = load_autoencoder(shop), load_average(tower.Tower(), "tower", shop)
    for folder in shop.shards():
        prepare.prepare_tokens(folder, STYLES, tokenizer, words)
        prepare.prepare_latents(folder, encoder)
        prepare.prepare_styles(folder, looks)  # type: ignore[arg-type]


def embed_references(shop: Workshop) -> dict[str, Any]:
    """Style id -> embedding of the library's reference, sized as the app sizes it."""
    files = sorted(STYLES.glob("*/reference.webp"))
    side = (TOWER_SIDE, TOWER_SIDE)
    pictures = [np.asarray(Image.open(file).convert("RGB").resize(side, Image.Resampling.BICUBIC)) for file in files]
    looks: Any = load_average(tower.Tower(), "tower", shop)
    return dict(zip((file.parent.name for file in files), tower.embed_pictures(looks, np.stack(pictures)), strict=True))


def load_lessons(shop: Workshop, folders: Sequence[Path]) -> tuple[denoiser.Prepared, Tensor]:
    """What the denoiser is trained on, and the tokens (32, 384) of no words, on the device."""
    tokenizer, words = text.load_text_tower()
    empty = text.encode_tokens([""], tokenizer, words)[0].astype(np.float32)
    return (
        denoiser.load_prepared(folders, embed_references(shop), shop.device),
        torch.from_numpy(empty).to(shop.device),
    )


def quickened(model: nn.Module, shop: Workshop) -> None:
    """Compile it in place where the plan says so. What cannot be compiled runs as it is: nobody may be there to see."""
    if shop.recipe.compiled:
        torch._dynamo.config.suppress_errors = True
        model.compile()


def train_denoiser(shop: Workshop) -> None:
    data, empty = load_lessons(shop, shop.prepared())
    print(f"{len(data.looks)} pictures in {len(np.unique(data.looks))} looks", flush=True)
    model = shipped_denoiser(shop) or denoiser.Denoiser()
    model.to(device=shop.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    quickened(model, shop)
    drawer = Drawer(model, load_autoencoder(shop))
    denoiser.train_denoiser(
        model,
        data,
        empty,
        shop.recipe.denoiser,
        shop.runs,
        size=parallel.share(shop.recipe.batch),
        seed=parallel.seed(len(data.looks)),
        on_save=lambda _, step: contact_sheet(drawer, data, empty, f"denoiser-{step:06d}", shop, LEARNT),
    )


@torch.inference_mode()
def contact_sheet(
    drawer: Drawer, data: denoiser.Prepared, empty: Tensor, name: str, shop: Workshop, guidance: float, count: int = 16
) -> None:
    """Rows of (drawing, drawn, its original) for fixed training captions: a look at how far it is."""
    hint = denoiser.unpack_hint(data.edges[:count, 0])
    made = denoiser.sample(
        drawer.denoiser, data.tokens[:count].float(), data.styles[:count].float(), hint, empty, guidance=guidance
    )
    true = data.latents[:count].float()
    drawn, original = (drawer.decode(one).clamp(-1, 1) / 2 + 0.5 for one in (made, true))
    cells = torch.cat([hint, drawn, original], 3).mul(255).byte().permute(0, 2, 3, 1).cpu().numpy()
    columns = [np.concatenate(list(cells[i::4])) for i in range(4)]
    Image.fromarray(np.concatenate(columns, 1)).save(shop.runs / f"sheet-{name}.png")


def train_together(shop: Workshop) -> None:
    folders = shop.prepared()
    data, empty = load_lessons(shop, folders)
    pages, vae = Pages(folders), load_autoencoder(shop)
    drawer = Drawer(begun_denoiser(shop), vae)
    drawer.to(device=shop.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    quickened(drawer.denoiser, shop)
    critic = Adversary(StyledCritic(), shop.runs / "styled-critic.pt", shop.device)
    looks = cast(tower.Tower, load_average(tower.Tower(), "tower", shop))
    palettes = Palettes(data, pages, vae, looks, empty)
    finish.train_together(
        drawer,
        data,
        pages,
        palettes,
        empty,
        shop.recipe.together,
        shop.runs,
        critic,
        size=parallel.share(shop.recipe.batch),
        shown=parallel.share(shop.recipe.shown),
        seed=parallel.seed(len(data.looks)),
        on_save=lambda _, step: contact_sheet(drawer, data, empty, f"together-{step:06d}", shop, 1.0),
    )


def shipped_denoiser(shop: Workshop) -> denoiser.Denoiser | None:
    """None where a run begins with nothing, or with a shipped autoencoder and tower alone."""
    if shop.from_shipped is None or not (shop.from_shipped / "unet").is_dir():
        return None
    return warm.load_shipped_denoiser(shop.from_shipped)


def begun_denoiser(shop: Workshop) -> Any:
    """As the stage before left it, or the shipped one where that stage was left out."""
    if not (shop.runs / f"{shop.recipe.denoiser.name}.pt").is_file() and (shipped := shipped_denoiser(shop)):
        return shipped.to(shop.device)
    return load_average(denoiser.Denoiser(), shop.recipe.denoiser.name, shop)


def export(shop: Workshop, into: Path = SHIPPED) -> None:
    """Write the averaged weights as the folder that the app loads."""
    plans = [plan for plan in (shop.recipe.denoiser, shop.recipe.together) if (shop.runs / f"{plan.name}.pt").is_file()]
    made = {plan.name: read_progress(plan, shop.runs) for plan in plans}
    autoencoder_, looks = load_autoencoder(shop), cast(tower.Tower, load_average(tower.Tower(), "tower", shop))
    drawer: Any = load_average(Drawer(denoiser.Denoiser(), autoencoder_), shop.recipe.together.name, shop)
    unet, controlnet = drawer.denoiser.unet, drawer.denoiser.controlnet
    export_pipeline(
        into,
        autoencoder_,
        unet,
        controlnet,
        looks.encoder,
        *ip_adapter_states(unet),
        notes={
            f"{name}_{key}": value
            for name, (steps, seconds) in made.items()
            for key, value in (("steps", steps), ("minutes", round(seconds / 60, 1)))
        }
        | {"batch": shop.recipe.batch, "pictures": len(shop.prepared()) * dataset.SHARD},
    )


STAGES: dict[str, Callable[[Workshop], None]] = {
    "pack": fetch,
    "pictures": draw_pictures,
    "autoencoder": train_autoencoder,
    "tower": train_tower,
    "prepare": prepare_shards,
    "denoiser": train_denoiser,
    "together": train_together,
    "export": export,
}
SHARED = ("autoencoder", "tower", "denoiser", "together")  # stages that several processes do together


def scaled(recipe: Recipe, times: float) -> Recipe:
    plans = {
        field.name: value
        for field in dataclasses.fields(recipe)
        if isinstance(value := getattr(recipe, field.name), Plan)
    }
    changes: dict[str, Any] = {
        name: dataclasses.replace(plan, minutes=plan.minutes * times) for name, plan in plans.items()
    }
    return dataclasses.replace(recipe, shards=max(2, round(recipe.shards * min(1.0, times))), **changes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=[*STAGES, "all"], default="all")
    parser.add_argument(
        "--from-shipped",
        type=Path,
        nargs="?",
        const=SHIPPED,
        metavar="FOLDER",
        help=f"go on from weights as they are shipped, in {SHIPPED} or elsewhere; where the folder "
        "holds autoencoder and image tower alone, the rest begins with nothing",
    )
    parser.add_argument("--minutes-times", type=float, default=1.0, help="longer or shorter than the plan")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--plan", choices=PLANS, help="for this device; another one's, to try it")
    chosen = parser.parse_args()
    parallel.begin()
    torch.manual_seed(0)
    shop = Workshop(
        scaled(PLANS[chosen.plan or chosen.device], chosen.minutes_times),
        torch.device(chosen.device),
        from_shipped=chosen.from_shipped,
    )
    for name, stage in STAGES.items():
        if chosen.stage in (name, "all"):
            if name in SHARED or not parallel.rank():
                print(name, flush=True)
                stage(shop)
            parallel.wait()
    parallel.end()


if __name__ == "__main__":
    main()
