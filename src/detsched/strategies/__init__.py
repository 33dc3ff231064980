"""Strategies: who makes the choices of a run. Subclass `Strategy` to write your own."""

from .auto import Auto
from .bounded import Bounded
from .dfs import DFS
from .dpor import DPOR
from .follow import Follow
from .random import RandomWalk
from .replay import Replay
from .roundrobin import RoundRobin
from .strategy import Strategy, Turn

__all__ = ["Auto", "Bounded", "DFS", "DPOR", "Follow", "RandomWalk", "Replay", "RoundRobin", "Strategy", "Turn"]
