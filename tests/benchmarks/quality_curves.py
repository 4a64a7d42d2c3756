"""Draw the same drawings by several samplers, steps and guidance scales, measure the pictures, and plot it.

The measures are those of quality.py: words (CLIP score), edges (F1), style (cosine to the style's own picture), and
SSIM to the pictures of the default sampler in REFERENCE_STEPS. `curves` of quality.py is the command.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.request.presets import Preset
from pipeline.settings import ROOT
from tests.benchmarks.report import Row, print_progress

MODELS = ("pocket-diffusion", "pocket", "sd15")
REFERENCE_STEPS = 20
MEASURES = {  # of a row -> what its axis says
    "words": "words (100 x cosine)",
    "edge_f1": "edge F1",
    "style": "style similarity",
    "ssim": "SSIM to the reference",
}
MARKS = ("o", "s", "^", "D", "v", "x")
Encode = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Setting:
    """Setting is how a series of pictures is drawn: the points of one curve share their sampler or their steps."""

    sampler: str
    steps: int
    guidance: float

    def make_preset(self) -> Preset:
        numbers = {"num_inference_steps": self.steps, "guidance_scale": self.guidance}
        return Preset(f"{self.sampler} {self.steps}", "", "", numbers, self.sampler)


@dataclass(frozen=True)
class Eye:
    """Eye measures pictures against the requests that they were drawn for; without encoders, not by words."""

    encode_image: Encode | None = None
    encode_text: Encode | None = None

    def measure(self, pictures: Sequence[Any], requests: Sequence[Any], ideal: Sequence[Any]) -> Row:
        """Return the means of MEASURES over pictures (H, W, 3) uint8."""
        from skimage.metrics import structural_similarity

        from tests.benchmarks.quality import compute_edge_f1

        images = [Image.fromarray(picture) for picture in pictures]
        drawings = [Image.fromarray(255 - request.edges.pixels) for request in requests]
        row: Row = {"words": self.score_words(images, requests)} if self.encode_image else {}
        f1 = [compute_edge_f1(*pair) for pair in zip(images, drawings, strict=True)]
        ssim = [structural_similarity(*pair, channel_axis=2) for pair in zip(pictures, ideal, strict=True)]
        return row | {
            "edge_f1": round(float(np.mean(f1)), 4),
            "style": round(score_own_styles(pictures, requests), 4),
            "ssim": round(float(np.mean(ssim)), 4),
            "least_ssim": round(float(min(ssim)), 4),
        }

    def score_words(self, images: Sequence[Image.Image], requests: Sequence[Any]) -> float:
        assert self.encode_image is not None and self.encode_text is not None
        words = [f"{request.prompt.words}, {request.styles.parts[0][0].name}" for request in requests]
        cosines = (np.asarray(self.encode_image(images)) * np.asarray(self.encode_text(words))).sum(1)
        return round(float(100 * np.maximum(0, cosines).mean()), 2)


def score_own_styles(pictures: Sequence[Any], requests: Sequence[Any]) -> float:
    """Return the mean cosine, in the style network, of each picture to its own style's picture."""
    from pipeline.painters.style_network import embed_style_picture
    from tests.benchmarks.quality import normalise

    wanted = [np.asarray(Image.open(request.styles.parts[0][0].image).convert("RGB")) for request in requests]
    seen, meant = (normalise(np.stack([embed_style_picture(each) for each in some])) for some in (pictures, wanted))
    return float((seen * meant).sum(1).mean())


def measure_curves(
    engine: Any, eye: Eye, settings: Sequence[Setting], reference: Setting, drawings: int
) -> Iterator[Row]:
    """Yield a row for each setting: the same drawings, styles and seed in all of them."""
    presets = [setting.make_preset() for setting in settings]
    rows = measure_presets(engine, eye, presets, reference.make_preset(), drawings)
    for setting, row in zip(settings, rows, strict=True):
        yield {"sampler": setting.sampler, "steps": setting.steps, "guidance": setting.guidance} | row


def measure_presets(
    engine: Any, eye: Eye, presets: Iterable[Preset], reference: Preset, drawings: int
) -> Iterator[Row]:
    """Yield the measures of each preset's pictures of the same drawings, and their seconds beside the reference's."""
    from tests.tools.preset_distance import apply_preset, make_example_requests

    targets = list(make_example_requests(engine, reference, seed=0))[:drawings]
    targets = [finish_request(engine, target, number) for number, target in enumerate(targets)]
    ideal, usual = draw_all(engine, targets)
    for preset in presets:
        print_progress(preset.name)
        requests = [apply_preset(preset, engine, target) for target in targets]
        pictures, seconds = draw_all(engine, requests)
        times = {"processor_s": round(seconds, 3), "ratio": round(usual / seconds, 2), "pictures": len(pictures)}
        yield eye.measure(pictures, requests, ideal) | times


def finish_request(engine: Any, request: Any, number: int) -> Any:
    """Give the pocket engine the drawing's own ink, which it paints over; the others draw from the lines alone."""
    import json

    from pipeline.request.presets import get_menu
    from pipeline.sketch.edges import fit_drawing
    from pipeline.sketch.intake import read_strokes
    from tests.tools.preset_distance import EXAMPLES

    if not get_menu(request.engine).inks_drawing:
        return request
    about = json.loads(EXAMPLES[number].read_text(encoding="utf-8"))
    sketch = read_strokes(json.dumps(about["canvas"]) if "canvas" in about else EXAMPLES[number].read_text("utf-8"))
    return replace(request, colours=fit_drawing(sketch, engine.profile.size))


def draw_all(engine: Any, requests: Iterable[Any]) -> tuple[list[Any], float]:
    """Draw the requests; return the pictures and the median of the processor's seconds for one."""
    pictures, seconds = [], []
    for request in requests:
        since = time.process_time()
        pictures.append(np.asarray(engine.draw(request).images[0]))
        seconds.append(time.process_time() - since)
    return pictures, float(np.median(seconds))


def list_settings(asked: argparse.Namespace, sampler: str) -> list[Setting]:
    """List what to draw: each sampler at each number of steps, then each guidance scale at REFERENCE_STEPS."""
    by_steps = [Setting(each, steps, asked.guidance) for each in asked.samplers or [sampler] for steps in asked.steps]
    return [*by_steps, *(Setting(sampler, asked.reference_steps, scale) for scale in asked.scales)]


def load_model(asked: argparse.Namespace, room: Path) -> tuple[Any, Eye]:
    """Load the model that is asked for, and what reads its words and pictures."""
    if asked.model == "sd15":
        from pipeline.engine.engine import Engine
        from pipeline.models.catalog import SD15
        from pipeline.settings import read_settings

        return Engine.load(SD15, folder=read_settings([], os.environ).sd15), make_eye(asked.clip)
    if asked.model == "pocket":
        from pipeline.engine.pocket_engine import PocketEngine
        from pipeline.models.catalog import POCKET

        return PocketEngine.load(POCKET), make_eye(asked.clip, pocket=True)
    from tests.tools.pocket_diffusion import load_pocket_diffusion

    return load_pocket_diffusion(room), make_eye(asked.clip, pocket=True)


def make_eye(clip: Path | None, *, pocket: bool = False) -> Eye:
    """Return the measures: words by the CLIP in `clip`, or for a pocket model by the encoder shipped with it."""
    from pipeline.styles.encoders import ClipEncoder, Encoder, PocketEncoder

    if clip is None and not pocket:
        print_progress("No CLIP is given (--clip): words are left out.")
        return Eye()
    home = ROOT / "assets" / "pocket" / "image_encoder"
    encoder: Encoder = PocketEncoder(home) if clip is None else ClipEncoder(clip, "evaluation")
    return Eye(encoder.encode_image, encoder.encode_text)


def draw_curves(asked: argparse.Namespace) -> Iterator[Row]:
    """Draw, measure, and write both plots into the folder that is asked for."""
    from tests.benchmarks.quality import plot_schedules

    with tempfile.TemporaryDirectory(prefix="croquis-curves-") as room:
        engine, eye = load_model(asked, Path(room))
        sampler = "MaskGIT" if asked.model == "pocket" else "DPM++ 2M"
        reference = Setting(sampler, asked.reference_steps, asked.guidance)
        rows = []
        for row in measure_curves(engine, eye, list_settings(asked, sampler), reference, asked.drawings):
            rows.append(row)
            yield row
    asked.output.mkdir(parents=True, exist_ok=True)
    plot_curves(rows, asked.output / "quality.png", len(asked.scales), asked.model, reference)
    if asked.model != "pocket":
        plot_schedules(asked.output / "schedules.png", asked.reference_steps)


def plot_curves(rows: Sequence[Row], output: Path, scales: int, model: str, reference: Setting) -> None:
    """Plot each measure against the steps, a curve a sampler, and under it against guidance: the last `scales` rows.

    Both plots of a measure share its axis, so that what looks alike is alike.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    measures = [name for name in MEASURES if name in rows[0]]
    by_steps, by_guidance = rows[: len(rows) - scales], rows[len(rows) - scales :]
    lines = 1 + bool(by_guidance)
    figure, grid = pyplot.subplots(
        lines,
        len(measures),
        figsize=(3.1 * len(measures), 3.2 * lines),
        squeeze=False,
        sharey="col",
        layout="constrained",
    )
    for name, axes in zip(measures, grid[0], strict=True):
        plot_by_steps(axes, by_steps, name)
        axes.set(title=MEASURES[name], xlabel="steps")
    for name, axes in zip(measures, grid[1] if by_guidance else (), strict=False):
        axes.plot([row["guidance"] for row in by_guidance], [row[name] for row in by_guidance], marker="o", ms=4)
        axes.set(xlabel=f"guidance scale, {by_guidance[0]['steps']} steps")
    for axes in grid.flat:
        axes.grid(alpha=0.3)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    drawn = f"{model}: {rows[0]['pictures']} drawings, one seed; by steps at guidance {by_steps[0]['guidance']:g}"
    figure.suptitle(
        f"{drawn}\nreference: {reference.sampler}, {reference.steps} steps, guidance {reference.guidance:g}", size=10
    )
    figure.savefig(output, dpi=110)
    pyplot.close(figure)


def plot_by_steps(axes: Any, rows: Sequence[Row], measure: str) -> None:
    """Plot a measure's curves, each with its own mark and thinner than the one below, so that equal ones are seen."""
    samplers = list(dict.fromkeys(row["sampler"] for row in rows))
    for number, sampler in enumerate(samplers):
        own = [row for row in rows if row["sampler"] == sampler]
        look = {"marker": MARKS[number % len(MARKS)], "ms": 4, "lw": 1 + 1.2 * (len(samplers) - 1 - number)}
        axes.plot([row["steps"] for row in own], [row[measure] for row in own], label=sampler, **look)
    axes.set_xticks(sorted({row["steps"] for row in rows}))
