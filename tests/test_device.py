import pytest
import torch

from pipeline.device import choose_device, cuda_trouble
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
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    device, dtype = choose_device("auto")
    assert (device.type, dtype) == expected


@pytest.mark.parametrize("name", ["gpu", "", "CUDA", "tpu:0"])
def test_unknown_devices_are_refused(name):
    with pytest.raises(SettingError, match="auto, cuda, mps, cpu"):
        choose_device(name)


@pytest.mark.parametrize(
    ("tool", "version", "message"),
    [
        (None, "13.0", "no NVIDIA GPU"),
        ("/usr/bin/nvidia-smi", None, "built for CPU only"),
        ("/usr/bin/nvidia-smi", "13.0", "Update the driver"),
    ],
)
def test_a_gpu_that_cannot_be_used_is_told_apart_from_none(monkeypatch, tool, version, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr("shutil.which", lambda name: tool)
    with pytest.raises(SettingError, match=message):
        choose_device("cuda")
    assert (cuda_trouble() is None) == (tool is None)
