"""Train a LoRA a step at a time: AdamW on the attention's projections, as diffusers' train_text_to_image_lora does."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.errors import Overflow
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.lora import add_lora, export_lora, list_lora, share_unet
from pipeline.teaching.loss import add_noise, compute_loss, compute_target
from pipeline.teaching.material import Material
from pipeline.teaching.networks import OVERFLOWED, LentNetworks

log = logging.getLogger(__name__)

MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # of AdamW, for each parameter
State = dict[str, Tensor]


class Trainer:
    """Trainer holds a LoRA, its optimizer and its random numbers; equal lessons on equal networks give equal weights.

    The networks are an engine's: each call gets them anew, and between two calls the engine draws as ever.
    """

    def __init__(self, lesson: Lesson, material: Material, *, checkpointing: bool = False) -> None:
        self._lesson, self._material = lesson, material
        self._checkpointing = checkpointing
        self._generator = torch.Generator().manual_seed(lesson.seed)
        self._source: Any = None  # the engine's UNet that the weights are shared with
        self._numbers: torch.dtype | None = None  # that it computes in
        self._unet: Any = None
        self._optimizer: Any = None
        self._scaler: Any = None
        self._restored: State = {}  # what the layers begin with once there is a UNet
        self.losses: list[float] = []  # of each step

    @property
    def step(self) -> int:
        """Return how many steps are done."""
        return len(self.losses)

    def run_step(self, networks: LentNetworks) -> float:
        """Learn from one batch and return its loss. Raises what torch raises where memory ran out, and Overflow where
        loss or gradients are not finite; the step is then not done, and may be tried again.
        """
        self.attach(networks)
        before = self._generator.get_state()
        try:
            loss = self._learn(networks)
        except BaseException:
            self._generator.set_state(before)
            self._optimizer.zero_grad(set_to_none=True)
            raise
        self.losses.append(loss)
        return loss

    def save_memory(self) -> bool:
        """Compute activations again from now on in place of keeping them; return False where that is so already."""
        if self._checkpointing:
            return False
        self._checkpointing = True
        if self._unet is not None:
            self._unet.enable_gradient_checkpointing()
        return True

    def export(self) -> dict[str, Tensor]:
        """Return the LoRA as diffusers reads it."""
        return export_lora(self._unet)

    def pack(self) -> State:
        """Return all that the next step depends on: LoRA, optimizer, random numbers, the losses so far."""
        state = {f"lora.{name}": value.detach().to("cpu", copy=True) for name, value in list_lora(self._unet)}
        for name, parameter in list_lora(self._unet):
            held = self._optimizer.state.get(parameter, {})
            state |= {f"{moment}.{name}": held[moment].to("cpu", copy=True) for moment in MOMENTS if moment in held}
        scaled = self._scaler.state_dict() if self._scaler.is_enabled() else {}
        return state | {
            "random": self._generator.get_state(),
            "losses": torch.tensor(self.losses, dtype=torch.float64),
            "scaler": torch.tensor([scaled.get("scale", 0.0), scaled.get("_growth_tracker", 0)], dtype=torch.float64),
        }

    def restore(self, state: State) -> None:
        """Go on from what `pack` returned."""
        self._generator.set_state(state["random"])
        self.losses = state["losses"].tolist()
        self._restored, self._source = state, None

    def attach(self, networks: LentNetworks) -> None:
        """Build the LoRA's UNet over the engine's weights: at the start, and where the engine read them again or
        widened their numbers.
        """
        if self._source is networks.unet and self._numbers == networks.dtype:
            return
        state = self._restored or (self.pack() if self._unet is not None else {})
        unet = share_unet(networks.unet)
        self._unet = add_lora(unet, self._lesson.rank, self._lesson.seed)
        self._source, self._numbers = networks.unet, networks.dtype
        if self._checkpointing:
            self._unet.enable_gradient_checkpointing()
        parameters = [parameter for _, parameter in list_lora(self._unet)]
        self._optimizer = torch.optim.AdamW(
            parameters, lr=self._lesson.learning_rate, weight_decay=self._lesson.adam_weight_decay
        )
        self._scaler = torch.amp.GradScaler(networks.device.type, enabled=needs_loss_scaling(networks))
        self._load(state)
        self._restored = {}

    def _load(self, state: State) -> None:
        """Put the packed numbers into layers, optimizer and loss scaling."""
        for name, parameter in list_lora(self._unet):
            if f"lora.{name}" in state:
                parameter.data.copy_(state[f"lora.{name}"])
            held = {moment: state[f"{moment}.{name}"] for moment in MOMENTS if f"{moment}.{name}" in state}
            if held:
                on_device = {
                    m: v.clone() if m == "step" else v.to(parameter.device, copy=True) for m, v in held.items()
                }
                self._optimizer.state[parameter] = on_device
        if self._scaler.is_enabled() and "scaler" in state:
            scale, tracker = state["scaler"].tolist()
            known = self._scaler.state_dict()
            self._scaler.load_state_dict({**known, "scale": scale or known["scale"], "_growth_tracker": int(tracker)})

    def _learn(self, networks: LentNetworks) -> float:
        """Draw a batch, compute its loss, and move the weights."""
        latents, words, noise, times = self._draw_batch(networks.scheduler)
        noisy = add_noise(networks.scheduler, latents, noise, times)
        target = compute_target(networks.scheduler, latents, noise, times)
        device, dtype = networks.device, networks.dtype
        with torch.inference_mode(False), torch.enable_grad(), choose_precision(networks):
            output = self._unet(
                noisy.to(device, dtype),
                times.to(device),
                encoder_hidden_states=words.to(device, dtype),
                return_dict=False,
            )[0]
            loss = compute_loss(networks.scheduler, output, target, times, self._lesson.snr_gamma)
        if not torch.isfinite(loss):
            raise Overflow(OVERFLOWED)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimizer)
        parameters = [parameter for _, parameter in list_lora(self._unet)]
        norm = nn.utils.clip_grad_norm_(parameters, self._lesson.max_grad_norm)
        if not torch.isfinite(norm) and not self._will_be_scaled_down():
            raise Overflow(OVERFLOWED)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    def _will_be_scaled_down(self) -> bool:
        """Return whether a step whose gradients overflow is left out and the next ones' are scaled less."""
        return bool(self._scaler.is_enabled() and self._scaler.get_scale() >= 1)

    def _draw_batch(self, scheduler: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw squares' latents, their captions, noise and times, on the CPU, where a seed always means the same."""
        material, count, random = self._material, self._lesson.train_batch_size, self._generator
        places = torch.randint(len(material.means), (count,), generator=random)
        means, spreads = material.means[places], material.spreads[places]
        latents = means + spreads * torch.randn(means.shape, generator=random)
        silent = torch.rand(count, generator=random) < self._lesson.proportion_empty_prompts
        owners = torch.where(silent, len(material.captions) - 1, material.owners[places])
        noise = torch.randn(means.shape, generator=random)
        times = torch.randint(len(scheduler.alphas_cumprod), (count,), generator=random)
        return latents, material.captions[owners], noise, times


def choose_precision(networks: LentNetworks) -> AbstractContextManager[Any]:
    """Return what the UNet is run in: mixed precision on CUDA alone, LoRA and loss in 32 bits everywhere."""
    if networks.device.type != "cuda" or networks.dtype == torch.float32:
        return nullcontext()
    return torch.autocast("cuda", dtype=networks.dtype)


def needs_loss_scaling(networks: LentNetworks) -> bool:
    """Return whether gradients would vanish unscaled: in 16 bits with few bits of exponent."""
    return networks.device.type == "cuda" and networks.dtype == torch.float16
