"""Where the recorded market data lies that these tests read; it is never part of the repository."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[2] / ".." / "shared" / "recorded"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded data, from SUREFILL_RECORDED or beside the checkout; skips without it, fails under CI."""
    folder = Path(os.environ.get("SUREFILL_RECORDED") or _DEFAULT)
    if folder.is_dir():
        return folder.resolve()
    reason = f"no recorded data at {folder}; set SUREFILL_RECORDED to the folder that holds it"
    if os.environ.get("CI", "").lower() not in ("", "0", "false", "no"):
        pytest.fail(f"{reason} (CI is set, so this may not be skipped)")
    pytest.skip(reason)
