"""Ask pip-audit whether a published weakness is known of what the requirements pin: `python -m tests audit`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PINNED = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json")
NO_ANSWER = "Nothing was checked: PyPI's list of weaknesses did not answer ({reason})."


def audit_requirements() -> int:
    """Print what is known of the pinned packages; return the exit status."""
    files = sorted(ROOT.glob("requirements*.txt"))
    options = [option for file in files for option in ("-r", str(file))]
    command = [sys.executable, "-m", "pip_audit", *PINNED, *options]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    status, told = read_audit(done.stdout, done.stderr)
    print(told)
    return status


def read_audit(output: str, errors: str) -> tuple[int, str]:
    """Return the exit status, and what pip-audit found in words. What cannot be asked is told and fails nothing."""
    try:
        packages: Sequence[Mapping[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        lines = [line for line in errors.splitlines() if line.strip()]
        return 0, NO_ANSWER.format(reason=lines[-1].strip() if lines else "it said nothing")
    weak = [(each, fault) for each in packages for fault in each.get("vulns", ())]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if len(skipped) == len(packages):
        return 0, NO_ANSWER.format(reason=f"it knows none of {len(packages)} packages from here")
    told = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version'}"
        for each, fault in weak
    ]
    told += [f"Not known there: {', '.join(skipped)}."] if skipped else []
    checked = len(packages) - len(skipped)
    told.append(f"{checked} packages checked, {len(skipped)} not known there, {len(weak)} weaknesses.")
    return int(bool(weak)), "\n".join(told)
