"""Measure pictures: python -m tests.benchmarks.quality measure PICTURES [--drawings D] [--words W] [--like L] ...

measure   CLIP score (Hessel et al. 2021, arXiv:2104.08718: 100 max(0, cosine) of a picture and its words), edge F1
          against drawings of the same names, likeness to a style's pictures, FID (Heusel et al. 2017,
          arXiv:1706.08500) between two folders and the Inception score (inception.py), both by the network that is at
          hand or a file's, which their rows name. What is not asked for is left out.
curves    the same drawings by several samplers, steps and guidance scales: a row each, and their plot beside the noise
          schedules', by the pocket model's weights or SD 1.5's where they are here (quality_curves.py).
schedules a plot of the samplers' noise schedules.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.inception import SPLITS, load_network, score_classes
from tests.benchmarks.quality_curves import MARKS, MODELS, REFERENCE_STEPS, draw_curves
from tests.benchmarks.report import Row, print_rows

Float = NDArray[np.float64]
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
OUR_FEATURES = "EfficientNet-Lite0, 1280 features"
FEW = 2  # pictures of a folder, at least, for a covariance


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = options.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("measure")
    measure.add_argument("pictures", type=Path)
    measure.add_argument("--drawings", type=Path, help="folder of the drawings, by the pictures' names")
    measure.add_argument("--words", type=Path, help="JSON: a picture's name without its ending -> its words")
    measure.add_argument("--clip", type=Path, help="folder of a CLIP that sentence-transformers reads")
    measure.add_argument("--like", type=Path, help="folder of the style's pictures")
    measure.add_argument("--reference", type=Path, help="folder that FID compares with")
    measure.add_argument("--features", type=Path, help="FID's network, a TorchScript file (EfficientNet-Lite0)")
    measure.add_argument("--inception", action="store_true", help="the Inception score")
    measure.add_argument("--classifier", type=Path, help="its network, a TorchScript file (EfficientNet-Lite0)")
    measure.add_argument("--splits", type=int, default=SPLITS, help="of the Inception score")
    measure.add_argument("--json", action="store_true")
    add_curves(commands.add_parser("curves"))
    schedules = commands.add_parser("schedules")
    schedules.add_argument("output", type=Path, help="PNG or SVG file")
    schedules.add_argument("--steps", type=int, default=20)
    return options.parse_args(arguments)


def add_curves(curves: argparse.ArgumentParser) -> None:
    """Add the options of `curves`."""
    curves.add_argument("output", type=Path, help="folder of the plots")
    curves.add_argument("--model", choices=MODELS, default=MODELS[0], help="pocket-diffusion is version 7's")
    curves.add_argument("--samplers", nargs="+", help="the default one, DPM++ 2M")
    curves.add_argument("--steps", type=int, nargs="+", default=[4, 6, 8, 10, 12, 15, 20])
    curves.add_argument(
        "--guidance", type=float, default=2.0, help="of the curves over steps; SD 1.5's usual one is 7.5"
    )
    curves.add_argument("--scales", type=float, nargs="*", default=[], help="guidance scales of the curve over them")
    curves.add_argument("--reference-steps", type=int, default=REFERENCE_STEPS)
    curves.add_argument("--drawings", type=int, default=8, help="examples to draw, at most 8")
    curves.add_argument("--clip", type=Path, help="folder of a CLIP that sentence-transformers reads")
    curves.add_argument("--json", action="store_true")


def main() -> None:
    asked = read_options()
    if asked.command == "curves":
        print_rows(draw_curves(asked), asked.json)
        return
    if asked.command == "schedules":
        plot_schedules(asked.output, asked.steps)
        return
    print_rows(measure_folder(asked), asked.json)


def measure_folder(asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each measure that something was given for. Ends with a message where something is wrong."""
    pictures = read_folder(asked.pictures)
    if asked.words and asked.clip:
        yield {"what": "CLIP score", **score_words(pictures, json.loads(asked.words.read_text("utf-8")), asked.clip)}
    if asked.drawings:
        yield {"what": "edge F1", **score_edges(pictures, read_folder(asked.drawings))}
    if asked.like:
        yield {"what": "style similarity", **score_style(pictures, read_folder(asked.like))}
    if asked.reference:
        yield {"what": "FID", **score_likeness(pictures, read_folder(asked.reference), asked.features)}
    if asked.inception:
        yield {"what": "Inception score", **score_classes(pictures, asked.splits, asked.classifier)}


def read_folder(folder: Path) -> dict[str, Image.Image]:
    """Read the pictures of a folder by their names without the endings. Ends with a message where there is none."""
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in ENDINGS)
    if not files:
        raise SystemExit(f"There is no picture in {folder}; these are read: {', '.join(ENDINGS)}.")
    return {file.stem: Image.open(file).convert("RGB") for file in files}


def score_words(pictures: dict[str, Image.Image], words: dict[str, str], folder: Path) -> Row:
    """Return the mean CLIP score of the pictures that have words, by the retrieval model's own encoder."""
    from pipeline.styles.encoders import ClipEncoder

    names = [name for name in pictures if name in words]
    if not names:
        raise SystemExit("None of the pictures has words.")
    encoder = ClipEncoder(folder, "evaluation")
    seen = np.asarray(encoder.encode_image([pictures[name] for name in names]))
    said = encoder.encode_text([words[name] for name in names])
    scores = 100 * np.maximum(0, (normalise(seen) * normalise(np.asarray(said))).sum(1))
    return {"value": round(float(scores.mean()), 2), "pictures": len(names)}


def normalise(rows: NDArray[Any]) -> Float:
    """Scale each row to length 1."""
    wide = np.asarray(rows, np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12))


def score_edges(pictures: dict[str, Image.Image], drawings: dict[str, Image.Image]) -> Row:
    """Return the mean F1 of pictures' Canny edges and their drawings' lines, near places counting as the same."""
    names = [name for name in pictures if name in drawings]
    if not names:
        raise SystemExit("None of the pictures has a drawing of its name.")
    scores = [compute_edge_f1(pictures[name], drawings[name]) for name in names]
    return {"value": round(float(np.mean(scores)), 3), "pictures": len(names)}


def compute_edge_f1(picture: Image.Image, drawing: Image.Image, tolerance: int = 3) -> float:
    """Return the F1 of a picture's edges against a drawing's lines, at most `tolerance` px apart."""
    import cv2
    from scipy.ndimage import distance_transform_edt

    grey = np.asarray(picture.convert("L"))
    edges = cv2.Canny(grey, 50, 150) > 0
    lines = np.asarray(drawing.convert("L").resize(picture.size)) < 128
    if not edges.any() or not lines.any():
        return 0.0
    precision = float((distance_transform_edt(~lines)[edges] <= tolerance).mean())
    recall = float((distance_transform_edt(~edges)[lines] <= tolerance).mean())
    return 2 * precision * recall / max(precision + recall, 1e-12)


def score_style(pictures: dict[str, Image.Image], style: dict[str, Image.Image]) -> Row:
    """Return the mean cosine of the pictures' numbers in the style network (Ghiasi et al. 2017) to the style's mean."""
    from pipeline.painters.style_network import embed_style_picture

    seen, wanted = (
        np.stack([embed_style_picture(np.asarray(image)) for image in some.values()]) for some in (pictures, style)
    )
    cosines = normalise(seen) @ normalise(wanted.mean(axis=0, keepdims=True))[0]
    return {"value": round(float(cosines.mean()), 4), "pictures": len(pictures)}


def score_likeness(pictures: dict[str, Image.Image], reference: dict[str, Image.Image], file: Path | None) -> Row:
    """Return FID between two folders' pictures, and by which network: that of `file`, or without one the judge's.

    Published figures are by Inception v3; by another network they are other numbers.
    """
    extract = extract_our_features if file is None else partial(extract_features, file=file)
    seen, wanted = extract(pictures), extract(reference)
    by = OUR_FEATURES if file is None else f"{file.name}, {seen.shape[1]} features"
    return {"value": round(compute_fid(seen, wanted), 3), "pictures": [len(seen), len(wanted)], "by": by}


def extract_our_features(pictures: dict[str, Image.Image]) -> Float:
    """Return the (n, 1280) features of pictures by the network of pipeline/pocket/evaluate/judge.py."""
    from pipeline.pocket.evaluate import efficientnet

    shown = [np.asarray(image, np.uint8) for image in pictures.values()]
    return efficientnet.extract_features(load_network(), shown).astype(np.float64)


def extract_features(pictures: dict[str, Image.Image], file: Path) -> Float:
    """Return the (n, d) numbers of pictures by a TorchScript file that gives them for (n, 3, 299, 299) in [0, 1]. Ends
    with a message where it is not there.
    """
    import torch

    if not file.is_file():
        raise SystemExit(f"There is no feature network {file}.")
    network = torch.jit.load(str(file), map_location="cpu").eval()
    rows = []
    with torch.inference_mode():
        for image in pictures.values():
            pixels = np.asarray(image.resize((299, 299), Image.Resampling.BICUBIC), np.float32) / 255
            rows.append(network(torch.from_numpy(pixels).permute(2, 0, 1)[None]).flatten().double().numpy())
    return np.stack(rows)


def compute_fid(seen: Float, wanted: Float) -> float:
    """Return the Frechet distance of two sets of features (n, d): |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))."""
    if min(len(seen), len(wanted)) < FEW:
        raise SystemExit(f"FID needs {FEW} pictures a folder at least; {len(seen)} and {len(wanted)} came.")
    apart = seen.mean(0) - wanted.mean(0)
    first, second = (np.linalg.qr((each - each.mean(0)) / np.sqrt(len(each) - 1), "r") for each in (seen, wanted))
    root = np.linalg.svd(first @ second.T, compute_uv=False).sum()  # of C = R'R: the trace of (C1 C2)^(1/2)
    return float(apart @ apart + (first**2).sum() + (second**2).sum() - 2 * root)


def plot_schedules(output: Path, steps: int) -> None:
    """Plot each sampler's noise levels over its steps, as SD 1.5's schedule gives them; equal ones share a curve."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    alike = dict[tuple[str, ...], list[str]]()  # levels as they are told apart by eye -> the samplers that have them
    schedules = list_schedules(steps)
    for name, levels in schedules.items():
        alike.setdefault(tuple(f"{level:.2g}" for level in levels), []).append(name)
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for number, names in enumerate(alike.values()):
        levels = schedules[names[0]]
        axes.plot(np.arange(len(levels)), levels, label=", ".join(names), marker=MARKS[number % len(MARKS)], ms=4)
    axes.set(xlabel="step", ylabel="noise, sigma", yscale="log", title=f"Noise over {steps} steps")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(output, dpi=110)
    pyplot.close(figure)


def list_schedules(steps: int) -> dict[str, list[float]]:
    """Return each sampler's noise levels, sigma, at the steps that the engine takes with it."""
    import diffusers
    import torch

    from pipeline.engine.diffusers_pipeline import make_sampler_scheduler
    from pipeline.engine.schedules import set_steps
    from pipeline.request.samplers import SAMPLERS

    base = diffusers.PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, skip_prk_steps=True
    )
    found = {}
    for name, sampler in SAMPLERS.items():
        scheduler = make_sampler_scheduler(sampler, base.config)
        set_steps(scheduler, sampler, steps, torch.device("cpu"))
        kept = scheduler.alphas_cumprod.numpy()[np.asarray(scheduler.timesteps).round().astype(int)]
        found[name] = [float(level) for level in np.sqrt((1 - kept) / kept)]
    return found


if __name__ == "__main__":
    main()
