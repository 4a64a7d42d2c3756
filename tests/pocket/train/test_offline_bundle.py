"""What travels to a machine without a network: the text tower says there what it says here, for what is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.models.catalog import MINILM
from pipeline.pocket.data.pack import Pack, Thing
from pipeline.pocket.train import text
from pipeline.pocket.train.offline_bundle import list_caption_texts, pack_text

SAID = ("a red fox in the snow", "a house by the sea, woodcut")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("gpu")
    assert 15 < pack_text(into, SAID) < 30  # the words said and five special ones
    assert (into / "site.zip").stat().st_size < 25e6 and not (into / "site").exists()
    with zipfile.ZipFile(into / "site.zip") as archive:
        archive.extractall(into / "there")
    return into / "there"


def test_the_words_that_travel_mean_the_same_there(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = text.encode_tokens(SAID, *text.load_text_tower())
    monkeypatch.setattr(text, "find_package_folder", lambda package: unpacked / package.package / package.folder)
    tokenizer, tower = text.load_text_tower()
    np.testing.assert_allclose(text.encode_tokens(SAID, tokenizer, tower.float()), here, atol=0.02)
    left_out = tokenizer("violin")["input_ids"][1]
    assert not tower.embeddings.word_embeddings.weight[left_out].any()
    assert (unpacked / MINILM.package / "__init__.py").is_file()


def test_everything_that_captions_may_say_is_gathered(tmp_path: Path) -> None:
    (tmp_path / "pictures" / "shard-0000").mkdir(parents=True)
    record = '[{"caption": "a blue owl", "look": "plain/0", "style": "plain"}]'
    (tmp_path / "pictures" / "shard-0000" / "records.json").write_text(record)
    (tmp_path / "styles" / "ice").mkdir(parents=True)
    (tmp_path / "styles" / "ice" / "style.json").write_text('{"id": "ice", "name": "Ice", "words": ["frozen"]}')
    things = tuple(Thing(name, (), "Objects", held_out, (), ()) for name, held_out in (("fox", False), ("yak", True)))
    gathered = set(list_caption_texts(Pack(things), tmp_path / "pictures", tmp_path / "styles"))
    assert {"a blue owl", "fox", "yak", "Ice", "frozen"} <= gathered
