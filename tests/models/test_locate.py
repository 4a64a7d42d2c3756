import json
import os
import shutil
from dataclasses import replace

import pytest

from pipeline.errors import ModelError
from pipeline.models.catalog import MINILM, POCKET, SD15
from pipeline.models.checks import compute_sha256
from pipeline.models.locate import expect_present, locate_part, locate_text_encoder
from pipeline.models.manifest import seal_manifest
from pipeline.models.profile import ModelPart, TextPackage, WeightFile
from tests.tools.flipped_bytes import flip_bytes
from tests.tools.packaged_folder import make_packaged_profile

PACKAGED = make_packaged_profile()


@pytest.fixture
def copied_folder(packaged_folder, tmp_path):
    return shutil.copytree(packaged_folder, tmp_path / "packaged")


def test_each_part_is_found_with_a_revision_of_its_own(packaged_folder):
    found = {role: locate_part(PACKAGED, role, packaged_folder) for role in PACKAGED.parts}
    assert found["ip_adapter"].path == (packaged_folder / "ip_adapter").resolve()
    assert len({part.revision for part in found.values()}) == len(found)


def weights_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors"))


def test_a_flipped_bit_in_any_weight_file_is_named(copied_folder):
    names = weights_below(copied_folder)
    assert len(names) == 5
    for name in names:
        path = copied_folder / name
        original = path.read_bytes()
        path.write_bytes(original[:-9] + bytes([original[-9] ^ 1]) + original[-8:])
        with pytest.raises(ModelError, match=f"{name} is damaged"):
            locate_part(PACKAGED, "base", copied_folder)
        path.write_bytes(original)
    locate_part(PACKAGED, "base", copied_folder)


def test_a_short_file_is_named_with_both_sizes(copied_folder):
    path = copied_folder / "unet" / "diffusion_pytorch_model.safetensors"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"unet.*has 1000 bytes instead of {size}"):
        locate_part(PACKAGED, "base", copied_folder)


def test_a_changed_config_is_named(copied_folder):
    path = copied_folder / "scheduler" / "scheduler_config.json"
    path.write_text(path.read_text().replace("v_prediction", "epsilon"))
    with pytest.raises(ModelError, match=r"scheduler_config\.json"):
        locate_part(PACKAGED, "base", copied_folder)


def test_a_missing_file_is_named(copied_folder):
    (copied_folder / "ip_adapter" / "ip_adapter.safetensors").unlink()
    with pytest.raises(ModelError, match=r"ip_adapter\.safetensors is missing"):
        locate_part(PACKAGED, "ip_adapter", copied_folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        locate_part(PACKAGED, "base", tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"files": {"a": 1}}', '{"files": []}', '{"files": {"a": {}}}', "{}", "[" * 9_000]
)
def test_a_broken_manifest_is_named(copied_folder, text):
    (copied_folder / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest\.json is not a manifest"):
        locate_part(PACKAGED, "base", copied_folder)


def seal_copy(folder):
    file = folder / "manifest.json"
    file.write_text(json.dumps(seal_manifest(json.loads(file.read_text())), indent=2))
    return file


def test_an_edited_manifest_is_noticed(copied_folder):
    file = seal_copy(copied_folder)
    right = locate_part(PACKAGED, "base", copied_folder).revision
    content, told = file.read_bytes(), 0
    for changed in flip_bytes(content, 48):
        file.write_bytes(changed)
        try:
            assert locate_part(PACKAGED, "base", copied_folder).revision == right  # a space between words
        except ModelError:
            told += 1
    assert told > 24


def test_a_model_that_nothing_else_describes_needs_its_manifest(shipped_folder, tmp_path):
    shutil.copytree(shipped_folder, tmp_path / "pocket")
    assert locate_part(POCKET, "colourist", tmp_path / "pocket").revision
    (tmp_path / "pocket" / "manifest.json").unlink()
    with pytest.raises(ModelError, match=r"manifest\.json is missing"):
        locate_part(POCKET, "colourist", tmp_path / "pocket")


def test_a_pipe_for_a_manifest_is_named(copied_folder):
    (copied_folder / "manifest.json").unlink()
    os.mkfifo(copied_folder / "manifest.json")
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read"):
        locate_part(PACKAGED, "base", copied_folder)


def test_a_manifest_cannot_point_outside_its_folder(copied_folder):
    entry = {"bytes": 1, "sha256": "0" * 64}
    manifest = json.loads((copied_folder / "manifest.json").read_text())
    manifest["files"]["../../outside"] = entry
    (copied_folder / "manifest.json").write_text(json.dumps(manifest))
    locate_part(PACKAGED, "base", copied_folder)  # not looked at, and not read


def test_a_local_folder_without_manifest_is_checked_by_the_table(tmp_path):
    (tmp_path / "net").mkdir()
    path = tmp_path / "net" / "model.safetensors"
    path.write_bytes(b"weights")
    known = WeightFile("model.safetensors", 7, compute_sha256(path))
    profile = replace(SD15, parts={"net": ModelPart("net", files=(known,))})
    before = locate_part(profile, "net", tmp_path).revision
    path.write_bytes(b"weighty")
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        locate_part(profile, "net", tmp_path)
    unknown = replace(profile, parts={"net": ModelPart("net", files=(WeightFile("model.safetensors"),))})
    assert locate_part(unknown, "net", tmp_path).revision != before


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """An empty cache of the Hub on a machine without a network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def test_without_the_hub_the_message_says_what_to_do(hub_cache):
    with pytest.raises(ModelError, match=r"lllyasviel/control_v11p_sd15_canny.*<model folder>/controlnet.*pocket"):
        locate_part(SD15, "controlnet")


def test_files_in_the_hub_cache_are_used_without_a_network_and_checked(hub_cache):
    part = SD15.parts["ip_adapter"]
    path = hub_cache / "models--h94--IP-Adapter" / "snapshots" / part.revision / part.files[0].path
    path.parent.mkdir(parents=True)
    data = (7).to_bytes(8, "little") + b"{}     "  # a whole file of no tensors
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"ip-adapter_sd15\.safetensors has 15 bytes instead of 44642768.*removed"):
        locate_part(SD15, "ip_adapter")
    assert not path.exists()
    path.write_bytes(data)
    known = WeightFile(part.files[0].path, 15, compute_sha256(path))
    profile = replace(SD15, parts={"ip_adapter": replace(part, files=(known,))})
    located = locate_part(profile, "ip_adapter")
    assert located.path == path.parent
    assert located.revision == part.revision


def test_what_a_folder_of_ones_own_lacks_is_told_by_its_place(hub_cache, tmp_path):
    (tmp_path / "taesd").mkdir()
    expect_present(SD15, ["taesd"], tmp_path)
    with pytest.raises(ModelError, match=r"not in \S+/lcm_lora\. Put them there"):
        expect_present(SD15, ["taesd", "lcm_lora"], tmp_path)
    checkpoint = tmp_path / "tuned.safetensors"
    checkpoint.touch()
    with pytest.raises(ModelError, match=r"TAESD: quick previews \(10 MB\)\. Start the download"):
        expect_present(SD15, ["taesd"], checkpoint)


def test_the_packaged_text_encoder_is_found_and_checked():
    assert (locate_text_encoder(MINILM).path / "tokenizer.json").exists()
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        locate_text_encoder(replace(MINILM, sha256="0" * 64))


def test_a_missing_package_comes_with_its_command():
    package = TextPackage("no_such_package", "no-such-package", "model", "", 32, True)
    with pytest.raises(ModelError, match="pip install no-such-package"):
        locate_text_encoder(package)
