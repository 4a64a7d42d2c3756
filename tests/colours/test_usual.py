"""A thing shows the main colours that it usually has, and no colour becomes less likely for it."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.colours.named import NAMES as HEX
from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import Palette, make_palette
from pipeline.colours.region_colours import propose_colours
from pipeline.colours.region_network import CODES, RegionColours
from pipeline.colours.rounds import ALIKE, KNOWN_ALIKE, KNOWN_PUSH, PUSH, find_neighbours
from pipeline.colours.said import hear_said_colours, read_colour
from pipeline.colours.usual import GIVEN, MOST, Usual
from tests.colours.drawings import draw_house

NAMES = ("yellow", "black", "purple", "white")
CODE_TABLE = np.stack([read_colour(name) for name in NAMES])
YELLOW, BLACK, PURPLE, WHITE = range(len(NAMES))
BEE = make_palette(np.array([[250, 210, 30], [20, 20, 20], [250, 250, 250]], np.uint8), [0.5, 0.4, 0.1])
AREAS = torch.tensor([60.0, 40.0, 0.0])  # two inner regions, and one that runs off the picture
OPEN = torch.full((3,), len(NAMES))
SILENT = torch.zeros(len(NAMES))
WORDS = torch.zeros(1, 39, 384)


def make_usual(*palettes: Palette, sure: bool = False) -> Usual:
    """Make it for a network that by itself expects every colour, or none of them."""
    chances = torch.full((3, len(NAMES)), 0.5 if sure else 0.0)
    return Usual.of(palettes, CODE_TABLE, chances, AREAS)


def prefer(*codes: int, by: float = 3.0) -> Tensor:
    """Make logits of three tokens that like some codes."""
    made = torch.zeros(3, len(NAMES))
    made[:, list(codes)] = by
    return made


def test_a_main_colour_that_would_be_missing_becomes_likelier_and_no_colour_less_likely() -> None:
    added = make_usual(BEE).lean(prefer(PURPLE, BLACK), OPEN, SILENT)
    assert added[0, YELLOW] > GIVEN + 1 and (added >= 0).all() and (added <= GIVEN + MOST).all()
    assert added[0, PURPLE] < 0.1 and added[0, BLACK] < GIVEN + 0.5


def test_a_colour_that_enough_is_expected_of_is_let_be() -> None:
    assert make_usual(BEE).lean(prefer(YELLOW, BLACK), OPEN, SILENT).max() < GIVEN + 0.1
    canary = make_palette(np.array([[250, 210, 30]], np.uint8))
    assert (make_usual(canary).lean(prefer(YELLOW, by=9), OPEN, SILENT) >= 0).all()


def test_every_colour_of_the_palette_is_likelier_and_that_of_a_small_part_no_more_than_that() -> None:
    added = make_usual(BEE).lean(prefer(YELLOW, BLACK, by=9), OPEN, SILENT)[0]
    assert added[WHITE] == pytest.approx(GIVEN, abs=0.1) and added[PURPLE] < 0.1


def test_a_colour_is_likelier_where_it_lies_on_such_things_and_less_so_elsewhere() -> None:
    places = np.zeros((3, 5), np.float32)
    places[0, :3], places[1, :3] = (0.05, 0.05, 0.9), (0.5, 0.4, 0.1)  # a wing, and a part like all of it
    usual = Usual.of([BEE], CODE_TABLE, torch.full((3, len(NAMES)), 0.0), AREAS, places)
    added = usual.lean(prefer(YELLOW, BLACK, by=9), OPEN, SILENT)
    assert added[0, WHITE] > GIVEN + 2 and added[0, BLACK] < 0.1 and (added >= 0).all()
    assert added[1, WHITE] == pytest.approx(GIVEN, abs=0.2) and not added[2].any()


def test_no_further_try_is_made_once_the_expected_area_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[Tensor] = []
    measure = Usual.measure

    def count(usual: Usual, likely: Tensor, *given: Tensor) -> Tensor:
        counts.append(likely)
        return measure(usual, likely, *given)

    monkeypatch.setattr(Usual, "measure", count)
    exactly = np.array([tuple(bytes.fromhex(HEX[name][1:])) for name in ("yellow", "black")], np.uint8)
    usual = make_usual(make_palette(exactly))
    settled = usual.lean(prefer(YELLOW, BLACK, by=9), OPEN, SILENT)
    assert len(counts) == 1 and torch.equal(settled[:2], usual.given[:2])
    usual.lean(prefer(PURPLE), OPEN, SILENT)
    assert len(counts) > 2


def test_what_runs_off_the_picture_is_no_part_of_the_thing() -> None:
    assert not make_usual(BEE).lean(prefer(PURPLE), OPEN, SILENT)[2].any()


def test_a_colour_that_a_region_has_already_counts() -> None:
    usual = make_usual(BEE)
    free = usual.lean(prefer(PURPLE, BLACK), OPEN, SILENT)[0, YELLOW]
    had = usual.lean(prefer(PURPLE, BLACK), torch.tensor([YELLOW, len(NAMES), len(NAMES)]), SILENT)[0, YELLOW]
    assert had < GIVEN + 0.1 < free


def test_things_named_together_share_the_drawing() -> None:
    alone = make_usual(BEE).wanted
    shared = make_usual(BEE, make_palette(np.array([[160, 40, 200]], np.uint8))).wanted
    assert shared[:2].tolist() == pytest.approx((alone / 2).tolist())


def test_a_seed_can_do_without_a_colour_unless_the_network_by_itself_is_sure_of_it() -> None:
    against = SILENT.clone()
    against[YELLOW] = -4  # this seed's taste
    likes = prefer(BLACK, YELLOW, PURPLE, by=1)
    unsure, sure = (make_usual(BEE, sure=sure).lean(likes, OPEN, against)[0, YELLOW] for sure in (False, True))
    assert sure > unsure + 0.5


def test_without_a_known_thing_nothing_changes() -> None:
    assert not make_usual().lean(prefer(PURPLE), OPEN, SILENT).any()


def propose_with(usual: tuple[Palette, ...], prompt: str) -> np.ndarray:
    """Colour a house by a network that knows nothing, (256, 256, 3)."""
    torch.manual_seed(0)
    network = RegionColours()
    network.codes.copy_(torch.rand(CODES, 3, generator=torch.Generator().manual_seed(1)))
    torch.nn.init.zeros_(network.answer.weight)
    torch.nn.init.zeros_(network.answer.bias)
    said = hear_said_colours(prompt, lambda words: WORDS, lambda texts: np.zeros((len(texts), 384), np.float32))
    made = propose_colours(network.eval(), draw_house(), WORDS, WORDS, 0, said=said, usual=usual, num_inference_steps=1)
    return made.colours


def test_a_drawing_gets_its_things_usual_colour_unless_words_say_another() -> None:
    blue = np.array([[30, 60, 220]], np.uint8)
    free, kept = (propose_with(usual, "a house") for usual in ((), (make_palette(blue),)))
    far = [np.linalg.norm(to_oklab(one[120, 70][None]) - to_oklab(blue)) for one in (free, kept)]
    assert far[1] < far[0]
    one, other = (propose_with(usual, "a red house") for usual in ((), (make_palette(blue),)))
    assert np.array_equal(one, other)


def test_the_parts_of_a_known_thing_differ_more_and_those_of_words_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    pushes: list[float] = []

    def note(logits: Tensor, known: Tensor, beside: Tensor, apart: Tensor, push: float) -> Tensor:
        pushes.append(push)
        return logits

    alike: list[float] = []

    def note_sizes(*drawing: Any) -> Tensor:
        alike.append(drawing[3])
        return find_neighbours(*drawing)

    monkeypatch.setattr("pipeline.colours.region_colours.push_apart", note)
    monkeypatch.setattr("pipeline.colours.rounds.find_neighbours", note_sizes)
    for prompt in ("a bee", "a red bee"):
        propose_with((BEE,), prompt)
    assert pushes == [KNOWN_PUSH, PUSH] and alike == [KNOWN_ALIKE, ALIKE]
