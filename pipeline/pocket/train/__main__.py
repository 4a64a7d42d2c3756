"""Train the pocket model from nothing, or go on where a run was stopped.

    python -m pipeline.pocket.train                      # everything, by the plan for this machine
    python -m pipeline.pocket.train --stage denoiser     # one stage
    python -m pipeline.pocket.train --from-shipped       # go on from assets/pocket: its autoencoder and tower stay
    python -m pipeline.pocket.train --minutes-times 0.01 # a dry run of all stages; --plan cuda: of a GPU's
    torchrun --nproc-per-node 2 -m pipeline.pocket.train # the same by two processes: on two cores 1.5 times as fast

Stages: pack (fetch), pictures (render), autoencoder, tower, prepare, denoiser, together, export. Each leaves
its result in `data/` or `runs/`, both ignored by git, and is skipped or resumed when it finds it. The same code and
plan run on CPU and CUDA (bf16 where that is faster); logs are JSON lines in runs/<part>.jsonl, contact sheets
runs/sheet-<part>-<step>.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from pipeline.pocket.train import parallel
from pipeline.pocket.train.recipes import PLANS, scale_recipe
from pipeline.pocket.train.stages import SHARED, SHIPPED, STAGES, Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=[*STAGES, "all"], default="all")
    parser.add_argument(
        "--from-shipped",
        type=Path,
        nargs="?",
        const=SHIPPED,
        metavar="FOLDER",
        help=f"go on from weights as they are shipped, in {SHIPPED} or elsewhere; where the folder "
        "holds autoencoder and image tower alone, the rest begins with nothing",
    )
    parser.add_argument("--minutes-times", type=float, default=1.0, help="longer or shorter than the plan")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--plan", choices=PLANS, help="for this device; another one's, to try it")
    chosen = parser.parse_args()
    parallel.join_processes()
    torch.manual_seed(0)
    run = Run(
        scale_recipe(PLANS[chosen.plan or chosen.device], chosen.minutes_times),
        torch.device(chosen.device),
        from_shipped=chosen.from_shipped,
    )
    for name, stage in STAGES.items():
        if chosen.stage in (name, "all"):
            if name in SHARED or not parallel.read_rank():
                print(name, flush=True)
                stage(run)
            parallel.wait_for_all()
    parallel.leave_processes()


if __name__ == "__main__":
    main()
