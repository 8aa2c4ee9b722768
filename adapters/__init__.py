"""How the outside is reached: exchanges, journals, audit logs, alerts and clocks."""
