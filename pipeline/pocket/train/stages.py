"""Run the stages of training, each of which leaves its result on disk."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from pipeline.pocket.data import dataset, pack
from pipeline.pocket.train import (
    colour_data,
    enclosed_ground,
    export,
    palette_table,
    region_colours,
    region_lessons,
    text,
    tower,
    word_regions,
)
from pipeline.pocket.train.loop import RUNS, Plan, read_progress
from pipeline.styles.sentences import encode_sentences

STYLES = Path("styles")
SHIPPED = Path("assets/pocket")
COLOURS = Plan("regions", 150, 1.5e-3, warm_up=100, ema=0.998, save_every=120)
TOWER = Plan("tower", 6, 1e-3, weight_decay=0.05)
LESSON_SHARDS = 30  # of a thousand lessons
PICTURE_SHARDS = 48  # of 500 pictures


@dataclass(frozen=True)
class Run:
    """Run is where one training run reads and writes, and how long it is."""

    times: float = 1.0  # longer or shorter than the plans
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - frozen
    runs: Path = RUNS
    pictures: Path = dataset.FOLDER
    lessons: Path = region_lessons.LESSONS

    @property
    def colourist(self) -> Path:
        """Return the folder of the region colours' run."""
        return self.runs / "colourist"

    @property
    def palettes(self) -> Path:
        """Return the file of the palettes."""
        return self.lessons.parent / palette_table.TABLE.name

    @property
    def layouts(self) -> Path:
        """Return the file of where things have the colours of their palettes."""
        return self.lessons.parent / palette_table.LAYOUTS.name

    @property
    def enclosed(self) -> Path:
        """Return the file of what tells ground that lines enclose."""
        return self.lessons.parent / enclosed_ground.FITTED.name

    @property
    def word_regions(self) -> Path:
        """Return the file of what tells which regions a colour word means."""
        return self.lessons.parent / word_regions.FITTED.name

    def scale(self, plan: Plan) -> Plan:
        """Return the plan with this run's share of its minutes."""
        return replace(plan, minutes=plan.minutes * self.times)

    def count_shards(self, planned: int) -> int:
        """Return how many shards are made of so many planned: two at least, more for no run."""
        return max(2, round(planned * min(1.0, self.times)))

    def list_shards(self) -> list[Path]:
        """List the finished shards of pictures, in order."""
        return sorted(self.pictures.glob("shard-????"))


def make_lessons(run: Run) -> None:
    colour_data.make_colour_data(run.count_shards(LESSON_SHARDS))


def train_colours(run: Run) -> None:
    region_colours.run(run.scale(COLOURS), run.lessons, run.colourist)


def fit_enclosed_ground(run: Run) -> None:
    weights, pack = run.colourist / "regions.safetensors", run.lessons.parent / "pack"
    enclosed_ground.run(weights, run.palettes, pack, run.enclosed, run.count_shards(enclosed_ground.LESSONS))


def fit_word_regions(run: Run) -> None:
    weights, pack = run.colourist / "regions.safetensors", run.lessons.parent / "pack"
    word_regions.run(weights, run.palettes, pack, run.word_regions, run.count_shards(word_regions.CASES))


def fetch_pack(run: Run) -> None:
    if not pack.PACK.is_file():
        pack.build_pack()


def draw_pictures(run: Run) -> None:
    from pipeline.painters import RENDERERS

    count = run.count_shards(PICTURE_SHARDS)
    dataset.render_shards(run.pictures, 1, 0, count, tuple(RENDERERS), multiprocessing.cpu_count())


def train_tower(run: Run) -> None:
    tokenizer, words = text.load_text_tower()
    vectors = {
        style: encode_sentences(phrases, tokenizer, words) for style, phrases in tower.read_style_words(STYLES).items()
    }
    model = tower.Tower().to(run.device)
    tower.train_tower(model, tower.load_looks(run.list_shards(), vectors), run.scale(TOWER), run.runs)


def export_weights(run: Run, into: Path = SHIPPED) -> None:
    """Write the averaged weights of what was trained into the folder that the program loads; the rest stays there."""
    made = {}
    with export.replace_folder(into) as draft:
        if (run.colourist / "regions.safetensors").is_file():
            weights = run.colourist / "regions.safetensors"
            files = run.palettes, run.layouts, run.enclosed, run.word_regions
            export.write_colourist(weights, *files, draft / "colourist")
            made[COLOURS.name] = read_progress(COLOURS, run.colourist)
        if (run.runs / f"{TOWER.name}.pt").is_file():
            export.write_image_encoder(load_tower(run).encoder, draft)
            made[TOWER.name] = read_progress(TOWER, run.runs)
        notes = {f"{name}_{key}": value for name, spent in made.items() for key, value in describe_progress(*spent)}
        export.write_manifest(draft, notes)


def load_tower(run: Run) -> tower.Tower:
    """Load the tower's averaged weights."""
    model = tower.Tower()
    state = torch.load(run.runs / f"{TOWER.name}.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state["ema"])
    return model.eval()


def describe_progress(steps: int, seconds: float) -> tuple[tuple[str, float], ...]:
    return ("steps", steps), ("minutes", round(seconds / 60, 1))


STAGES: dict[str, Callable[[Run], None]] = {
    "lessons": make_lessons,
    "colours": train_colours,
    "enclosed": fit_enclosed_ground,
    "words": fit_word_regions,
    "pack": fetch_pack,
    "pictures": draw_pictures,
    "tower": train_tower,
    "export": export_weights,
}
