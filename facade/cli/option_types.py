"""Kinds of options: exact numbers, and files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from surefill.domain.errors import ValidationError
from surefill.domain.numbers import positive

FILE: Final = click.Path(path_type=Path, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, file_okay=False)


def amount(_: click.Context, param: click.Parameter, value: str) -> Decimal:
    """Take an option's text as an exact positive number; for ``callback``.

    Raises:
        click.BadParameter: it was none.
    """
    try:
        return positive(value, str(param.name))
    except ValidationError as error:
        raise click.BadParameter(error.problem) from error
