"""What a finished paper run leaves in its state directory, for the verbs that come later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import attrs

from surefill.cli.moments import iso
from surefill.cli.output_files import OutputFiles
from surefill.cli.result import ReplayResult
from surefill.domain.errors import ConfigurationError
from surefill.domain.numbers import plain

NAME: Final = "paper.json"


@attrs.frozen
class PaperFile:
    """``paper.json`` in a state directory: the balances a paper exchange ended with, when its process is gone."""

    state_dir: Path

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.state_dir / NAME

    def write(self, result: ReplayResult) -> None:
        """Write down how a run ended."""
        self.write_balances({result.asset: (plain(result.balance_start), plain(result.balance_end))}, result.last_ms)

    def write_balances(self, balances: Mapping[str, tuple[str, str]], at_ms: int) -> None:
        """Write down the wallets, before and after, by asset."""
        content = {
            "environment": "paper",
            "at": iso(at_ms),
            "balances": {asset: {"start": start, "end": end} for asset, (start, end) in balances.items()},
        }
        outputs = OutputFiles()
        try:
            outputs.lines(self.path, [json.dumps(content, indent=2)])
            outputs.commit()
        finally:
            outputs.discard()

    def read(self) -> Mapping[str, object] | None:
        """Return what was written; None when nothing was.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        try:
            content: object = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error}") from error
        if not isinstance(content, dict) or "balances" not in content:
            raise ConfigurationError(f"{self.path} was not written by surefill")
        return cast("Mapping[str, object]", content)
