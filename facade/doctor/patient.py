"""Whom the doctor examines."""

from __future__ import annotations

from pathlib import Path

import attrs

from surefill.adapters.wire.account import WireExchange
from surefill.ports.clock import Clock


@attrs.frozen(kw_only=True)
class Patient:
    """An exchange account as it is about to be traded on.

    Attributes:
        exchange: the account; None when it could not be built.
        machine: this machine's clock.
        environment: ``local``, ``testnet`` or ``live``.
        host: the address requests go to.
        key: what may be shown of the API key; None when there is none.
        key_environment: what the key is marked for; None when it is not marked.
        failure: why the exchange could not be built, in words without secrets.
    """

    exchange: WireExchange | None
    machine: Clock
    environment: str
    host: str
    key: str | None = None
    key_environment: str | None = None
    failure: str = ""


@attrs.frozen(kw_only=True)
class Place:
    """Where the patient's memory is to be kept.

    Attributes:
        state_dir: the folder of journal and kill file; it need not be there yet.
        audit_dir: the folder of the audit log; likewise.
    """

    state_dir: Path
    audit_dir: Path
