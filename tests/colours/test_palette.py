from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.colours.layouts import CELLS, SIZES
from pipeline.colours.palette import (
    COLOURS,
    SLOTS,
    WIDTH,
    PaletteTable,
    encode_palettes,
    load_palettes,
    make_palette,
    save_layouts,
    save_palettes,
)


@pytest.fixture
def table() -> PaletteTable:
    names = ("fox", "palm tree", "tree", "cherry", "snow")
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(5, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shares = np.tile(np.array([0.5, 0.2, 0.1, 0.1, 0], np.float16), (5, 1))
    return PaletteTable(names, draw.integers(0, 256, (5, 5, 3), dtype=np.uint8), shares, vectors.astype(np.float16))


def test_the_longest_names_of_a_prompt_are_found_in_its_order(table: PaletteTable) -> None:
    found = table.find("Two cherries and a palm tree in the snow")
    assert [table.names[list(map(bytes, table.colours)).index(bytes(one.colours))] for one in found] == [
        "cherry",
        "palm tree",
        "snow",
    ]
    assert len(table.find("fox tree cherry snow")) == SLOTS
    assert table.find("nothing known") == [] and table.find("") == []


def test_a_table_survives_the_disk(table: PaletteTable, tmp_path: Path) -> None:
    save_palettes(table, tmp_path / "palettes.npz")
    read = load_palettes(tmp_path / "palettes.npz")
    assert read.names == table.names and np.array_equal(read.colours, table.colours)
    assert np.array_equal(read.vectors, table.vectors)


def test_shares_are_scaled_to_sum_one_and_none_stay_none(table: PaletteTable) -> None:
    (fox,) = table.find("a fox")
    assert fox.scaled_shares.dtype == np.float32 and fox.scaled_shares.sum() == pytest.approx(1)
    assert fox.scaled_shares == pytest.approx(fox.shares / 0.9, rel=1e-3) and fox.scaled_shares[4] == 0
    assert not replace(fox, shares=np.zeros(COLOURS, np.float32)).scaled_shares.any()


def test_layouts_come_with_their_names_and_what_has_no_parts_has_none(table: PaletteTable, tmp_path: Path) -> None:
    layouts = np.zeros((5, COLOURS, SIZES, CELLS), np.uint8)
    layouts[0, 1] = 255  # foxes are in their second colour everywhere
    save_palettes(table, tmp_path / "palettes.npz")
    save_layouts(layouts, tmp_path / "layouts.npz")
    fox, snow = load_palettes(tmp_path / "palettes.npz", tmp_path / "layouts.npz").find("a fox in the snow")
    assert fox.layout is not None and fox.layout.dtype == np.float32 and snow.layout is None
    assert fox.layout[1].min() == 1 and not fox.layout[0].any()
    (plain,) = load_palettes(tmp_path / "palettes.npz").find("a fox")
    assert plain.layout is None and np.array_equal(encode_palettes([plain]), encode_palettes([fox]))


def test_layouts_of_another_table_are_refused(table: PaletteTable, tmp_path: Path) -> None:
    save_palettes(table, tmp_path / "palettes.npz")
    files = tmp_path / "palettes.npz", tmp_path / "layouts.npz"
    np.savez(files[1], places=np.zeros(3))
    with pytest.raises(ValueError, match="lacks layouts"):
        load_palettes(*files)
    for layouts in (np.zeros((4, COLOURS, SIZES, CELLS), np.uint8), np.zeros((5, COLOURS, SIZES, CELLS), np.float32)):
        np.savez(files[1], layouts=layouts)
        with pytest.raises(ValueError, match=r"expected layouts of \(5, 5, 2, 18\) in uint8, found"):
            load_palettes(*files)


def test_tokens_tell_colours_and_names_apart(table: PaletteTable) -> None:
    fox, snow = table.get("fox"), table.get("snow")
    assert fox is not None and snow is not None
    tokens = encode_palettes([fox, snow])
    assert tokens.shape == (SLOTS * COLOURS, WIDTH) and tokens.dtype == np.float32
    assert not tokens[4].any() and not tokens[10:].any()  # a colour without a share, a slot without a thing
    assert 0.1 < tokens[:4].std() < 0.6
    assert not np.allclose(tokens[0], tokens[1]) and not np.allclose(tokens[:4], tokens[5:9])
    assert np.array_equal(tokens, encode_palettes([fox, snow]))


def test_near_colours_have_near_tokens() -> None:
    def token(*rgb: int) -> np.ndarray:
        return encode_palettes([make_palette(np.array([rgb], np.uint8))])[0]

    red, near, blue = token(220, 30, 30), token(214, 36, 30), token(30, 60, 220)
    assert np.linalg.norm(red - near) < 0.3 * np.linalg.norm(red - blue)


def test_an_own_palette_has_no_name_and_any_number_of_colours() -> None:
    assert not make_palette(np.zeros((2, 3), np.uint8)).vector.any()
    assert make_palette(np.zeros((2, 3), np.uint8)).shares.tolist() == [0.5, 0.5, 0, 0, 0]
    assert make_palette(np.zeros((9, 3), np.uint8)).colours.shape == (COLOURS, 3)


def test_a_table_of_other_shapes_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "part.npz", names=np.array(["fox"]), colours=np.zeros((1, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="lacks shares, vectors"):
        load_palettes(tmp_path / "part.npz")
    arrays = {"shares": np.zeros((1, 5), np.float16), "vectors": np.zeros((1, 384), np.float16)}
    np.savez(tmp_path / "small.npz", names=np.array(["fox"]), colours=np.zeros((1, 4, 3), np.uint8), **arrays)
    with pytest.raises(ValueError, match=r"colours of \(1, 5, 3\), found \(1, 4, 3\)"):
        load_palettes(tmp_path / "small.npz")
