from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SettingError
from pipeline.settings import ROOT, Settings, read_settings


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults name folders of the repository, which a checkout may still lack."""
    monkeypatch.setattr("pipeline.settings.expect_folder", _expect_unless_default)


def _expect_unless_default(name: str, folder: Path) -> None:
    if folder.parent != ROOT and not folder.is_dir():
        raise SettingError(f"{name} is an existing folder; there is none at {folder}.")


def test_defaults_need_nothing_from_outside() -> None:
    settings = read_settings([], {})
    assert (settings.profile, settings.device) == ("auto", "auto")
    assert settings.styles == ROOT / "styles" and settings.assets == ROOT / "assets"
    assert settings.user_dir.is_absolute() and settings.user_dir.name == "croquis"
    assert settings.added_styles.parent == settings.caches.parent == settings.user_dir


def test_command_line_beats_environment(tmp_path: Path) -> None:
    environment = {"CROQUIS_PROFILE": "sd15", "CROQUIS_USER_DIR": str(tmp_path), "HOME": "/elsewhere"}
    settings = read_settings(["--profile", "pocket"], environment)
    assert settings.profile == "pocket"
    assert settings.user_dir == tmp_path


def test_numbers_are_chosen_by_their_names_in_torch() -> None:
    assert read_settings([], {}).dtype == "auto"
    assert read_settings(["--dtype", "bfloat16"], {"CROQUIS_DTYPE": "float32"}).dtype == "bfloat16"


def test_trusted_hosts_are_names_without_port() -> None:
    assert read_settings([], {"CROQUIS_TRUSTED_HOSTS": "Croquis.example, b.example"}).trusted_hosts
    for wrong in ("http://croquis.example", "croquis.example:80", "a,,b", "*"):
        with pytest.raises(SettingError, match="trusted_hosts.*names"):
            read_settings([], {"CROQUIS_TRUSTED_HOSTS": wrong})


def test_origins_are_sites_as_browsers_name_them() -> None:
    assert read_settings([], {"CROQUIS_ORIGINS": "https://school.example, http://localhost:5173"}).origins
    for wrong in (
        "school.example",
        "https://school.example/",
        "*",
        "https://a.example,",
        "ftp://a.example",
        "https://",
    ):
        with pytest.raises(SettingError, match="origins.*https://school.example"):
            read_settings([], {"CROQUIS_ORIGINS": wrong})


def test_proxies_are_addresses_and_a_login_by_one_needs_them() -> None:
    assert read_settings([], {"CROQUIS_PROXIES": "10.0.0.2, 10.1.0.0/16, fd00::/8"}).proxies
    for wrong in ("proxy.example", "10.0.0.2:80", "*", "10.0.0.1/8"):
        with pytest.raises(SettingError, match="proxies.*10.0.0.0/24"):
            read_settings([], {"CROQUIS_PROXIES": wrong})
    with pytest.raises(SettingError, match="needs the proxy's address"):
        read_settings([], {"CROQUIS_LOGIN": "proxy"})
    assert read_settings(["--login", "proxy", "--proxies", "10.0.0.2"], {}).login_header == "x-remote-user"
    with pytest.raises(SettingError, match="login_header.*header's name"):
        read_settings([], {"CROQUIS_LOGIN_HEADER": "x remote"})


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings([], {"CROQUIS_PROFILE": ""}).profile == "auto"


def test_choices_are_read_in_any_case() -> None:
    assert read_settings([], {"CROQUIS_PROFILE": " Pocket "}).profile == "pocket"


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ([], {"CROQUIS_PROFILE": "sdxl"}, ["CROQUIS_PROFILE", "auto, pocket, sd15", "'sdxl'"]),
        ([], {"CROQUIS_DTYPE": "fp16"}, ["CROQUIS_DTYPE", "auto, float32, bfloat16, float16", "'fp16'"]),
        (["--device", "tpu"], {}, ["CROQUIS_DEVICE", "mps", "'tpu'"]),
        ([], {"CROQUIS_PROFIL": "pocket"}, ["CROQUIS_PROFIL is no setting", "CROQUIS_PROFILE"]),
        (["--profil", "pocket"], {}, ["--profil", "--help"]),
        (["--profile"], {}, ["--profile", "expected one argument"]),
        (["--outputs", "a\0b"], {}, ["outputs", "path"]),
        (["--styles", "/nowhere/at/all"], {}, ["styles", "/nowhere/at/all"]),
    ],
)
def test_a_wrong_setting_is_named(arguments: list[str], environment: dict[str, str], words: list[str]) -> None:
    with pytest.raises(SettingError) as raised:
        read_settings(arguments, environment)
    assert all(word in str(raised.value) for word in words), str(raised.value)


def test_an_existing_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingError, match="existing folder"):
        Settings(assets=file, styles=tmp_path)


def test_help_names_every_setting_and_its_variable() -> None:
    code = "from pipeline.settings import read_settings; read_settings(['--help'], {})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert run.returncode == 0
    for name in ("PROFILE", "DEVICE", "DTYPE", "ASSETS", "STYLES", "USER_DIR", "OUTPUTS"):
        assert f"CROQUIS_{name}" in run.stdout


def test_the_host_alone_turns_the_safety_checker_off() -> None:
    assert read_settings([], {}).safety == "on"
    assert read_settings([], {"CROQUIS_SAFETY": " Off "}).safety == "off"
    assert read_settings(["--safety", "off"], {"CROQUIS_SAFETY": "on"}).safety == "off"
    with pytest.raises(SettingError, match="CROQUIS_SAFETY.* is one of on, off; 'maybe' came"):
        read_settings([], {"CROQUIS_SAFETY": "maybe"})


def test_sd15_is_a_folder_or_a_safetensors_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (file := tmp_path / "tuned.safetensors").touch()
    (pickle := tmp_path / "tuned.ckpt").touch()
    (shouted := tmp_path / "TUNED.SAFETENSORS").touch()
    for place in (tmp_path, file, shouted):
        assert read_settings([], {"CROQUIS_SD15": str(place)}).sd15 == place
    for place in (pickle, tmp_path / "nowhere.safetensors"):
        with pytest.raises(SettingError, match="sd15"):
            read_settings(["--sd15", str(place)], {})
    with pytest.raises(SettingError, match=r"\.ckpt is not read.*Convert it to \.safetensors"):
        read_settings([], {"CROQUIS_SD15": str(pickle)})


def test_the_history_is_set_by_words_and_whole_numbers() -> None:
    assert (read_settings([], {}).history, read_settings([], {}).history_api) == ("auto", "off")
    given = {"CROQUIS_HISTORY": " Ask ", "CROQUIS_HISTORY_PICTURES": "500", "CROQUIS_USER_DIR": "/somewhere"}
    settings = read_settings(["--history-megabytes", "20"], given)
    assert (settings.history, settings.history_pictures, settings.history_megabytes) == ("ask", 500, 20)
    assert settings.history_folder == settings.user_dir / "history"


def test_the_pictures_place_is_taken_as_written_and_a_wrong_one_refused_at_the_start() -> None:
    assert read_settings([], {}).pictures == ""
    settings = read_settings([], {"CROQUIS_PICTURES": " memory://Kept "})
    assert settings.pictures == "memory://Kept" and settings.added_styles.parent == settings.caches
    with pytest.raises(SettingError, match="CROQUIS_PICTURES.* s3://bucket/prefix; nosuch:// came"):
        read_settings(["--pictures", "nosuch://bucket"], {})


@pytest.mark.parametrize("came", ["0", "-3", "1e3", "many", "1000001", "9" * 30])
def test_a_wrong_number_is_refused(came: str) -> None:
    with pytest.raises(SettingError, match="CROQUIS_HISTORY_PICTURES.* whole number from 1 to 1,000,000; .* came"):
        read_settings([], {"CROQUIS_HISTORY_PICTURES": came})
    with pytest.raises(SettingError, match="CROQUIS_HISTORY.* is one of auto, on, off, ask; 'yes' came"):
        read_settings([], {"CROQUIS_HISTORY": "yes"})


def test_the_price_is_a_plain_number() -> None:
    assert (read_settings([], {}).price, read_settings([], {"CROQUIS_PRICE": " 0.35 "}).price) == (0.0, 0.35)
    for wrong in ("-1", "nan", "inf", "1e3", "0,35", "1000001"):
        with pytest.raises(SettingError, match="CROQUIS_PRICE.* number from 0 to 1,000,000 such as 0.35; .* came"):
            read_settings([], {"CROQUIS_PRICE": wrong})


def test_measurements_and_log_are_chosen_by_their_words() -> None:
    assert (read_settings([], {}).metrics, read_settings([], {}).log) == ("auto", "text")
    for name, choices in (("METRICS", "auto, on, off"), ("LOG", "text, json")):
        with pytest.raises(SettingError, match=f"CROQUIS_{name}.* is one of {choices}; 'yes' came"):
            read_settings([], {f"CROQUIS_{name}": "yes"})
