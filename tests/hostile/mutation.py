"""Makes an input that is nearly right from two that are."""

import random

_TOKENS = (
    b"null", b"-1", b"1e999", b"NaN", b"9" * 5000, b'""', b"{}", b"[]", b"\\u0000", b"\\ud800", b"\\u2028", b"%",
    b"%C3", b"~", b"*", b"/../", b"?", b"\x1b[2J", b"\n", b"\x00", b"\xff", b"," * 3, b"[" * 300, b"true", b'"a":',
    b"a" * 5000,
)  # fmt: skip


def mutated(one: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return `one` with a few places cut out, doubled, or replaced by a token or a part of `other`."""
    data = one
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice((0, 1, 4, 30)))
        cut = chance.randint(0, len(other))
        new = chance.choice(
            (b"", data[start:end] * 2, chance.choice(_TOKENS), other[cut : cut + 20], chance.randbytes(2))
        )
        data = data[:start] + new + data[end:]
    return data
