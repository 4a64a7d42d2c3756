"""From rendered shards to what the denoiser reads: nothing of a picture, its mirror or its words may be mixed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.pocket.data.dataset import PLAIN, make_record
from pipeline.pocket.model import LATENT_CHANNELS, LATENT_SIDE, make_autoencoder
from pipeline.pocket.train import prepare
from pipeline.pocket.train.prepare import (
    STYLE_WORDS_SHARE,
    encode_pictures,
    names_color_or_style,
    normalise_latents,
    prepare_latents,
    prepare_styles,
    prepare_tokens,
    save_array,
    write_full_captions,
)
from pipeline.pocket.train.text import encode_tokens, load_text_tower
from pipeline.pocket.train.tower import Tower, embed_pictures
from tests.tools.sample_things import make_things

pytestmark = pytest.mark.usefixtures("one_thread")
ICE = {"id": "ice", "name": "Ice", "words": ["frost", "cold glass"], "template": "{prompt}, carved from ice"}


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.stack([make_record(make_things(), 1, number, ())[0] for number in range(6)])


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    return make_autoencoder()


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    (tmp_path / "styles" / "ice").mkdir(parents=True)
    (tmp_path / "styles" / "ice" / "style.json").write_text(json.dumps(ICE))
    return tmp_path / "styles"


def records(count: int, style: str = "ice") -> list[dict[str, Any]]:
    return [
        {"caption": f"fox number {number}", "style": style, "look": f"{style}/{number % 5}"} for number in range(count)
    ]


def test_pictures_are_encoded_in_their_order_whatever_the_batch(model, pictures) -> None:
    many = np.concatenate([pictures] * 6)  # 36: one more batch than 32
    latents = encode_pictures(model, many)
    assert latents.shape == (36, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE) and latents.dtype == np.float16
    np.testing.assert_allclose(latents[30:], latents[:6], atol=5e-3)
    assert np.abs(latents[0] - latents[1]).max() > 0.05
    with torch.inference_mode():
        expected = model.encode(torch.from_numpy(pictures[:1]).permute(0, 3, 1, 2) / 255 * 2 - 1).latents
    np.testing.assert_allclose(latents[:1], expected.numpy(), atol=5e-3)


@torch.inference_mode()
def test_evened_latents_deviate_by_one_and_decode_alike(model, pictures) -> None:
    factors = torch.linspace(0.5, 2, LATENT_CHANNELS)
    model.encoder.layers[-1].weight *= factors[:, None, None, None]  # channels of unlike strength
    given = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1

    def decoded() -> torch.Tensor:
        """Behind the first convolution of the decoder: before it, AutoencoderTiny squeezes latents to [-3, 3]."""
        return model.decoder.layers[0](model.encode(given).latents)

    before, spread = decoded(), encode_pictures(model, pictures).astype(np.float32).std((0, 2, 3))
    assert spread.max() / spread.min() > 1.5
    assert normalise_latents(model, pictures) is model
    torch.testing.assert_close(decoded(), before, atol=1e-4, rtol=1e-4)
    after = encode_pictures(model, pictures).astype(np.float32).std((0, 2, 3))
    np.testing.assert_allclose(after, 1, atol=0.01)


def test_about_half_of_the_styled_captions_say_their_style(styles: Path) -> None:
    told = records(1200)
    captions = write_full_captions(told, styles)
    assert captions == write_full_captions(told, styles)
    bare = [record["caption"] for record in told]
    template = sum(full == f"{short}, carved from ice" for full, short in zip(captions, bare, strict=True))
    words = [
        sum(full == f"{short}, {word}" for full, short in zip(captions, bare, strict=True)) for word in ICE["words"]
    ]
    kept = sum(full == short for full, short in zip(captions, bare, strict=True))
    assert template + sum(words) + kept == 1200
    assert kept / 1200 == pytest.approx(1 - STYLE_WORDS_SHARE, abs=0.06)
    assert template / 1200 == pytest.approx(STYLE_WORDS_SHARE / 2, abs=0.05)
    assert [count / 1200 for count in words] == pytest.approx([STYLE_WORDS_SHARE / 4] * 2, abs=0.04)


def test_a_caption_does_not_hang_on_its_neighbours(styles: Path) -> None:
    told = records(40)
    assert write_full_captions(told[7:9], styles) == write_full_captions(told, styles)[7:9]


def test_plain_and_unknown_styles_say_nothing(styles: Path) -> None:
    for style in (PLAIN, "gone"):
        told = records(30, style)
        assert write_full_captions(told, styles) == [record["caption"] for record in told]


def test_captions_that_name_a_colour_or_their_style_are_known(styles: Path) -> None:
    told = records(60)
    captions = write_full_captions(told, styles)
    said = [full != record["caption"] for full, record in zip(captions, told, strict=True)]
    assert names_color_or_style(captions, told).tolist() == said and 0 < sum(said) < 60
    plain = [
        {"caption": caption, "style": PLAIN, "look": "plain/0"}
        for caption in ("a blue car", "cat, black", "an orangery", "a car on a white ground")
    ]
    assert names_color_or_style(write_full_captions(plain, styles), plain).tolist() == [True, True, False, True]


@pytest.fixture
def shard(tmp_path: Path, pictures) -> Path:
    folder = tmp_path / "shard-0000"
    folder.mkdir()
    np.save(folder / "pictures.npy", pictures)
    (folder / "records.json").write_text(json.dumps(records(6)))
    return folder


def test_latents_hold_each_picture_scaled(shard: Path, model, pictures) -> None:
    model.register_to_config(scaling_factor=0.5)
    prepare_latents(shard, model)
    latents = np.load(shard / "latents.npy")
    assert latents.shape == (6, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE) and latents.dtype == np.float16
    np.testing.assert_allclose(latents, encode_pictures(model, pictures) * np.float16(0.5), atol=5e-3)


def test_tokens_and_styles_are_of_the_shards_records(shard: Path, styles: Path, pictures) -> None:
    text, tower = load_text_tower(), Tower().eval()
    prepare_tokens(shard, styles, *text)
    prepare_styles(shard, tower)
    expected = encode_tokens(write_full_captions(records(6), styles), *text)
    np.testing.assert_allclose(np.load(shard / "tokens.npy"), expected, atol=5e-3)
    bound = names_color_or_style(write_full_captions(records(6), styles), records(6))
    assert np.load(shard / "bound.npy").tolist() == bound.tolist()
    np.testing.assert_allclose(np.load(shard / "styles.npy"), embed_pictures(tower, pictures), atol=5e-3)


def test_what_is_there_is_not_made_again(shard: Path, styles: Path) -> None:
    made = ("latents", "tokens", "bound", "styles")
    for name in made:
        (shard / f"{name}.npy").write_text("mine")
    prepare_latents(shard, None)  # type: ignore[arg-type]  # without models: they must not be asked
    prepare_tokens(shard, styles, None, None)  # type: ignore[arg-type]
    prepare_styles(shard, None)  # type: ignore[arg-type]
    assert {(shard / f"{name}.npy").read_text() for name in made} == {"mine"}


def test_a_save_that_breaks_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "latents.npy"
    save_array(target, np.arange(3))

    def break_off(path: Path, array: np.ndarray) -> None:
        Path(path).write_bytes(b"half of")
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr(prepare.np, "save", break_off)
        save_array(target, np.arange(4))
    assert np.load(target).tolist() == [0, 1, 2]
    save_array(target, np.arange(4))
    assert np.load(target).tolist() == [0, 1, 2, 3] and [path.name for path in tmp_path.iterdir()] == ["latents.npy"]
