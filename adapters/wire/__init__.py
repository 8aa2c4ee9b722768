"""Binance shapes to domain types and back: pure, shared by every adapter that speaks Binance."""
