"""Propose colours for a drawing: for each region one, in a few rounds, and soft ones for what lies around.

Colours are drawn at random by the network's chances, the surest first, so that later regions know the earlier ones
(MaskGIT, Chang et al. 2022); words act by classifier-free guidance (Ho and Salimans 2022). All regions share one draw
of Gumbel noise (the Gumbel-max trick): each has its own chances, but regions of like chances, such as petals, window
panes and the parts of a wall, get one colour. Where a thing's palette is known several draws are made at once, and the
best is kept (tries.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.behind import lean_on_pale_grounds
from pipeline.colours.enclosed import SURE, EnclosedGround, set_apart
from pipeline.colours.layouts import expect_colours
from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import Palette
from pipeline.colours.region_features import RegionFeatures, read_features
from pipeline.colours.region_network import CODES, GROUNDS, RegionColours
from pipeline.colours.regions import SIDE, find_regions, shrink_lines
from pipeline.colours.rounds import (
    ALIKE,
    KNOWN_ALIKE,
    KNOWN_PUSH,
    PUSH,
    FirstLook,
    Groups,
    Question,
    State,
    Taste,
    draw_codes,
    draw_tastes,
    push_apart,
)
from pipeline.colours.said import Said, free_regions, hold_regions, measure_follow
from pipeline.colours.surroundings import paint_surroundings
from pipeline.colours.tones import tell_apart
from pipeline.colours.tries import Judge, count_tries
from pipeline.colours.usual import Usual
from pipeline.colours.word_regions import WordRegions, gather_evidence, share_regions
from pipeline.errors import IsCancelled, raise_if_cancelled
from pipeline.values import PaintedColours

STEPS, GUIDANCE = 4, 2.0  # defaults
PAINTED = 0.1  # share of a region that the person painted at least, for its colour to be given

Float = NDArray[np.float32]
OnStep = Callable[[int, int, NDArray[np.uint8]], None]


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposal is what colour each place of a drawing may have, stretched over all of it."""

    colours: NDArray[np.uint8]  # (SIDE, SIDE, 3) RGB; soft where a region runs off the picture
    regions: NDArray[np.int32]  # (SIDE, SIDE), the regions' numbers from 1


@torch.inference_mode()
def propose_colours(
    network: RegionColours,
    lines: NDArray[np.uint8],
    wanted: Tensor,
    unwanted: Tensor,
    seed: int,
    *,
    variation_seed: int = 0,
    variation_strength: float = 0.0,
    painted: PaintedColours | None = None,
    said: Said | None = None,
    usual: Sequence[Palette] = (),
    enclosed: EnclosedGround | None = None,
    word_regions: WordRegions | None = None,
    is_silent: bool = False,
    num_inference_steps: int = STEPS,
    guidance_scale: float = GUIDANCE,
    controlnet_conditioning_scale: float = 1.0,
    on_step: OnStep | None = None,
    is_cancelled: IsCancelled | None = None,
) -> Proposal:
    """Propose a colour for each region of a drawing and for what lies around.

    lines: (H, W) uint8, white on black, any size and proportions. wanted, unwanted: (1, t, 384) float32, the tokens of
    prompt and negative prompt (pipeline/colours/words.py). variation_strength: in [0, 1], how far the draw of `seed` is
    turned towards that of `variation_seed`. painted: what the person painted, of any size; those
    regions have these colours, and the others are chosen to go with them. said: the prompt's colour words; the
    regions that a word means are held to it. usual: palettes of the things that the prompt names, whose colours are
    likelier, the main ones to be seen, and more apart beside a line; they count for nothing beside colour words.
    enclosed: what tells ground within lines from things; without it there is none. word_regions: what finds the regions
    that colour words mean; without it no region is held to one. is_silent: there are no words, and the ground is to
    be a pale one. num_inference_steps: rounds, at least 1; where `usual`
    counts several draws are made in UNHURRIED rounds and more, and the best is kept. guidance_scale: 1 is none.
    controlnet_conditioning_scale: from 0, where the drawing's shapes are not seen, over 1.
    on_step(step, of, colours): is called after each round with the colours as they are then, (SIDE, SIDE, 3) uint8.
    Equal arguments give equal colours. Raises ValueError for fewer rounds than 1, Cancelled before the round, or
    the part of the reading, that follows `is_cancelled()` turning true.
    """
    if num_inference_steps < 1:
        raise ValueError(f"Expected at least 1 inference step, got {num_inference_steps}.")
    drawn = shrink_lines(lines)
    regions = find_regions(drawn)
    raise_if_cancelled(is_cancelled)
    seen = read_features(drawn, regions)
    raise_if_cancelled(is_cancelled)
    words = wanted if said is None else torch.cat([wanted, said.tokens])
    first = FirstLook.take(network, seen, words, controlnet_conditioning_scale)
    raise_if_cancelled(is_cancelled)
    paint = mean_paint(regions, seen, painted)
    if enclosed is not None:
        seen = find_enclosed(enclosed, first, regions, seen, paint)
    tokens = wanted if guidance_scale == 1 else torch.cat([wanted, unwanted])
    is_known = bool(usual) and not said
    alike = KNOWN_ALIKE if is_known else ALIKE
    question = Question.ask(network, regions, seen, tokens, guidance_scale, controlnet_conditioning_scale, alike)
    raise_if_cancelled(is_cancelled)
    picture = Picture(regions, seen)
    codes, areas = to_oklab(network.codes.numpy()), measure_inner_areas(regions, seen)
    held = torch.zeros(first.chances.shape[1:])
    if said is not None and word_regions is not None:
        held = hold_to_words(first, regions, seen, codes, said, word_regions)
    thing, judge = None, None
    if is_known:
        things = list_things(usual)
        places = find_places(things, regions, seen, question.groups)
        thing = Usual.of(things, codes, first.chances[0], areas, places)
        judge = Judge.of(seen, question.groups.numbers.numpy(), question.borders, areas.numpy(), things, places)
    tries = count_tries(num_inference_steps) if judge else 1
    tastes = draw_tastes(tries, seed, variation_seed, variation_strength)
    unasked = torch.from_numpy(lean_on_pale_grounds(network.grounds.numpy())) if is_silent else torch.zeros(GROUNDS)
    states = [State(nearest_codes(network, paint), GROUNDS)] * len(tastes)

    def expect(logits: Sequence[Tensor]) -> NDArray[np.uint8]:
        """Paint the colours that the best of the tries is expected to have."""
        tones = [question.expect_colours(one, state) for one, state in zip(logits, states, strict=True)]
        if judge is None:
            return picture.paint(tones[0])
        best, numbers = tones[judge.choose(tones)], question.groups.numbers.numpy()
        return picture.paint(tell_apart(best, judge.first, judge.second, numbers, judge.areas, ~np.isnan(paint[:, 0])))

    for step in range(num_inference_steps):
        raise_if_cancelled(is_cancelled)
        answers = question.answer(states if step else states[:1])  # nothing is known yet: all tries ask the same
        answers = answers * (len(states) // len(answers))
        logits = [
            weigh_colours(question, state, raw, held, thing, taste)
            for state, (raw, _), taste in zip(states, answers, tastes, strict=True)
        ]
        states = [
            draw_codes(state, one, ground + unasked, num_inference_steps - step, question.groups, taste)
            for state, one, (_, ground), taste in zip(states, logits, answers, tastes, strict=True)
        ]
        if on_step is not None:
            on_step(step + 1, num_inference_steps, expect(logits))
    return Proposal(expect([question.groups.pool(raw + held) for raw, _ in question.answer(states)]), regions)


def weigh_colours(
    question: Question, state: State, raw: Tensor, held: Tensor, thing: Usual | None, taste: Taste
) -> Tensor:
    """Return the logits that colours are drawn by, (n, CODES): the network's with all that is added to them.

    raw: the network's. held: what colour words add (`hold_to_words`). thing: the palettes that are worn.
    """
    push = KNOWN_PUSH if thing else PUSH
    raw = raw + question.lean_on_ground(state)
    logits = question.groups.pool(push_apart(raw, state.known, question.beside, question.apart, push) + held)
    return logits + thing.lean(logits, state.known, taste.codes) if thing else logits


@dataclass(frozen=True, eq=False)
class Picture:
    """Picture paints the colours of tokens where they lie."""

    regions: NDArray[np.int32]  # (SIDE, SIDE)
    seen: RegionFeatures

    def paint(self, tones: Float) -> NDArray[np.uint8]:
        """Return (SIDE, SIDE, 3) RGB from (n, 3) in [0, 1]: regions flat, ground soft."""
        count = len(self.seen.numbers)
        table = np.full((int(self.regions.max()) + 1, 3), 0.5, np.float32)
        table[self.seen.numbers] = tones[:count]
        made = to_bytes(table)[self.regions]
        for number in np.unique(self.seen.homes):
            mine = self.seen.homes == number
            is_mine = np.zeros(len(table), np.uint8)
            is_mine[[number, *(one for one, home in self.seen.lies_in.items() if home == number)]] = 1
            around = to_bytes(paint_surroundings(tones[count:][mine], self.seen.spots[mine]))
            cv2.copyTo(around, is_mine[self.regions], made)
        return made


def to_bytes(colours: Float) -> NDArray[np.uint8]:
    """Return RGB in [0, 1] as uint8."""
    return np.round(255 * np.clip(colours, 0, 1)).astype(np.uint8)


def list_things(usual: Sequence[Palette]) -> Sequence[Palette]:
    """List the palettes of things with parts where such a thing is named first, else all: then a place is drawn.

    A place's colours are its ground's: a cat in a garden is not to be green somewhere.
    """
    return [one for one in usual if one.layout is not None] if usual[0].layout is not None else usual


def find_places(
    things: Sequence[Palette], regions: NDArray[np.int32], seen: RegionFeatures, groups: Groups
) -> Float | None:
    """Return how likely each colour of the one thing that is named is for each token, (n, COLOURS) in [0, 1].

    What has a group has one colour. None where several things are named: nobody knows which part is whose.
    """
    if len(things) != 1 or things[0].layout is None:
        return None
    expected = expect_colours(things[0].layout, things[0].scaled_shares, regions, seen)
    likely = groups.pool(torch.from_numpy(expected))
    return np.asarray(likely.numpy(), np.float32)


def find_enclosed(
    enclosed: EnclosedGround, first: FirstLook, regions: NDArray[np.int32], seen: RegionFeatures, paint: Float
) -> RegionFeatures:
    """Return the drawing's tokens with enclosed ground set apart; what the person painted is none."""
    count = len(seen.numbers)
    likely = enclosed.estimate(first.minds[0, :count].numpy(), regions, seen)
    return set_apart(regions, seen, (likely >= SURE) & ~seen.outside & np.isnan(paint[:count, 0]))


def hold_to_words(
    first: FirstLook, regions: NDArray[np.int32], seen: RegionFeatures, codes: Float, said: Said, meant: WordRegions
) -> Tensor:
    """Return what colour words add to each token's logits, (n, CODES): see said.py.

    first: the look by the words, then by each of the changed ones. codes: (CODES, 3) OKLab.
    """
    count, (chances, *changed) = len(seen.numbers), first.chances
    follow = torch.stack(
        [measure_follow(chances, other, one, codes) for one, other in zip(said.colours, changed, strict=True)]
    )
    evidence = gather_evidence(first.minds[0, :count].numpy(), regions, seen)
    held, unmeant = torch.full((len(chances),), -1), torch.zeros(len(chances))
    likely = meant.estimate(follow[:, :count].numpy(), said.phrases, evidence)
    areas, is_whole = np.bincount(regions.ravel())[seen.numbers], [one.is_whole for one in said.colours]
    held[:count] = torch.from_numpy(share_regions(likely, ~seen.outside, areas, is_whole))
    unmeant[:count] = torch.from_numpy(likely[-1] * ((held[:count] < 0).numpy() & ~seen.outside))
    return hold_regions(held, said.colours, codes) + free_regions(unmeant, chances, changed, said.colours, codes)


def measure_inner_areas(regions: NDArray[np.int32], seen: RegionFeatures) -> Tensor:
    """Return the area of each region that is not ground, (n,) px; 0 for all other tokens."""
    areas = torch.zeros(len(seen.values))
    areas[: len(seen.numbers)] = torch.from_numpy(np.bincount(regions.ravel())[seen.numbers] * ~seen.outside).float()
    return areas


def mean_paint(regions: NDArray[np.int32], seen: RegionFeatures, painted: PaintedColours | None) -> Float:
    """Return the mean painted colour of each region and cell, (n, 3) RGB in [0, 1]; NaN where it is not painted."""
    count = len(seen.numbers)
    made = np.full((len(seen.values), 3), np.nan, np.float32)
    if painted is None or not painted.mask.any():
        return made
    mask = painted.mask.astype(np.float32)
    share = cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    paint = cv2.resize(painted.colours * mask[..., None], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    places = [(regions, int(number)) for number in seen.numbers]
    places += [(seen.cells, number) for number in range(1, len(seen.homes) + 1)]
    for n, (map_, number) in enumerate(places):
        inside = map_ == number
        if (n >= count or not seen.outside[n]) and share[inside].mean() > PAINTED:
            made[n] = paint[inside].sum(0) / share[inside].sum() / 255
    return made


def nearest_codes(network: RegionColours, given: Float) -> Tensor:
    """Return the codes nearest to given colours, (n,) int64; CODES where none is given."""
    lab = torch.from_numpy(to_oklab(np.nan_to_num(given)))
    codes = torch.cdist(lab, torch.from_numpy(to_oklab(network.codes.numpy()))).argmin(1)
    return torch.where(torch.from_numpy(np.isnan(given[:, 0])), torch.full_like(codes, CODES), codes)
