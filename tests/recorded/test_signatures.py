"""Signatures that the exchange's documentation publishes."""

import json
from pathlib import Path

from surefill.adapters.binance.secret import Secret
from surefill.adapters.binance.signing import HmacSigner


def test_published_signatures_are_ours(recorded: Path) -> None:
    """Each published payload, signed with its published key, gives its published signature."""
    vectors = json.loads((recorded / "signatures" / "hmac-vectors.json").read_text(encoding="utf-8"))

    assert vectors
    for vector in vectors:
        signer = HmacSigner(Secret(vector["secret"]))
        assert signer.signature(vector["payload"].encode("ascii")) == vector["signature"], vector["id"]
