"""The Exchange port over the simulated Binance, in process, and the faults that can be injected at its door."""

from .exchange import SimulatedExchange, Step
from .fault import Fault, FaultKind
from .faults import FaultPlan, Struck, fault_named
from .latency import Latency
from .tap import Tap

__all__ = ["Fault", "FaultKind", "FaultPlan", "Latency", "SimulatedExchange", "Step", "Struck", "Tap", "fault_named"]
