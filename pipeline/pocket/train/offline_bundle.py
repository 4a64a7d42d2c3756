"""Put what a machine without a network needs to train into .gpu/ (53 MB).

`python -m pipeline.pocket.train.offline_bundle` takes the data pack; the shipped autoencoder and image tower; a wheel
of diffusers; and the text tower in fp16 without the words that no caption says, which takes a quarter of the room.
pipeline/pocket/README.md has the commands for there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import BertModel

from pipeline.models.catalog import MINILM
from pipeline.pocket.data.dataset import FOLDER as PICTURES
from pipeline.pocket.data.pack import PACK, Pack, load_pack
from pipeline.pocket.train.prepare import write_full_captions
from pipeline.pocket.train.stages import SHIPPED, STYLES
from pipeline.pocket.train.text import load_text_tower
from pipeline.pocket.train.tower import read_style_words

FOLDER = Path(".gpu")
WHEELS = ("diffusers",)  # what that machine's image lacks
PARTS = ("vae", "image_encoder")  # of the shipped weights; the denoiser begins with nothing


def list_caption_texts(pack: Pack, pictures: Path, styles: Path) -> Iterable[str]:
    """List all that captions may say: of pictures rendered here, of the pack's things, of the styles."""
    for file in sorted(pictures.glob("shard-????/records.json")):
        yield from write_full_captions(json.loads(file.read_text()), styles)
    yield from (thing.name for thing in pack.things)
    for phrases in read_style_words(styles).values():
        yield from phrases


@torch.no_grad()
def zero_unused_words(tower: BertModel, tokenizer: Any, texts: Iterable[str]) -> int:
    """Zero the embeddings of all tokens but those of `texts` and the special ones; return how many are kept."""
    kept = set(tokenizer.all_special_ids)
    for text in texts:
        kept.update(tokenizer(text)["input_ids"])
    words = tower.embeddings.word_embeddings.weight
    words[[number for number in range(len(words)) if number not in kept]] = 0
    return len(kept)


def pack_text(into: Path, texts: Iterable[str]) -> int:
    """Pack the text tower as the package that training looks for, in a folder for PYTHONPATH.

    It is zipped: zeros take no room.
    """
    tokenizer, tower = load_text_tower()
    kept = zero_unused_words(tower, tokenizer, texts)
    home = into / "site" / MINILM.package
    tower.half().save_pretrained(home / MINILM.folder)
    tokenizer.save_pretrained(home / MINILM.folder)
    (home / "__init__.py").touch()
    shutil.make_archive(str(into / "site"), "zip", into / "site")
    shutil.rmtree(into / "site")
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=FOLDER)
    into = parser.parse_args().into
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    shutil.copy(PACK, into)
    for part in PARTS:
        shutil.copytree(SHIPPED / part, into / "shipped" / part)
    print(f"{pack_text(into, list_caption_texts(load_pack(PACK), PICTURES, STYLES)):,} tokens", flush=True)
    for name in WHEELS:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--quiet",
                "--dest",
                str(into),
                f"{name}=={version(name)}",
            ],
            check=True,
        )
    size = sum(file.stat().st_size for file in into.rglob("*") if file.is_file())
    print(f"{into}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
