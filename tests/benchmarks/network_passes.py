"""Tell where a picture's time goes: seconds of each network's passes, and how many of them a picture takes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Any, NamedTuple

import torch
from diffusers import DPMSolverMultistepScheduler
from torch import nn

from pipeline.controls import Shortcuts
from pipeline.engine.denoise import Conditions, denoise

SHALLOW = "unet's shallow layers"  # a pass of the UNet on kept deep features


class NetworkPass(NamedTuple):
    network: str
    rows: int


class PassTimer:
    """This times every pass through some networks, from `start` to `stop`. Not on a GPU, which runs behind.

    A UNet's pass lasts from its first convolution to its last one; where the blocks in the middle did not run it is one
    of its shallow layers.
    """

    def __init__(self) -> None:
        self._whole = False  # the UNet's pass under way ran the blocks in the middle
        self.seconds: dict[NetworkPass, list[float]] = defaultdict(list)
        self._since: dict[str, float] = {}
        self._hooks: list[Any] = []

    def start(self, networks: Mapping[str, nn.Module]) -> None:
        for name, network in networks.items():
            if hasattr(network, "up_blocks") and hasattr(network, "conv_out"):
                self._watch_unet(name, network)
                continue
            self._hooks.append(network.register_forward_pre_hook(lambda _, inputs, name=name: self._begin(name)))
            self._hooks.append(
                network.register_forward_hook(
                    lambda _, inputs, output, name=name: self._end(NetworkPass(name, len(inputs[0])))
                )
            )

    def stop(self) -> None:
        while self._hooks:
            self._hooks.pop().remove()

    @property
    def total_seconds(self) -> float:
        return sum(map(sum, self.seconds.values()))

    def _watch_unet(self, name: str, unet: Any) -> None:
        def begin(*_: Any) -> None:
            self._whole = False
            self._begin(name)

        def note_middle(*_: Any) -> None:
            self._whole = True

        def end(_: Any, inputs: Any, output: torch.Tensor) -> None:
            kind = name if self._whole else name.replace("unet", SHALLOW)
            self._since[kind] = self._since[name]
            self._end(NetworkPass(kind, len(output)))

        self._hooks.append(unet.conv_in.register_forward_pre_hook(begin))
        self._hooks.append(unet.mid_block.register_forward_pre_hook(note_middle))
        self._hooks.append(unet.conv_out.register_forward_hook(end))

    def _begin(self, network: str) -> None:
        self._since[network] = time.perf_counter()

    def _end(self, call: NetworkPass) -> None:
        self.seconds[call].append(time.perf_counter() - self._since[call.network])


def count_passes(levers: Shortcuts, steps: int, guidance_scale: float) -> Counter[NetworkPass]:
    """Count the passes of one picture through UNet and ControlNet, by our loop itself over networks that only count."""
    counted: Counter[NetworkPass] = Counter()

    class Unet:
        def __call__(self, sample: torch.Tensor, time: Any, **given: Any) -> torch.Tensor:
            counted[NetworkPass("unet", len(sample))] += 1
            return sample

        def run_whole(self, sample: torch.Tensor, time: Any, **given: Any) -> Any:
            return self(sample, time), sample

        def run_shallow(self, sample: torch.Tensor, time: Any, deep: torch.Tensor, **given: Any) -> torch.Tensor:
            counted[NetworkPass(SHALLOW, len(sample))] += 1
            return sample

    def controlnet(sample: torch.Tensor, time: Any, **given: Any) -> Any:
        counted[NetworkPass("controlnet", len(sample))] += 1
        return [sample], sample

    scheduler = DPMSolverMultistepScheduler()
    scheduler.set_timesteps(steps)
    halves = 2 if guidance_scale > 1 else 1
    steering = Conditions(
        torch.zeros(halves, 3, 4), torch.zeros(halves, 1, 5), torch.zeros(1, 2, 4, 4), guidance_scale, 1.0
    )
    denoise(Unet(), controlnet, scheduler, torch.zeros(1, 2, 4, 4), steering, shortcuts=levers)
    return counted


def count_rows(counted: Mapping[NetworkPass, int], network: str) -> int:
    """Count the rows of all passes through one network together, however it is laid out."""
    return sum(call.rows * times for call, times in counted.items() if strip_layout(call.network) == network)


def strip_layout(network: str) -> str:
    """Return a network's name without its layout."""
    return network.partition(",")[0]


def estimate_seconds(counted: Mapping[NetworkPass, int], known: Mapping[NetworkPass, list[float]]) -> float | None:
    """Return the seconds of these passes, each at its median; None where one of them was never timed."""
    if any(times and not known.get(call) for call, times in counted.items()):
        return None
    return sum(times * median(known[call]) for call, times in counted.items() if times)
