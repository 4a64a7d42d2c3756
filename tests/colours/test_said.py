import numpy as np
import pytest
import torch

from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_colours import propose_colours
from pipeline.colours.region_network import CODES, GROUNDS, WIDTH, RegionColours
from pipeline.colours.said import (
    FOLLOWS,
    HEEDS,
    YIELDS,
    Said,
    find_like,
    find_said_colours,
    hold_regions,
    measure_follow,
    read_colour,
    share_regions,
)
from tests.colours.drawings import draw_house

NONE = -torch.inf
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


def test_darker_and_lighter_words_mean_darker_and_lighter_colours() -> None:
    light, plain, dark = (find_said_colours(words)[0].colour[0] for words in ("a light blue", "a blue", "a dark blue"))
    assert light > plain + 0.1 > dark + 0.2


def test_what_changes_with_the_word_follows_it_and_what_stays_does_not() -> None:
    (said,) = find_said_colours("a red fox")
    body = torch.tensor([0.9, 0.02, 0.02, 0.02, 0.02, 0.02]), torch.tensor([0.02, 0.9, 0.02, 0.02, 0.02, 0.02])
    eye = torch.tensor([0.3, 0.02, 0.02, 0.02, 0.62, 0.02])
    follow = measure_follow(torch.stack([body[0], eye]), torch.stack([body[1], eye]), said, CODE_TABLE)
    assert follow[0] > FOLLOWS and abs(float(follow[1])) < 0.01


def test_regions_are_shared_between_words_and_eyes_keep_their_own() -> None:
    follow = torch.tensor([[4.0, 1.0, 0.1, NONE], [0.5, 3.5, 0.1, NONE]])
    assert share_regions(follow, torch.tensor([900.0, 200, 20, 5000]), False).tolist() == [0, 1, -1, -1]


def test_a_word_that_nothing_follows_well_gets_what_heeds_it_most_unless_another_word_has_it() -> None:
    areas = torch.tensor([900.0, 200, 90])
    weak = torch.tensor([[4.0, 0.1, 0.3], [0.5, HEEDS + 0.1, HEEDS + 0.3]])
    assert share_regions(weak, areas, False).tolist() == [0, -1, 1]
    weak[0, 2] = HEEDS + 0.6
    assert share_regions(weak, areas, False).tolist() == [0, 1, -1]
    assert share_regions(0.1 * weak, areas, False).tolist() == [-1, -1, -1]


def test_the_word_of_the_one_thing_covers_most_of_it_and_only_what_yields() -> None:
    follow = torch.tensor([[FOLLOWS + 1, YIELDS + 0.5, YIELDS + 0.2, YIELDS - 0.1]])
    areas = torch.tensor([300.0, 300, 300, 300])
    assert share_regions(follow, areas, True).tolist() == [0, 0, 0, -1]
    assert share_regions(follow, areas, False).tolist() == [0, -1, -1, -1]
    assert share_regions(follow, torch.tensor([900.0, 300, 100, 100]), True).tolist() == [0, -1, -1, -1]


def test_held_regions_have_the_words_colour_only() -> None:
    said = find_said_colours("a red cat with a blue hat")
    added = hold_regions(torch.tensor([0, 1, -1]), said, CODE_TABLE)
    assert added[0].argmax() == 0 and added[1].argmax() == 1 and (added[0, 1:] < -2).all()
    assert (added[2] == 0).all() and added.max() == 0


def test_codes_have_the_colour_that_they_are_nearest_to() -> None:
    (said,) = find_said_colours("a brown bear")
    assert find_like(CODE_TABLE, said.colour).tolist() == [False, False, False, False, False, True]


class Obedient(RegionColours):
    """Obedient answers grey everywhere; its largest inner region heeds the code that the first word says, a little."""

    def look(self, features, whole, there, known, known_ground, heard, controlnet_conditioning_scale=1.0):
        return heard[0][0][:, 0, 0, :1, None].expand(len(known), 1 + known.shape[1], WIDTH)

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
    free = propose_colours(network, draw_house(), wanted, wanted, 4)
    held = propose_colours(network, draw_house(), wanted, wanted, 4, said=Said((colour,), changed, True))
    wall = held.regions == held.regions[120, 70]
    red = to_oklab(held.colours[wall][0])
    assert np.linalg.norm(red - colour.colour) < 0.06
    assert np.linalg.norm(to_oklab(free.colours[wall][0]) - colour.colour) > 0.15
    assert np.array_equal(held.colours[~wall], free.colours[~wall])
