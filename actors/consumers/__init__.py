"""The journal's consumers, a module for each: the projection, its pace, and what it is made of.

A module is imported by the process of its consumer alone (`actors/projection.py`), so that none loads what another
needs. Each has `PACE` and `make(parts)`.
"""
