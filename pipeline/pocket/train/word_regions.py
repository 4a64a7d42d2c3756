"""Fit what tells which regions a colour word means, on drawings whose parts are known.

    python -m pipeline.pocket.train.word_regions [--weights assets/pocket/colourist/region_colours.safetensors]

It goes with one network's weights: train, fit, then export. On two cores it takes half an hour.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import WIDTH as PHRASE
from pipeline.colours.palette import load_palettes
from pipeline.colours.region_features import read_features
from pipeline.colours.region_network import load_region_colours
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import FirstLook
from pipeline.colours.said import hear_said_colours, measure_follow
from pipeline.colours.word_regions import (
    EVIDENCE,
    FOLLOW,
    KINDS,
    UNITS,
    WordRegions,
    gather_evidence,
    save_word_regions,
)
from pipeline.colours.words import encode_words, join_palettes
from pipeline.pocket.data.vector_pack import FOLDER, load_vector_pack
from pipeline.pocket.data.word_cases import WordCase, WordCases
from pipeline.pocket.train.fitting import read_fitting
from pipeline.pocket.train.text import load_text_tower
from pipeline.styles.sentences import encode_sentences

FITTED = FOLDER / "word_regions.npz"
CASES = 6000  # drawings that it is fitted on
MOSTLY, HARDLY = 0.6, 0.2  # share of a region that a word means, for it to be meant; for it to be another's
SIZE, MOST_SIZE = 40.0, 1.5  # a region counts by the root of its area over this, at most so much
ROUNDS, BATCH, RATE, DECAY = 10, 16, 3e-3, 3e-2
DROPPED = 0.2  # of the evidence, the units and the phrases, each time

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WordLesson:
    """WordLesson is what is known of the inner regions of one drawing."""

    follow: Float  # (words, n)
    phrases: Float  # (words, PHRASE)
    evidence: Float  # (n, EVIDENCE)
    meant: NDArray[np.int64]  # (n,) the word that means each; words where none does
    weights: Float  # (n,) 0 where it is not clear


class LessonReader:
    """LessonReader asks the network what it thinks of drawings."""

    def __init__(self, weights: Path, table: Path) -> None:
        self._network, self._table = load_region_colours(weights), load_palettes(table)
        self._tokenizer, self._tower = load_text_tower()
        self._codes = to_oklab(self._network.codes.numpy())

    @torch.inference_mode()
    def read(self, case: WordCase) -> WordLesson | None:
        """Read a drawing; None where it has fewer than two inner regions or a word of it is not heard."""
        regions = find_regions(case.lines)
        seen = read_features(case.lines, regions)
        inner, known = ~seen.outside, self._table.find(case.prompt)

        def encode(words: str) -> Tensor:
            return join_palettes(encode_words(words, self._tokenizer, self._tower), known)

        said = hear_said_colours(case.prompt, encode, self._encode_sentences)
        if inner.sum() < 2 or said is None or len(said.colours) != len(case.wanted):
            return None
        first = FirstLook.take(self._network, seen, torch.cat([encode(case.prompt), said.tokens]), 1.0)
        chances, *changed = first.chances[:, : len(inner)]
        follow = [
            measure_follow(chances, other, one, self._codes) for one, other in zip(said.colours, changed, strict=True)
        ]
        evidence = gather_evidence(first.minds[0, : len(inner)].numpy(), regions, seen)
        meant, clear = name_regions(regions, seen.numbers, [where for _, where in case.wanted])
        areas = np.bincount(regions.ravel())[seen.numbers]
        weights = np.minimum(np.sqrt(areas) / SIZE, MOST_SIZE) * clear
        return WordLesson(
            torch.stack(follow).numpy()[:, inner],
            said.phrases,
            evidence[inner],
            meant[inner],
            weights[inner].astype(np.float32),
        )

    def _encode_sentences(self, texts: Sequence[str]) -> Float:
        return encode_sentences(texts, self._tokenizer, self._tower)


def name_regions(
    regions: NDArray[np.int32], numbers: NDArray[np.int32], places: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which of the places each region lies in, (n,), len(places) for none, and whether that is clear, (n,)."""
    areas = np.maximum(np.bincount(regions.ravel()), 1)
    shares = np.stack([np.bincount(regions.ravel(), place.ravel(), len(areas)) / areas for place in places])[:, numbers]
    most = shares.max(0)
    return np.where(most > MOSTLY, shares.argmax(0), len(places)), (most > MOSTLY) | (most <= HARDLY)


def read_lessons(weights: Path, table: Path, pack: Path, numbers: Sequence[int]) -> list[WordLesson]:
    """Make and read the drawings of these numbers, those that fail left out."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    reader, cases = LessonReader(weights, table), WordCases(load_vector_pack(pack))
    made = (cases.make(np.random.default_rng([77, number])) for number in numbers)
    return [lesson for case in made if case is not None and (lesson := reader.read(case)) is not None]


class Weighing(nn.Module):
    """Weighing is WordRegions while it is fitted."""

    def __init__(self) -> None:
        super().__init__()
        self.units, self.forms, self.meanings = (
            nn.Linear(EVIDENCE, UNITS),
            nn.Linear(UNITS, KINDS),
            nn.Linear(PHRASE, KINDS),
        )
        nn.init.normal_(self.meanings.weight, 0, 0.15 * (PHRASE / KINDS) ** 0.5)
        nn.init.normal_(self.forms.weight, 0, 0.05)
        self.follows, self.bias = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.0))
        self.drop = nn.Dropout(DROPPED)

    def forward(self, follow: Tensor, phrases: Tensor, scaled: Tensor) -> Tensor:
        """Return the logits of each region, (n, words + 1)."""
        forms = self.forms(self.drop(torch.relu(self.units(self.drop(scaled)))))
        meant = self.meanings(self.drop(phrases)) @ forms.T + self.follows * follow.clamp(*FOLLOW) + self.bias
        return torch.cat([meant, torch.zeros(1, len(scaled))]).T


def fit(lessons: Sequence[WordLesson]) -> WordRegions:
    """Fit to lessons by cross entropy, each region with its weight; the same in each run."""
    torch.manual_seed(0)
    every = np.concatenate([one.evidence for one in lessons])
    middle, spread = every.mean(0), every.std(0) + 1e-2
    given = [
        [
            torch.from_numpy(one)
            for one in (lesson.follow, lesson.phrases, (lesson.evidence - middle) / spread, lesson.weights)
        ]
        for lesson in lessons
    ]
    meant = [torch.from_numpy(lesson.meant) for lesson in lessons]
    model = Weighing()
    descend(model, given, meant)
    with torch.no_grad():
        units = model.units.weight.numpy() / spread
        thresholds = units @ middle - model.units.bias.numpy()
    arrays = {
        **{"units": units, "thresholds": thresholds, "forms": model.forms.weight, "form_bias": model.forms.bias},
        **{"meanings": model.meanings.weight, "meaning_bias": model.meanings.bias},
        **{"follows": model.follows, "bias": model.bias},
    }
    return WordRegions(**{name: np.asarray(torch.as_tensor(one).detach(), np.float32) for name, one in arrays.items()})


def descend(model: Weighing, given: Sequence[Sequence[Tensor]], meant: Sequence[Tensor]) -> None:
    """Train on all lessons so many times over, by a rate that rises and falls."""
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    steps = ROUNDS * -(-len(given) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(ROUNDS):
        for batch in torch.randperm(len(given)).split(BATCH):  # type: ignore[no-untyped-call]
            losses = []
            for number in batch.tolist():
                *asked, weights = given[number]
                errors = nn.functional.cross_entropy(model(*asked), meant[number], reduction="none")
                losses.append((errors * weights).sum())
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()


def run(
    weights: Path, table: Path, pack: Path, file: Path = FITTED, cases: int = CASES, workers: int = 2
) -> WordRegions:
    """Fit on drawings for the network of `weights`, and write what was fitted."""
    shares = [share.tolist() for share in np.array_split(np.arange(cases), workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        lessons = [one for share in pool.map(partial(read_lessons, weights, table, pack), shares) for one in share]
    meant = fit(lessons)
    save_word_regions(meant, file)
    return meant


def main() -> None:
    asked = read_fitting(__doc__, FITTED, CASES)
    run(asked.weights, asked.palettes, asked.pack, asked.file, asked.count)


if __name__ == "__main__":
    main()
