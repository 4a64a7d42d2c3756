from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.colours.region_features import FEATURES, WIDE
from pipeline.colours.region_network import CODES, GROUNDS, WIDTH, RegionColours, load_region_colours

WORDS = torch.zeros(1, 39, 384)
OPEN = torch.tensor([GROUNDS])


@pytest.fixture(scope="module")
def network() -> RegionColours:
    torch.manual_seed(0)
    return RegionColours().eval()


def test_words_ground_and_known_colours_change_the_answer(network: RegionColours) -> None:
    features, whole = torch.rand(1, 5, FEATURES), torch.rand(1, WIDE * WIDE)
    there, known = torch.ones(1, 5, dtype=torch.bool), torch.full((1, 5), CODES)
    plain, ground = network(features, whole, there, known, OPEN, network.hear(WORDS))
    told = known.clone()
    told[0, 0] = 3
    assert plain.shape == (1, 5, CODES) and ground.shape == (1, GROUNDS)
    assert not torch.allclose(plain[:, 1:], network(features, whole, there, told, OPEN, network.hear(WORDS))[0][:, 1:])
    assert not torch.allclose(plain, network(features, whole, there, known, torch.tensor([2]), network.hear(WORDS))[0])
    other = network(features, whole, there, known, OPEN, network.hear(torch.randn(1, 39, 384)))
    assert not torch.allclose(plain, other[0]) and not torch.allclose(ground, other[1])


def test_missing_regions_are_not_looked_at(network: RegionColours) -> None:
    features, whole, known = torch.rand(1, 6, FEATURES), torch.rand(1, WIDE * WIDE), torch.full((1, 6), CODES)
    there = torch.tensor([[True] * 4 + [False] * 2])
    changed = features.clone()
    changed[:, 4:] = 9
    one, other = (network(some, whole, there, known, OPEN, network.hear(WORDS)) for some in (features, changed))
    assert torch.allclose(one[0][:, :4], other[0][:, :4], atol=1e-5) and torch.allclose(one[1], other[1], atol=1e-5)


def test_what_several_prompts_are_heard_about_is_what_each_alone_gives(network: RegionColours) -> None:
    sight = network.see_drawing(torch.rand(1, 6, FEATURES), torch.rand(1, WIDE * WIDE))
    known, ground = torch.full((2, 6), CODES), torch.tensor([GROUNDS, 3])
    known[1, 2:4] = 7
    there, words = torch.ones(4, 6, dtype=torch.bool), network.hear(torch.randn(4, 39, 384))
    together = network.look(sight, None, known, ground, words)
    alone = network.look(sight, there, known.repeat_interleave(2, 0), ground.repeat_interleave(2), words)
    assert together.shape == (4, 7, WIDTH) and not torch.allclose(together[0], together[1])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_weights_survive_the_disk_at_half_precision(network: RegionColours, tmp_path: Path) -> None:
    state = {name: value.half() for name, value in network.state_dict().items()}
    save_file(state, tmp_path / "region_colours.safetensors")
    read = load_region_colours(tmp_path / "region_colours.safetensors")
    assert torch.allclose(read.see.weight, network.see.weight, atol=1e-3) and read.see.weight.dtype == torch.float32
    save_file({"codes": state["codes"]}, tmp_path / "part.safetensors")
    with pytest.raises(RuntimeError):
        load_region_colours(tmp_path / "part.safetensors")
    assert sum(one.numel() for one in network.parameters()) < 4e6
