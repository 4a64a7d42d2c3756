import numpy as np
import pytest
import torch

from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_colours import propose_colours
from pipeline.colours.region_network import CODES, GROUNDS, WIDTH, RegionColours
from pipeline.colours.said import (
    Said,
    find_like,
    find_said_colours,
    free_regions,
    hear_said_colours,
    hold_regions,
    measure_follow,
    read_colour,
)
from tests.colours.drawings import draw_house, make_word_regions

CODE_TABLE = np.stack([read_colour(name) for name in ("red", "blue", "green", "white", "black", "brown")])


@pytest.mark.parametrize(
    ("prompt", "changed"),
    [
        ("a red fox", ["a blue fox"]),
        ("a blue cat and a red dog", ["a green cat and a red dog", "a blue cat and a green dog"]),
        ("a dark red roof", ["a blue roof"]),
        ("A Golden crown", ["A blue crown"]),
        ("a bored cat", []),
        ("red, red, red, red", ["blue, red, red, red", "red, blue, red, red", "red, red, blue, red"]),
    ],
)
def test_each_colour_word_gives_way_to_one_that_is_far_and_not_said_yet(prompt: str, changed: list[str]) -> None:
    assert [said.changed for said in find_said_colours(prompt)] == changed


@pytest.mark.parametrize(
    ("prompt", "phrases"),
    [
        ("a house with a red roof and a green door", ["roof", "door"]),
        ("a little white house by the sea", ["house"]),
        ("a house whose roof is purple", ["roof"]),
        ("a roof in red and a door in green", ["roof", "door"]),
        ("roof: red, door: dark green", ["roof", "door"]),
        ("a red and white striped ball", ["striped ball", "striped ball"]),
        ("two black cats on a blue sofa", ["cats", "sofa"]),
        ("blue", ["blue"]),
        ("a fox. Red!", ["fox"]),
    ],
)
def test_what_has_the_colour_is_found_behind_the_word_or_before_it(prompt: str, phrases: list[str]) -> None:
    assert [said.phrase for said in find_said_colours(prompt)] == phrases


@pytest.mark.parametrize(
    ("prompt", "whole"),
    [
        ("a red fox", [True]),
        ("a drawing of a white teapot with a blue flower", [True, False]),
        ("Two orange birds", [True]),
        ("a bird with an orange beak", [False]),
        ("a roof in red", [False]),
        ("dog, red collar", [False]),
    ],
)
def test_the_word_that_opens_a_prompt_is_for_all_of_the_thing(prompt: str, whole: list[bool]) -> None:
    assert [said.is_whole for said in find_said_colours(prompt)] == whole


def test_each_changed_prompt_and_each_phrase_is_encoded() -> None:
    encoded: list[str] = []

    def encode(words: str) -> torch.Tensor:
        encoded.append(words)
        return torch.full((1, 2, 3), float(len(encoded)))

    said = hear_said_colours("a red roof and a green door", encode, lambda texts: np.array([[len(t)] for t in texts]))
    assert said is not None and encoded == [one.changed for one in said.colours] and len(encoded) == 2
    assert said.tokens[:, 0, 0].tolist() == [1, 2] and said.phrases.tolist() == [[4], [4]]
    assert hear_said_colours("a roof", encode, lambda texts: np.zeros((0, 1))) is None


def test_darker_and_lighter_words_mean_darker_and_lighter_colours() -> None:
    light, plain, dark = (find_said_colours(words)[0].colour[0] for words in ("a light blue", "a blue", "a dark blue"))
    assert light > plain + 0.1 > dark + 0.2


def test_what_changes_with_the_word_follows_it_and_what_stays_does_not() -> None:
    (said,) = find_said_colours("a red fox")
    body = torch.tensor([0.9, 0.02, 0.02, 0.02, 0.02, 0.02]), torch.tensor([0.02, 0.9, 0.02, 0.02, 0.02, 0.02])
    eye = torch.tensor([0.3, 0.02, 0.02, 0.02, 0.62, 0.02])
    follow = measure_follow(torch.stack([body[0], eye]), torch.stack([body[1], eye]), said, CODE_TABLE)
    assert follow[0] > 2 and abs(float(follow[1])) < 0.01


def test_held_regions_have_the_words_colour_only() -> None:
    said = find_said_colours("a red cat with a blue hat")
    added = hold_regions(torch.tensor([0, 1, -1]), said, CODE_TABLE)
    assert added[0].argmax() == 0 and added[1].argmax() == 1 and (added[0, 1:] < -2).all()
    assert (added[2] == 0).all() and added.max() == 0


def test_a_region_that_no_word_means_has_a_words_colour_as_often_as_without_the_word() -> None:
    said = find_said_colours("a red cat")
    red, blue = torch.tensor([0.6, 0.1, 0.1, 0.1, 0.05, 0.05]), torch.tensor([0.1, 0.6, 0.1, 0.1, 0.05, 0.05])
    chances, changed = torch.stack([red, red, red, blue]), torch.stack([blue, blue, red, red])
    added = free_regions(torch.tensor([1.0, 0.3, 1.0, 1.0]), chances, [changed], said, CODE_TABLE)
    assert (chances[0].log() + added[0]).exp()[0] == pytest.approx(0.1, abs=0.01)
    assert not added[:, 1:].any(), "other colours keep their chances"
    assert not added[1:].any(), "where a word may mean it, where it was as red before, or less so"


def test_codes_have_the_colour_that_they_are_nearest_to() -> None:
    (said,) = find_said_colours("a brown bear")
    assert find_like(CODE_TABLE, said.colour).tolist() == [False, False, False, False, False, True]


class Obedient(RegionColours):
    """Obedient answers grey everywhere; its largest inner region heeds the code that the first word says, a little."""

    def look(self, sight, there, known, known_ground, heard):
        return heard[0][0][:, 0, 0, :1, None].expand(-1, 1 + known.shape[1], WIDTH)

    def conclude(self, minds):
        colours = torch.zeros(len(minds), minds.shape[1] - 1, CODES)
        colours[..., 3] = 8.0  # whatever is said
        for n, word in enumerate(minds[:, 0, 0].round().int().tolist()):
            colours[n, 1, word] = 5.5
        return colours, torch.zeros(len(minds), GROUNDS)

    def hear(self, tokens):
        return [(tokens[:, None], tokens[:, None])]


def test_a_proposal_obeys_the_word_where_the_network_heeds_it() -> None:
    network = Obedient()
    network.codes[:] = 0.55
    for code, name in enumerate(("red", "blue")):
        network.codes[code] = torch.from_numpy(
            np.frombuffer(bytes.fromhex({"red": "d23b33", "blue": "3a66c9"}[name]), np.uint8) / 255
        )
    (colour,) = find_said_colours("a red house")
    wanted, changed = torch.zeros(1, 39, 384), torch.ones(1, 39, 384)
    said, meant = Said((colour,), changed, np.zeros((1, 384), np.float32)), make_word_regions(follows=2.0, bias=-3.0)
    free = propose_colours(network, draw_house(), wanted, wanted, 4, said=said)
    held = propose_colours(network, draw_house(), wanted, wanted, 4, said=said, word_regions=meant)
    wall = held.regions == held.regions[120, 70]
    red = to_oklab(held.colours[wall][0])
    assert np.linalg.norm(red - colour.colour) < 0.06
    assert np.linalg.norm(to_oklab(free.colours[wall][0]) - colour.colour) > 0.15
    assert np.array_equal(held.colours[~wall], free.colours[~wall])
