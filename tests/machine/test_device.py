import pytest
import torch

from pipeline.errors import SettingError
from pipeline.machine.device import (
    DTYPES,
    choose_device,
    choose_dtype,
    choose_processor_dtype,
    diagnose_card,
    diagnose_cuda,
    has_fast_bf16,
    read_driver_version,
)

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


@pytest.fixture(params=[False, True], ids=["slow in bf16", "quick in bf16"])
def quick(request, monkeypatch):
    """What the processor can do, whatever this one can."""
    monkeypatch.setattr("pipeline.machine.device.has_fast_bf16", lambda: request.param)
    return request.param


def test_a_processor_computes_in_bf16_where_it_is_quick_in_it(quick):
    assert choose_device("cpu") == (CPU, torch.bfloat16 if quick else torch.float32)
    assert choose_processor_dtype("float16") == choose_processor_dtype("auto") == choose_device("cpu")[1]
    assert [choose_dtype(device) for device in (CUDA, MPS)] == [torch.float16, torch.float32]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_pocket_model_draws_in_the_same_numbers_on_every_processor(quick, dtype):
    assert choose_device("cpu", dtype, any_dtype=False) == (CPU, torch.float32)
    assert choose_processor_dtype(dtype, any_dtype=False) == torch.float32


@pytest.mark.parametrize(
    ("device", "dtype"),
    [(CPU, "float32"), (CPU, "bfloat16"), (CUDA, "float32"), (CUDA, "bfloat16"), (MPS, "float16")],
    ids=str,
)
def test_numbers_asked_for_are_taken(quick, monkeypatch, device, dtype):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert choose_dtype(device, dtype) == getattr(torch, dtype)
    assert dtype == "float16" or choose_processor_dtype(dtype) == getattr(torch, dtype)


@pytest.mark.parametrize(
    ("device", "dtype", "message"),
    [
        (CPU, "float16", "'float16'.*not for the device 'cpu', which draws in float32 or bfloat16"),
        (MPS, "bfloat16", "not for the device 'mps', which draws in float32 or float16"),
        (CUDA, "bfloat16", "capability 8.0 or newer; this one draws in float16 or float32"),
        (CPU, "fp32", "auto, float32, bfloat16, float16; 'fp32' was asked for"),
        (CPU, "", "'' was asked for"),
    ],
    ids=str,
)
def test_numbers_that_a_device_does_not_draw_in_are_refused(monkeypatch, device, dtype, message):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    with pytest.raises(SettingError, match=message):
        choose_dtype(device, dtype)


@pytest.mark.parametrize(
    ("said", "allowed", "expected"),
    [
        ({"amx_bf16": True}, True, True),
        ({"amx_bf16": True}, False, False),
        ({"amx_bf16": False}, True, False),
        ({"amx_bf16": True, "avx512_bf16": True, "cpu_name": "INTEL Sapphire Rapids"}, False, False),
        ({"amx_bf16": False, "avx512_bf16": True, "cpu_name": "AMD EPYC"}, False, True),
        ({"amx_bf16": False, "avx512_bf16": False, "cpu_name": "AMD EPYC"}, False, False),
        ({"amx_bf16": False, "avx512_bf16": True}, False, False),
        ({"architecture": "aarch64"}, True, False),  # Arm's list has no such word
    ],
)
def test_quick_bf16_is_asked_of_the_processor_and_of_the_system(monkeypatch, said, allowed, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: said)
    monkeypatch.setattr(torch.cpu, "_init_amx", lambda: allowed)
    assert has_fast_bf16() is expected
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert has_fast_bf16() is False


def test_this_processor_is_asked_without_an_error():
    assert has_fast_bf16() in (True, False)


@pytest.fixture
def slow_bf16(monkeypatch):
    monkeypatch.setattr("pipeline.machine.device.has_fast_bf16", lambda: False)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [
        (True, False, ("cuda", torch.float16)),
        (False, True, ("mps", torch.float32)),
        (False, False, ("cpu", torch.float32)),
    ],
)
def test_auto_goes_by_what_is_here(monkeypatch, slow_bf16, cuda, mps, expected):
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
    monkeypatch.setattr("pipeline.machine.device.DRIVER_FILE", tmp_path / "none")
    monkeypatch.setattr("shutil.which", lambda name: None)
    return tmp_path


DRIVER_570 = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan 23\nGCC version: 12\n"
OPEN_580 = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder)\n"


@pytest.mark.parametrize(
    ("driver", "cuda", "message"),
    [
        (None, "13.0", "no NVIDIA GPU"),
        (DRIVER_570, None, r"built for the processor only.*torch==[\d.]+ --index-url \S+/whl/cu126$"),
        (OPEN_580, None, r"built for the processor only.*torch==[\d.]+ --index-url \S+/whl/cu130$"),
        ("something new", None, r"--index-url \S+/whl/cu130$"),
        (DRIVER_570, "13.0", r"driver 570.86.15 is too old for torch's CUDA 13.0. Update.* 580 or newer.*/whl/cu126$"),
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
    assert (diagnose_cuda() is None) == (driver is None)


@pytest.mark.parametrize(("said", "expected"), [("550.54.14\n550.54.14\n", "550.54.14"), ("NVIDIA-SMI has failed", "")])
def test_the_drivers_version_comes_from_nvidia_smi_where_the_system_has_no_file(monkeypatch, no_driver, said, expected):
    tool = no_driver / "nvidia-smi"
    answer = f"printf '{said!s}'".replace("\n", "\\n")
    tool.write_text(f'#!/bin/sh\n[ "$1" = --query-gpu=driver_version ] || exit 2\n{answer}\n')
    tool.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(tool))
    assert read_driver_version() == expected


BUILT = ["sm_75", "sm_80", "sm_90a", "sm_120", "compute_120"]


@pytest.mark.parametrize(("capability", "fits"), [((7, 5), True), ((9, 0), True), ((12, 1), True), ((7, 0), False)])
def test_a_card_too_old_for_this_torch_is_told(capability, fits):
    told = diagnose_card(capability, BUILT)
    assert (told is None) == fits
    if told:
        assert "7.0" in told and "7.5 and newer" in told and "CROQUIS_DEVICE=cpu" in told and told.endswith("/cu126")
    assert diagnose_card(capability, []) is None


def test_a_card_that_cannot_be_opened_is_told(monkeypatch):
    def dead():
        raise RuntimeError("CUDA error: unspecified launch failure\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", dead)
    with pytest.raises(SettingError, match="cannot be opened: CUDA error: unspecified launch failure. Restart"):
        choose_device("cuda")


def test_auto_leaves_an_old_card_aloud(monkeypatch, slow_bf16, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 0))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: BUILT)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == (torch.device("cpu"), torch.float32)
    assert "7.5 and newer" in caplog.text
    with pytest.raises(SettingError, match="7.5 and newer"):
        choose_device("cuda")
