"""Pictures are signed by a host's key, as C2PA's own reader sees it; without a key nothing of a file changes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import c2pa
import numpy as np
import pytest

from pipeline.errors import NotSigned, SettingError
from pipeline.picture.outputs import Outputs
from pipeline.picture.png_file import read_picture, write_picture
from pipeline.picture.signing import CERTIFICATES, KEY, Signer
from pipeline.settings import ROOT
from pipeline.values import StartPicture
from tests.picture.test_carried_strokes import make_result  # noqa: F401
from tests.tools.certificates import Chain, make_chain


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_chain().write(tmp_path_factory.mktemp("key"))


def read_manifest(data: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return what C2PA's reader says of a file: its state, and the manifest."""
    with c2pa.Reader("image/png", io.BytesIO(data)) as reader:
        told = json.loads(reader.json())
        return reader.get_validation_state(), told["manifests"][told["active_manifest"]]


def find_source_type(manifest: Mapping[str, Any]) -> str:
    (actions,) = [
        each["data"]["actions"] for each in manifest["assertions"] if each["label"].startswith("c2pa.actions")
    ]
    return str(actions[0]["digitalSourceType"].rpartition("/")[2])


def test_a_signed_picture_is_valid_for_the_reader_and_says_that_a_model_made_it(
    make_result: Any,  # noqa: F811
    key: Path,
    tmp_path: Path,
) -> None:
    result = make_result(None)
    data = Outputs(tmp_path, key).write_picture(result).read_bytes()
    state, manifest = read_manifest(data)
    assert state == "Valid" and manifest["signature_info"]["common_name"] == "Croquis tests"
    assert find_source_type(manifest) == "trainedAlgorithmicMedia"
    start = StartPicture(np.zeros((result.request.height, result.request.width, 3), np.uint8))
    edited = write_picture(replace(result, request=replace(result.request, start=start)), Signer(key))
    assert find_source_type(read_manifest(edited)[1]) == "compositeWithTrainedAlgorithmicMedia"


def test_the_recipe_of_a_signed_picture_is_read_as_before(make_result: Any, key: Path) -> None:  # noqa: F811
    result = make_result(None)
    style = result.request.styles.parts[0][0]
    signed, unsigned = write_picture(result, Signer(key)), write_picture(result)
    assert read_picture(signed, lambda _: style) == read_picture(unsigned, lambda _: style)


def test_without_a_key_equal_pictures_have_equal_bytes(make_result: Any, tmp_path: Path) -> None:  # noqa: F811
    written = [Outputs(tmp_path / str(each)).write_picture(make_result(None)).read_bytes() for each in range(2)]
    assert written[0] == written[1] == write_picture(make_result(None)) and b"caBX" not in written[0]


def test_a_changed_pixel_is_seen_by_the_reader(make_result: Any, key: Path) -> None:  # noqa: F811
    data = bytearray(write_picture(make_result(None), Signer(key)))
    data[data.rindex(b"IDAT") + 60] ^= 1
    assert read_manifest(bytes(data))[0] == "Invalid"


@pytest.mark.parametrize("kind", ["ps256", "ed25519"])
def test_keys_of_other_kinds_sign_too(kind: str, make_result: Any, tmp_path: Path) -> None:  # noqa: F811
    signed = write_picture(make_result(None), Signer(make_chain(kind).write(tmp_path)))
    assert read_manifest(signed)[1]["signature_info"]["alg"].lower() == kind


OWN, OTHER = make_chain(), make_chain()


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        (Chain(OWN.certificates, OTHER.key), "belong together"),
        (make_chain(years=0), "not valid at time of signing"),
        (Chain(b"x", b"y"), "can be signed"),
        (None, f"{CERTIFICATES}: No such file"),
    ],
)
def test_a_key_that_signs_nothing_is_told_at_the_start(chain: Chain | None, words: str, tmp_path: Path) -> None:
    folder = tmp_path if chain is None else chain.write(tmp_path)
    with pytest.raises(SettingError, match=words) as refused:
        Outputs(None, folder)
    assert "CROQUIS_C2PA" in str(refused.value) and "PRIVATE" not in str(refused.value)


def test_a_picture_that_can_be_signed_no_more_is_not_handed_out_unsigned(
    make_result: Any,  # noqa: F811
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signer = Signer(key)

    def fail(*_: object) -> None:
        raise c2pa.C2paError("Signature: the certificate has expired")

    monkeypatch.setattr(c2pa.Builder, "sign", fail)
    with pytest.raises(NotSigned, match="could not be signed"):
        write_picture(make_result(None), signer)


def test_the_package_is_loaded_where_a_key_is_given_and_asked_for_where_it_is_missing(key: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pipeline.errors import SettingError\n"
        "from pipeline.picture.outputs import Outputs\n"
        "Outputs(None)\n"
        "print('c2pa' in sys.modules)\n"
        "sys.modules['c2pa'] = None\n"
        "try:\n"
        f"    Outputs(None, Path({str(key)!r}))\n"
        "except SettingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False\n") and "pip install -r requirements-c2pa.txt" in done.stdout


def test_the_file_is_named_that_cannot_be_read(tmp_path: Path) -> None:
    OWN.write(tmp_path)
    (tmp_path / KEY).unlink()
    with pytest.raises(SettingError, match=f"{KEY}: No such file"):
        Signer(tmp_path)
    (tmp_path / KEY).mkdir()
    with pytest.raises(SettingError, match=f"{KEY}: it is a folder"):
        Signer(tmp_path)
