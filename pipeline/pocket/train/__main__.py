"""Train the pocket model from nothing, or go on where a run was stopped.

    python -m pipeline.pocket.train                                 # everything
    python -m pipeline.pocket.train --stage lessons colours enclosed words export  # colours alone
    python -m pipeline.pocket.train --minutes-times 0.01            # a dry run of all stages

Stages: lessons (fetched drawings become lessons), colours, enclosed (what tells ground that lines enclose), words (what
tells which regions a colour word means); for the image tower, which finds styles for pictures: pack (fetch), pictures
(render), tower; export. Each leaves its result in `data/` or `runs/`, both ignored by git, and is skipped or resumed
when it finds it. Logs are JSON lines in runs/; export writes assets/pocket.
"""

from __future__ import annotations

import argparse

import torch

from pipeline.pocket.train.stages import STAGES, Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, nargs="+", default=[*STAGES], help="all of them if left out")
    parser.add_argument("--minutes-times", type=float, default=1.0, help="longer or shorter than planned")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="of the tower's training; colours are trained on the processor",
    )
    chosen = parser.parse_args()
    torch.manual_seed(0)
    run = Run(chosen.minutes_times, torch.device(chosen.device))
    for name, stage in STAGES.items():
        if name in chosen.stage:
            print(name, flush=True)
            stage(run)


if __name__ == "__main__":
    main()
