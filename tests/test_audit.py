"""`python -m tests audit`: weaknesses fail it, and where nothing could be asked it says so."""

from __future__ import annotations

import json

from tests.tools.audit import read_audit

CLEAN = {"name": "pillow", "version": "12.3.0", "vulns": []}
WEAK = {"name": "gradio", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "mcp", "skip_reason": "Dependency not found on PyPI"}


def test_a_weakness_fails_and_is_named() -> None:
    status, told = read_audit(json.dumps({"dependencies": [CLEAN, WEAK, UNKNOWN]}), "")
    assert status == 1 and "gradio 1.0: CVE-1, mended in 1.1" in told
    assert "2 packages checked, 1 not known there, 1 weaknesses." in told and "Not known there: mcp." in told


def test_without_one_it_passes() -> None:
    assert read_audit(json.dumps({"dependencies": [CLEAN]}), "warnings")[0] == 0


def test_without_a_network_it_says_that_nothing_was_checked() -> None:
    status, told = read_audit(json.dumps({"dependencies": [UNKNOWN]}), "")
    assert status == 0 and told.startswith("Nothing was checked")
    status, told = read_audit("", "WARNING:x\nERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\n")
    assert status == 0 and told.startswith("Nothing was checked") and "Could not connect" in told
