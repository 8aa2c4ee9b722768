"""Hand it a signal; get back a position that was opened at most once and is protected, closed, or loudly reported.

Importing this package touches no file, network or log. It logs through loguru and is silent until the host calls
`logger.enable("surefill")`.
"""

from loguru import logger as _logger

from surefill.application.cancel_all import CancelReport
from surefill.application.duties import Duty, DutyKind
from surefill.application.manager import OrderExecutionManager
from surefill.application.reconcile import ReconcileReport
from surefill.application.status import Status
from surefill.domain.alarm import Alarm, AlarmKind, Severity
from surefill.domain.errors import (
    AuthenticationError,
    ClockSkewError,
    ConfigurationError,
    ExchangeUnavailableError,
    JournalError,
    OrderExecutionError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
    SignalConflict,
    SurefillError,
    ValidationError,
)
from surefill.domain.halt import HaltLevel
from surefill.domain.limits import RiskLimits
from surefill.domain.order import Order, OrderKind, OrderStatus
from surefill.domain.protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy
from surefill.domain.refusal import Refusal
from surefill.domain.report import ClosedBy, Correction, ExecutionReport, Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import Direction, MarginType, PositionMode, PositionSide, Side, SignalType, TriggerPrice
from surefill.domain.signal import Signal
from surefill.domain.snapshot import Balance, Position
from surefill.domain.timings import Timings
from surefill.wiring import manager_from_env, open_manager

__version__ = "0.1.0"

__all__ = [
    "Alarm",
    "AlarmKind",
    "AuthenticationError",
    "Balance",
    "CancelReport",
    "ClockSkewError",
    "ClosedBy",
    "ConfigurationError",
    "Correction",
    "Direction",
    "Duty",
    "DutyKind",
    "ExchangeUnavailableError",
    "ExecutionReport",
    "HaltLevel",
    "JournalError",
    "MarginType",
    "OnLateFill",
    "OnUnprotected",
    "Order",
    "OrderExecutionError",
    "OrderExecutionManager",
    "OrderKind",
    "OrderRejectedError",
    "OrderStatus",
    "Outcome",
    "OutcomeUnknownError",
    "Position",
    "PositionMode",
    "PositionSide",
    "ProtectionPolicy",
    "RateLimitedError",
    "ReconcileReport",
    "Refusal",
    "RetryPolicy",
    "RiskLimits",
    "Severity",
    "Side",
    "Signal",
    "SignalConflict",
    "SignalType",
    "Status",
    "SurefillError",
    "Timings",
    "TriggerPrice",
    "ValidationError",
    "__version__",
    "manager_from_env",
    "open_manager",
]

_logger.disable("surefill")
