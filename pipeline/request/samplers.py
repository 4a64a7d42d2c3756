"""List the samplers, which turn noise into a picture, under AUTOMATIC1111's names for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.errors import SettingError


@dataclass(frozen=True)
class Sampler:
    """Sampler names a scheduler of diffusers and its options, over what the model's own configuration says."""

    name: str
    scheduler: str  # class of diffusers
    options: Mapping[str, object]
    ancestral: bool = False  # adds fresh noise at each step; the seed decides that noise too
    schedule: str = ""  # "ays": the timesteps of Align Your Steps; "": the scheduler's own


def make_sampler(
    name: str, scheduler: str, *, ancestral: bool = False, schedule: str = "", **options: object
) -> Sampler:
    """Return a sampler; `options` are those of the scheduler."""
    return Sampler(name, scheduler, MappingProxyType(options), ancestral, schedule)


DPM, UNIPC = "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"
SAMPLER_LIST = (
    make_sampler("DPM++ 2M", DPM, algorithm_type="dpmsolver++", solver_order=2),
    make_sampler("DPM++ 2M Karras", DPM, algorithm_type="dpmsolver++", solver_order=2, use_karras_sigmas=True),
    make_sampler("DPM++ 2M SDE", DPM, ancestral=True, algorithm_type="sde-dpmsolver++", solver_order=2),
    make_sampler("DPM++ 2M AYS", DPM, schedule="ays", algorithm_type="dpmsolver++", solver_order=2),
    make_sampler("UniPC", UNIPC, solver_order=2, solver_type="bh2"),
    make_sampler("UniPC AYS", UNIPC, schedule="ays", solver_order=2, solver_type="bh2"),
    make_sampler("Euler", "EulerDiscreteScheduler"),
    make_sampler("Euler a", "EulerAncestralDiscreteScheduler", ancestral=True),
    # trained on by few-step weights too, which want steps counted back from the noisiest
    make_sampler("DDIM", "DDIMScheduler", clip_sample=False, set_alpha_to_one=False),
    make_sampler(
        "DDIM trailing", "DDIMScheduler", clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing"
    ),
    make_sampler("LCM", "LCMScheduler", ancestral=True, clip_sample=False),
    make_sampler("TCD", "TCDScheduler", ancestral=True, clip_sample=False),
)
SAMPLERS: Mapping[str, Sampler] = MappingProxyType({each.name: each for each in SAMPLER_LIST})
MASKGIT = "MaskGIT"  # the pocket model's own: regions get their colours in rounds, the surest first


def find_sampler(name: str) -> Sampler:
    """Return the sampler of that name. Raises SettingError that lists the names."""
    if name not in SAMPLERS:
        raise SettingError(f"There are the samplers {', '.join(SAMPLERS)}; {name[:40]!r} was asked for.")
    return SAMPLERS[name]
