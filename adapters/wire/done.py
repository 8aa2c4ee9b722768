"""Binance's word that something is done, `{"code": 200, "msg": "success"}`, believed only when it is said."""

from __future__ import annotations

from .call import Call
from .errors import unreadable_error
from .fields import Fields, ParseError

_DONE = "200"


def says_done(body: object) -> bool:
    """Whether *body* says so: the code is a number in some answers, a text in others.

    Raises:
        ParseError: it has no code, or is no JSON object.
    """
    return Fields(body, "answer").identifier("code") == _DONE


def check_done(call: Call, body: object) -> None:
    """Refuse a success that does not say that *call* was done.

    Raises:
        OutcomeUnknownError: it does not; perhaps it was done all the same.
    """
    try:
        done = says_done(body)
    except ParseError as error:
        raise unreadable_error(call, str(error)) from error
    if not done:
        raise unreadable_error(call, "it did not say that it is done")
