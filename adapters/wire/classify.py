"""What one answer to one sent order lets us conclude: a pure function over a written list. The rest is UNKNOWN."""

from __future__ import annotations

from ...domain.order import Order, OrderRequest
from ...domain.refusal import Refusal
from ...domain.reply import Reply, ReplyKind
from .codes import CODES, Rule
from .fields import ParseError
from .orders import parse_algo_order, parse_order
from .problem import SERVICE_UNAVAILABLE, Problem, problem_of

TOO_MANY_REQUESTS = 429
BANNED = 418
FORBIDDEN = 403
REQUEST_TIMEOUT = 408
UNAVAILABLE = 503

_OVERLOADED = Rule(ReplyKind.RETRYABLE, Refusal.OVERLOADED)
_LIMITED = Rule(ReplyKind.RETRYABLE, Refusal.RATE_LIMITED)
_BANNED = Rule(ReplyKind.RETRYABLE, Refusal.BANNED)


def classify(status: int, body: object, request: OrderRequest) -> Reply:
    """Return the reply that *status* and *body* (any JSON value) amount to; it never raises.

    ACCEPTED needs a 2xx status, a body that parses strictly, our client id, symbol and side echoed, and a numeric order
    id. A refusal needs a status and a code (or, for 503, the exact text) on the list; anything else is UNKNOWN.
    """
    if 200 <= status < 300:
        return _success(body, request)
    problem = problem_of(body)
    rule = rule_of(status, problem)
    if rule is None:
        return Reply(ReplyKind.UNKNOWN, code=problem.code, text=problem.text or f"HTTP {status}")
    refusal = None if rule.kind is ReplyKind.UNKNOWN else rule.refusal
    return Reply(rule.kind, refusal=refusal, code=problem.code, text=problem.text or f"HTTP {status}")


def rule_of(status: int, problem: Problem) -> Rule | None:
    """Return the rule for an answer that is no success, or None when no list names it."""
    if status == BANNED or (problem.code == -1003 and problem.banned_until_ms is not None):
        return _BANNED
    if status == TOO_MANY_REQUESTS:
        return _LIMITED
    if status == UNAVAILABLE:
        refused = problem.text == SERVICE_UNAVAILABLE or problem.code == -1008
        return _OVERLOADED if refused else None
    if not 400 <= status < 500 or status == REQUEST_TIMEOUT:
        return None
    if problem.code == -1106 and "reduceonly" in problem.text.lower():
        # one-way accounts may send reduceOnly: the account was switched to hedge mode under us
        return Rule(ReplyKind.REJECTED, Refusal.POSITION_MODE)
    if problem.code is None and status == FORBIDDEN:
        return _LIMITED  # the web application firewall, before any order service
    return None if problem.code is None else CODES.get(problem.code)


def _success(body: object, request: OrderRequest) -> Reply:
    try:
        order = parse_algo_order(body).order if request.kind.conditional else parse_order(body)
    except ParseError as error:
        return Reply(ReplyKind.UNKNOWN, text=str(error))
    mismatch = _mismatch(order, request)
    if mismatch:
        return Reply(ReplyKind.UNKNOWN, text=mismatch)
    return Reply(ReplyKind.ACCEPTED, order=order)


def _mismatch(order: Order, request: OrderRequest) -> str:
    """Name the first way in which *order* is not the one we sent; empty when it is."""
    echoes = (
        ("client id", order.client_id, request.client_id),
        ("symbol", order.symbol, request.symbol),
        ("side", order.side.value, request.side.value),
    )
    for name, seen, sent in echoes:
        if seen != sent:
            return f"the answer is for another {name}: sent {sent}, was {seen[:40]!a}"
    return ""
