"""Paidan 派单: a Chinese customer message in, a routed answer out."""
