"""An S3 that answers HeadObject over TLS, on this machine: as fast as it can, so that who asks is what is measured.

`python -m infra.bench.function.s3_server FOLDER` writes its certificate there, prints its port, ends with its input.
"""

import asyncio
import ipaddress
import ssl
import sys
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CERTIFICATE = "s3.pem"
_KEY = "s3-key.pem"
_END = b"\r\n\r\n"
ETAG = "0cc175b9c0f1b6a831c399e269772661"
# When each object was written last, epoch seconds.
MODIFIED = 1_764_000_000
# All that S3 tells of an object of a site, but for the date.
HEADERS = {
    "x-amz-id-2": "Y" * 76,
    "x-amz-request-id": "4442587FB7D0A2F9",
    "Last-Modified": formatdate(MODIFIED, usegmt=True),
    "ETag": f'"{ETAG}"',
    "x-amz-server-side-encryption": "AES256",
    "Cache-Control": "public, max-age=3600",
    "x-amz-meta-mode": "33188",
    "x-amz-checksum-crc64nvme": "4OPcmKL2AZk=",
    "x-amz-checksum-type": "FULL_OBJECT",
    "Accept-Ranges": "bytes",
    "Content-Type": "text/html",
    "Content-Length": "1024",
    "Server": "AmazonS3",
}
_TOLD = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())


class _Answers(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:  # its type is that of all transports
        self._transport: asyncio.Transport = transport
        self._asked = b""

    def data_received(self, data: bytes) -> None:
        *requests, self._asked = (self._asked + data).split(_END)
        for _ in requests:
            answer = f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\n{_TOLD}\r\n"
            self._transport.write(answer.encode())


def trusted(folder: Path) -> ssl.SSLContext:
    """Make a certificate for this machine and write it to a folder; return the context of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "s3")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Without these Python 3.13 believes no certificate that signs.
        .add_extension(_signs(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / CERTIFICATE).write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / _KEY).write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE, folder / _KEY)
    return context


def _signs() -> x509.KeyUsage:
    uses = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    return x509.KeyUsage(digital_signature=True, key_cert_sign=True, **uses)


async def serve(folder: Path) -> None:
    """Answer until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answers, "127.0.0.1", 0, ssl=trusted(folder))
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
