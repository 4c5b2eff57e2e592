"""numba on all threads."""

from . import numba_loops


class Rival(numba_loops.Rival):
    """The same loops, shared among threads."""

    parallel = True
