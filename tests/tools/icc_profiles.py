"""Make ICC profiles of RGB spaces: a header, primaries adapted to D50 and one curve (ICC.1:2001-04, matrix/TRC)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65_WHITE, D50_WHITE = (0.3127, 0.3290), (0.3457, 0.3585)
SPACES: Mapping[str, tuple[tuple[tuple[float, float], ...], tuple[float, float], float]] = {  # primaries, white, gamma
    "Display P3": (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65_WHITE, 2.2),
    "Adobe RGB (1998)": (((0.640, 0.330), (0.210, 0.710), (0.150, 0.060)), D65_WHITE, 2.19921875),
    "ProPhoto RGB": (((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), D50_WHITE, 1.8),
    "Rec. 2020": (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65_WHITE, 2.4),
}


def make_profile(name: str) -> bytes:
    """Return the profile of one of SPACES."""
    primaries, white, gamma = SPACES[name]
    columns = adapt_primaries(primaries, white)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    text = name.encode("ascii") + b"\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": write_xyz(D50),
        **{tag: write_xyz(columns[:, number]) for number, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **{tag: curve for tag in (b"rTRC", b"gTRC", b"bTRC")},
    }
    return assemble(tags)


def adapt_primaries(primaries: tuple[tuple[float, float], ...], white: tuple[float, float]) -> NDArray[np.float64]:
    """Return the columns (3, 3) XYZ of red, green and blue at full, adapted from `white` to D50 (Bradford)."""
    colors = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    full = np.array([white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1]])
    cones = np.diag((BRADFORD @ D50) / (BRADFORD @ full))
    return np.asarray(np.linalg.inv(BRADFORD) @ cones @ BRADFORD @ (colors * np.linalg.solve(colors, full)))


def write_xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def assemble(tags: Mapping[bytes, bytes]) -> bytes:
    """Put header, table and data of the tags together, each at a multiple of four bytes."""
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for tag, body in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *(round(float(value) * 65536) for value in D50)) + bytes(48)
    return head[:128].ljust(128, b"\0") + table + data
