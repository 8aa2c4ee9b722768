"""Alerts: where alarms go when the host has nothing better."""

from .log import LogAlerts

__all__ = ["LogAlerts"]
