"""Chance as a function of a name: the same parts give the same numbers on any machine, in any order of asking. Holds no state."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Constants of splitmix64 (Steele, Lea, Flood 2014).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def uniforms(count: int, *name: int | str) -> Floats:
    """`count` numbers strictly between 0 and 1, named by `name`."""
    digest = blake2b("/".join(map(str, name)).encode(), digest_size=8).digest()
    state = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN + np.frombuffer(digest, dtype="<u8")
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    state ^= state >> np.uint64(31)
    numbers: Floats = ((state >> np.uint64(11)).astype(np.float64) + 0.5) / float(1 << 53)
    return numbers


def normals(count: int, *name: int | str) -> Floats:
    """`count` standard normal numbers (Box and Muller), named by `name`."""
    flat = uniforms(2 * count, *name)
    return np.sqrt(-2.0 * np.log(flat[:count])) * np.cos(2.0 * np.pi * flat[count:])
