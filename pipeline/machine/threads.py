"""Set how torch's threads wait for work, before torch is imported."""

from __future__ import annotations

from collections.abc import MutableMapping

WAIT_POLICY = "OMP_WAIT_POLICY"
OWN_SETTINGS = (WAIT_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME")  # a person who set one of these knows better


def calm_threads(environment: MutableMapping[str, str]) -> None:
    """Let OpenMP's threads sleep while they wait, unless the person set otherwise.

    They spin by default, which takes the cores from a browser on the same machine.
    """
    if not any(name in environment for name in OWN_SETTINGS):
        environment[WAIT_POLICY] = "PASSIVE"
