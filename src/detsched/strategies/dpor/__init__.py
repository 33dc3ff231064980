"""Optimal dynamic partial-order reduction: every distinguishable ordering of a program, each in exactly one run."""

from .dpor import DPOR

__all__ = ["DPOR"]
