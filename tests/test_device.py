import pytest
import torch

from pipeline.device import card_trouble, choose_device, cuda_trouble, driver_version
from pipeline.errors import SettingError


def test_cpu_computes_in_fp32():
    assert choose_device("cpu") == (torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [
        (True, False, ("cuda", torch.float16)),
        (False, True, ("mps", torch.float32)),
        (False, False, ("cpu", torch.float32)),
    ],
)
def test_auto_goes_by_what_is_here(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    device, dtype = choose_device("auto")
    assert (device.type, dtype) == expected


@pytest.mark.parametrize("name", ["gpu", "", "CUDA", "tpu:0"])
def test_unknown_devices_are_refused(name):
    with pytest.raises(SettingError, match="auto, cuda, mps, cpu"):
        choose_device(name)


@pytest.fixture
def no_driver(monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.device.DRIVER_FILE", tmp_path / "none")
    monkeypatch.setattr("shutil.which", lambda name: None)
    return tmp_path


DRIVER_570 = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan 23\nGCC version: 12\n"
OPEN_580 = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder)\n"


@pytest.mark.parametrize(
    ("driver", "cuda", "message"),
    [
        (None, "13.0", "no NVIDIA GPU"),
        (DRIVER_570, None, r"built for the processor only. Reinstall it: pip install --force-reinstall torch==\d"),
        (DRIVER_570, "13.0", "driver 570.86.15 is too old for torch's CUDA 13.0. Update the driver to 580 or newer"),
        (OPEN_580, "13.0", "driver 580.65.06, but torch's CUDA 13.0 cannot open it. Run nvidia-smi"),
        ("something new", "13.0", "driver unknown"),
    ],
)
def test_a_gpu_that_cannot_be_used_is_told_apart_from_none(monkeypatch, no_driver, driver, cuda, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    if driver is not None:
        (no_driver / "none").write_text(driver)
    with pytest.raises(SettingError, match=message):
        choose_device("cuda")
    assert (cuda_trouble() is None) == (driver is None)


@pytest.mark.parametrize(("said", "expected"), [("550.54.14\n550.54.14\n", "550.54.14"), ("NVIDIA-SMI has failed", "")])
def test_the_drivers_version_comes_from_nvidia_smi_where_the_system_has_no_file(
    monkeypatch, no_driver, said, expected
):
    tool = no_driver / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{said!s}'".replace("\n5", "\\n5").replace("14\n'", "14\\n'") + "\n")
    tool.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(tool))
    assert driver_version() == expected


BUILT = ["sm_75", "sm_80", "sm_90a", "sm_120", "compute_120"]


@pytest.mark.parametrize(("capability", "fits"), [((7, 5), True), ((9, 0), True), ((12, 1), True), ((7, 0), False)])
def test_a_card_too_old_for_this_torch_is_told(capability, fits):
    told = card_trouble(capability, BUILT)
    assert (told is None) == fits
    if told:
        assert "7.0" in told and "7.5 and newer" in told and "CROQUIS_DEVICE=cpu" in told
    assert card_trouble(capability, []) is None


def test_a_card_that_cannot_be_opened_is_told(monkeypatch):
    def dead():
        raise RuntimeError("CUDA error: unspecified launch failure\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", dead)
    with pytest.raises(SettingError, match="cannot be opened: CUDA error: unspecified launch failure Restart"):
        choose_device("cuda")


def test_auto_leaves_an_old_card_aloud(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: BUILT)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == (torch.device("cpu"), torch.float32)
    assert "7.5 and newer" in caplog.text
    with pytest.raises(SettingError, match="7.5 and newer"):
        choose_device("cuda")
