"""The demo's site: a bucket, two distributions of it, and uploads to it."""

import mimetypes
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.demo.proof import Changed

BUCKET = "demo-site"
# One distribution serves the whole bucket, the other a part of it at its root.
ORIGIN_PATHS = ("", "/ckeditor/plugins")
# As many as `aws s3 sync` has.
UPLOADS_AT_ONCE = 10


def put(s3: Any, key: str, body: bytes, done: Callable[[Changed], None]) -> None:
    """Put one object; `done` is told of it when S3 has answered."""
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    done(Changed(key, time.time()))


def upload(s3: Any, tree: Path, keys: Iterable[str], done: Callable[[Changed], None]) -> None:
    """Put files in bulk, several at once; `done` is told of each when S3 has answered."""

    def put(key: str) -> None:
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        s3.put_object(Bucket=BUCKET, Key=key, Body=(tree / key).read_bytes(), ContentType=kind)
        done(Changed(key, time.time()))

    _all_at_once(put, keys)


def remove(s3: Any, keys: Iterable[str], done: Callable[[Changed], None]) -> None:
    """Delete objects, several at once."""

    def delete(key: str) -> None:
        s3.delete_object(Bucket=BUCKET, Key=key)
        done(Changed(key, time.time()))

    _all_at_once(delete, keys)


def _all_at_once(do: Callable[[str], None], keys: Iterable[str]) -> None:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        for future in [pool.submit(do, key) for key in keys]:
            future.result()
