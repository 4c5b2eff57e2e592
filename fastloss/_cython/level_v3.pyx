"""The formulas and loops, compiled for one instruction-set level (setup.py says which)."""

from .level cimport level_tables

TABLES = level_tables()
