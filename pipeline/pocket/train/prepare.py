"""Prepare rendered shards for the denoiser: latents, tokens of the captions, style embeddings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from transformers import BertModel

from pipeline.pocket.data.colors import COLORS
from pipeline.pocket.data.dataset import PLAIN
from pipeline.pocket.model import to_pixels
from pipeline.pocket.train.text import encode_tokens
from pipeline.pocket.train.tower import Tower, embed_pictures

STYLE_WORDS_SHARE = (
    0.5  # of styled pictures say their style in the caption: half in the library's template, half in its words
)


def normalise_latents(model: AutoencoderTiny, pictures: NDArray[np.uint8]) -> AutoencoderTiny:
    """Give every latent channel unit deviation by folding its scale into the two convolutions around the latents."""
    latents = torch.from_numpy(encode_pictures(model, pictures).astype(np.float32))
    scale = latents.std((0, 2, 3))
    with torch.no_grad():
        outward, inward = model.encoder.layers[-1], model.decoder.layers[0]
        outward.weight /= scale[:, None, None, None]
        outward.bias /= scale
        inward.weight *= scale[None, :, None, None]
    return model


@torch.inference_mode()
def encode_pictures(model: AutoencoderTiny, pictures: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Encode pictures (N, 256, 256, 3) as latents (N, 24, 16, 16), before the scaling factor."""
    device = next(model.parameters()).device
    made = [
        model.encode(to_pixels(pictures[start : start + 32], device)).latents.half().cpu().numpy()
        for start in range(0, len(pictures), 32)
    ]
    return np.concatenate(made)


def write_full_captions(records: Sequence[dict[str, Any]], styles: Path) -> list[str]:
    """Write the captions, half of the styled ones saying their style; the choice hangs on the caption alone."""
    known = {file.parent.name: json.loads(file.read_text()) for file in styles.glob("*/style.json")}
    captions = []
    for record in records:
        draw = np.random.default_rng(list(hashlib.sha256((record["caption"] + record["look"]).encode()).digest()[:8]))
        style = known.get(record["style"])
        if record["style"] == PLAIN or style is None or draw.random() >= STYLE_WORDS_SHARE:
            captions.append(record["caption"])
        elif draw.random() < 0.5:
            captions.append(style["template"].replace("{prompt}", record["caption"]))
        else:
            captions.append(f"{record['caption']}, {style['words'][draw.integers(len(style['words']))]}")
    return captions


def names_color_or_style(captions: Sequence[str], records: Sequence[dict[str, Any]]) -> NDArray[np.bool_]:
    """Return (N,) whether these full captions say one of the colour words, or the style."""
    return np.array(
        [
            caption != record["caption"] or not COLORS.keys().isdisjoint(re.findall(r"\w+", caption))
            for caption, record in zip(captions, records, strict=True)
        ]
    )


def prepare_tokens(folder: Path, styles: Path, tokenizer: Any, text_tower: BertModel) -> None:
    """Write tokens.npy (N, 32, 384), and bound.npy (N,): whether words tie a picture to its colours or its style."""
    if not all((folder / f"{name}.npy").exists() for name in ("tokens", "bound")):
        records = json.loads((folder / "records.json").read_text())
        captions = write_full_captions(records, styles)
        save_array(folder / "tokens.npy", encode_tokens(captions, tokenizer, text_tower))
        save_array(folder / "bound.npy", names_color_or_style(captions, records))


def prepare_latents(folder: Path, autoencoder: AutoencoderTiny) -> None:
    """Write latents.npy (N, 24, 16, 16)."""
    if not (folder / "latents.npy").exists():
        latents = encode_pictures(autoencoder, np.load(folder / "pictures.npy"))
        save_array(folder / "latents.npy", latents * np.float16(autoencoder.config.scaling_factor))


def prepare_styles(folder: Path, tower: Tower) -> None:
    """Write styles.npy (N, 384)."""
    if not (folder / "styles.npy").exists():
        save_array(folder / "styles.npy", embed_pictures(tower, np.load(folder / "pictures.npy")))


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array whole or not at all."""
    draft = path.with_suffix(".tmp.npy")
    np.save(draft, array)
    draft.replace(path)
