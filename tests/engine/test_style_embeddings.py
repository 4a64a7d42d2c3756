import hashlib
import logging
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.errors import ModelError, StyleError
from pipeline.models.ip_adapters import AdapterInput
from pipeline.values import StyleMix
from pipeline.whole_file import UNFINISHED

SEEN = AdapterInput("image_embeds", 3)
PATCHES = AdapterInput("hidden_states", 3)


class MeanColour:
    """Stands for the image encoder: the mean of each channel, and a count of how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, image: Image.Image) -> torch.Tensor:
        self.asked += 1
        return torch.tensor([image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))]) / 255


@pytest.fixture
def encode():
    return MeanColour()


def test_a_style_is_embedded_once(encode, make_style):
    embed = StyleEmbeddings(encode, "r1", SEEN, None)
    one, renamed = make_style("one", 1), replace(make_style("one", 1), id="other")
    assert torch.equal(embed(one), embed(renamed))
    assert encode.asked == 1
    embed(make_style("two", 2))
    assert encode.asked == 2


def test_the_disk_remembers_per_encoder_revision(encode, make_style, tmp_path):
    style = make_style("one", 1)
    first = StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style)
    assert torch.equal(StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style), first)
    assert encode.asked == 1
    StyleEmbeddings(encode, "r2", SEEN, tmp_path)(style)
    assert encode.asked == 2
    assert not list(tmp_path.glob(f"*{UNFINISHED}"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-3]),
        lambda path: path.write_bytes(b"\xff" * 64),
        lambda path: save_file({"other": torch.zeros(1, 3)}, path),
        lambda path: save_file({"embedding": torch.zeros(1, 4)}, path),
        lambda path: save_file({"embedding": torch.zeros(1, 3, dtype=torch.float64)}, path),
        lambda path: save_file({"embedding": torch.full((1, 3), float("nan"))}, path),
    ],
)
def test_a_corrupt_file_is_computed_again_and_mended(encode, make_style, tmp_path, spoil):
    style = make_style("one", 1)
    first = StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style)
    (path,) = tmp_path.iterdir()
    spoil(path)
    assert torch.equal(StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style), first)
    assert encode.asked == 2
    StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style)
    assert encode.asked == 2


def test_a_folder_that_cannot_be_written_costs_only_time(encode, make_style, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        embedding = StyleEmbeddings(encode, "r1", SEEN, tmp_path / "file" / "cache")(make_style("one", 1))
    assert embedding.shape == (1, 3)
    assert "could not be kept" in caplog.text


def test_a_mix_is_the_weighted_mean_and_one_style_is_itself(encode, make_style):
    embed = StyleEmbeddings(encode, "r1", SEEN, None)
    one, two = make_style("one", 1), make_style("two", 2)
    assert torch.equal(embed.mix_styles(StyleMix.of(one)), embed(one))
    mixed = embed.mix_styles(StyleMix(((one, 0.25), (two, 0.75))))
    torch.testing.assert_close(mixed, 0.25 * embed(one) + 0.75 * embed(two))


def test_an_image_that_changed_is_refused(encode, make_style, tmp_path):
    style = make_style("one", 1)
    path = tmp_path / "changed.png"
    Image.new("RGB", (64, 64), "red").save(path)
    with pytest.raises(StyleError, match="has changed"):
        StyleEmbeddings(encode, "r1", SEEN, None)(replace(style, image=path))


def test_missing_and_broken_images_are_named(encode, make_style, tmp_path):
    style = make_style("one", 1)
    embed = StyleEmbeddings(encode, "r1", SEEN, None)
    with pytest.raises(StyleError, match=r"'One' cannot be read.*gone\.png"):
        embed(replace(style, image=tmp_path / "gone.png"))
    cut = tmp_path / "cut.png"
    cut.write_bytes(style.image.read_bytes()[:60])
    with pytest.raises(StyleError, match="cannot be read"):
        embed(replace(style, image=cut, sha256=hashlib.sha256(cut.read_bytes()).hexdigest()))


def test_an_encoder_that_gives_nonsense_is_stopped(make_style):
    style = make_style("one", 1)
    for nonsense in (torch.full((1, 3), float("nan")), torch.zeros(1, 4)):
        with pytest.raises(StyleError, match="no usable embedding"):
            StyleEmbeddings(lambda image, answer=nonsense: answer, "r1", SEEN, None)(style)


def test_who_asks_for_a_style_that_only_the_encoder_could_read_is_told_first(make_style, tmp_path):
    def missing():
        raise ModelError("The encoder is not here.")

    known, new = make_style("one", 1), make_style("two", 2)
    StyleEmbeddings(lambda image: torch.ones(1, 3), "r1", SEEN, tmp_path)(known)
    embed = StyleEmbeddings(lambda image: pytest.fail("it was asked"), "r1", SEEN, tmp_path, expect_encoder=missing)
    embed.expect_known([known])
    with pytest.raises(ModelError, match="not here"):
        embed.expect_known([known, new])
    assert torch.equal(embed(known), torch.ones(1, 3))


def count_turns(turns):
    @contextmanager
    def take():
        turns.append(len(turns))
        yield

    return take


def test_all_styles_are_embedded_with_the_encoder_read_once(encode, make_style, tmp_path):
    released, turns = [], []
    styles = [make_style(f"s{number}", number) for number in range(4)]
    embed = StyleEmbeddings(encode, "r1", SEEN, tmp_path, release=lambda: released.append(encode.asked))
    embed(styles[0])
    assert embed.embed_all(styles, count_turns(turns)) == 3
    assert encode.asked == 4 and len(turns) == 4  # one for each, and one to let go of the encoder
    assert released == [1, 4]
    assert embed.embed_all(styles, count_turns(turns)) == 0 and len(turns) == 4


def test_a_picture_in_between_does_not_let_go_of_the_encoder(encode, make_style):
    released, styles = [], [make_style(f"s{number}", number) for number in range(3)]
    embed = StyleEmbeddings(encode, "r1", SEEN, None, release=lambda: released.append(encode.asked))

    @contextmanager
    def draw_first():
        embed.mix_styles(StyleMix.of(styles[2]))
        yield

    embed.embed_all(styles, draw_first)
    assert released[0] >= 3 and encode.asked >= 3


def test_one_file_holds_them_for_the_next_start(encode, make_style, tmp_path):
    styles = [make_style(f"s{number}", number) for number in range(4)]
    StyleEmbeddings(encode, "r1", SEEN, tmp_path).embed_all(styles, count_turns([]))
    assert [path.name for path in tmp_path.iterdir()] == ["r1.safetensors"]
    later = StyleEmbeddings(encode, "r1", SEEN, tmp_path)
    assert later.embed_all(styles, count_turns([])) == 0 and torch.equal(
        later(styles[1]), encode(Image.open(styles[1].image))
    )
    assert StyleEmbeddings(encode, "r2", SEEN, tmp_path).embed_all(styles, count_turns([])) == 4


def test_a_broken_collection_or_style_costs_only_itself(encode, make_style, tmp_path, caplog):
    styles = [make_style("one", 1), replace(make_style("two", 2), sha256="0" * 64)]
    (tmp_path / "r1.safetensors").write_bytes(b"no tensors")
    embed = StyleEmbeddings(encode, "r1", SEEN, tmp_path)
    embed.embed_all(styles, count_turns([]))
    assert "unreadable" in caplog.text and "has changed" in caplog.text
    assert StyleEmbeddings(encode, "r1", SEEN, tmp_path).embed_all(styles[:1], count_turns([])) == 0


def embed_patches(encode, folder, asked):
    def see(image):
        return encode(image)[:, None].expand(1, 5, 3)

    def see_nothing():
        asked.append("nothing")
        return torch.zeros(1, 5, 3)

    return StyleEmbeddings(see, "r1", PATCHES, folder, encode_nothing=see_nothing)


def test_both_kinds_are_kept_side_by_side(encode, make_style, tmp_path):
    style, asked = make_style("one", 1), []
    whole, patches = StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style), embed_patches(encode, tmp_path, asked)(style)
    assert (whole.shape, patches.shape) == ((1, 3), (1, 5, 3))
    assert encode.asked == 2
    assert torch.equal(StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style), whole)
    assert torch.equal(embed_patches(encode, tmp_path, asked)(style), patches)
    assert encode.asked == 2


def test_what_stands_for_no_style_is_kept_too(encode, make_style, tmp_path):
    style, asked = make_style("one", 1), []
    assert torch.equal(StyleEmbeddings(encode, "r1", SEEN, tmp_path).embed_nothing(), torch.zeros(1, 3))
    embed_patches(encode, tmp_path, asked).embed_all([style], count_turns([]))
    assert torch.equal(embed_patches(encode, tmp_path, asked).embed_nothing(), torch.zeros(1, 5, 3))
    assert asked == ["nothing"]


def test_a_file_of_the_other_kind_is_told_and_computed_again(encode, make_style, tmp_path, caplog):
    style, asked = make_style("one", 1), []
    embed_patches(encode, tmp_path, asked).embed_all([style], count_turns([]))
    (collection,) = tmp_path.glob("r1-hidden_states.safetensors")
    collection.rename(tmp_path / "r1.safetensors")
    with caplog.at_level(logging.WARNING):
        assert StyleEmbeddings(encode, "r1", SEEN, tmp_path).embed_all([style], count_turns([])) == 1
    assert "are hidden_states, not image_embeds; computing them again" in caplog.text
    assert encode.asked == 2


def test_a_file_from_before_there_were_kinds_is_read(encode, make_style, tmp_path):
    style = make_style("one", 1)
    save_file({style.sha256: torch.ones(1, 3)}, tmp_path / "r1.safetensors")
    assert torch.equal(StyleEmbeddings(encode, "r1", SEEN, tmp_path)(style), torch.ones(1, 3))
    assert encode.asked == 0
