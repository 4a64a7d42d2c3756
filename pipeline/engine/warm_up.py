"""Compile ahead of the first picture what one of the usual size runs."""

from __future__ import annotations

from dataclasses import replace

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import make_blank_request
from pipeline.engine.conditioning import RequestEncoder
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoiser import Denoiser
from pipeline.models.profile import ModelProfile


def warm_up(
    profile: ModelProfile, encoder: RequestEncoder, denoiser: Denoiser, decoders: Decoders, has_small_decoder: bool
) -> None:
    """Compile for guidance and none, lines and none, all layers and the shallow ones; or open OpenVINO's graphs of all
    these, which draw nothing for it.
    """
    request = replace(make_blank_request(profile), shortcuts=Shortcuts(guidance_end=0.5, cache_interval=2))
    if denoiser.openvino is not None:
        denoiser.prepare(request, encoder.make_blank_conditions(request))
        return
    for shortcuts in (request.shortcuts, replace(request.shortcuts, control_guidance_end=0.0)):
        blank = replace(request, shortcuts=shortcuts)
        conditions = encoder.make_blank_conditions(blank)
        latents = denoiser.denoise(blank, denoiser.starter.encode_start(blank), conditions)
    decoders.decode_pictures(latents, "full")
    if has_small_decoder:
        decoders.decode_pictures(latents, "small")
