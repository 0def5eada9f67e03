"""Paths as viewers type them, and what they mean decoded."""

import re
from collections.abc import Iterator
from functools import lru_cache

# What may stand in a path as it is [invalidation-specifying-objects: RFC 1738's unsafe characters must be encoded,
# "Do not encode any other characters in the path"].
SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$&'()*+,-./:;=@_")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_RAW = re.compile(r"[^\x21-\x7e]+")


@lru_cache(maxsize=4096)
def decode(path: str) -> str:
    """Percent-decode; bytes that are no UTF-8 stay as Python's "surrogateescape" leaves them.

    A percent sign that is no escape stays one.
    """
    if "%" not in path:
        return path
    raw = bytearray()
    at = 0
    for escape in _ESCAPE.finditer(path):
        raw += path[at : escape.start()].encode("utf-8", "surrogateescape")
        raw.append(int(escape[1], 16))
        at = escape.end()
    raw += path[at:].encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "surrogateescape")


def typed(path: str) -> str:
    """Return a path as an edge takes it from a viewer: one spelling for each name.

    Escapes of what needs none name nothing of their own by the guide ("an over-encoded path …"), and non-ASCII that
    came raw is encoded. `+`, `%2B` and `~` stay as they are: whether they are one name is what nobody says.
    """
    if "%" in path:
        path = _ESCAPE.sub(_needed, path)
    if not path.isascii() or " " in path:
        path = _RAW.sub(
            lambda raw: "".join(f"%{byte:02X}" for byte in raw[0].encode("utf-8", "surrogateescape")), path
        )
    return path


def _needed(escape: re.Match[str]) -> str:
    byte = int(escape[1], 16)
    return chr(byte) if byte in SAFE and byte != ord("+") else f"%{byte:02X}"


def encodings(path: str) -> Iterator[str]:
    """Every way a viewer may type a path: spaces as %20 or +, a plus raw or as %2B, a tilde raw or not."""
    raw = path.encode("utf-8", "surrogateescape")
    canonical = "".join(chr(byte) if byte in SAFE else f"%{byte:02X}" for byte in raw)
    yield canonical
    if " " in path:
        yield canonical.replace("%20", "+")
    if "+" in path:
        yield canonical.replace("+", "%2B")
        yield canonical.replace("+", "%2B").replace("%20", "+")
    if "~" in path:
        yield canonical.replace("%7E", "~")


def normalize(path: str) -> str:
    """RFC 3986 §5.2.4, with slashes merged."""
    while "//" in path:
        path = path.replace("//", "/")
    out = ""
    while path:
        if path.startswith("/../") or path == "/..":
            path = "/" + path[4:]
            out = out.rpartition("/")[0]
        elif path.startswith("/./") or path == "/.":
            path = "/" + path[3:]
        else:
            end = path.find("/", 1)
            end = len(path) if end < 0 else end
            out, path = out + path[:end], path[end:]
    return out
