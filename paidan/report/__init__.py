"""Figures and tables of answers: numpy only."""
