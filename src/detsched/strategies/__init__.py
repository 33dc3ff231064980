"""Strategies: who makes the choices of a run. Subclass `Strategy` to write your own."""

from .random import RandomWalk
from .replay import Replay
from .roundrobin import RoundRobin
from .strategy import Strategy, Turn

__all__ = ["RandomWalk", "Replay", "RoundRobin", "Strategy", "Turn"]
