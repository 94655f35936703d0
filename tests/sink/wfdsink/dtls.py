# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sink's end of DTLS ([MS-MICE]): records come and go as bytes, by OpenSSL; the source uses another library.

The certificate is made for the session and vouched for by nobody, as that of a display is.
"""
from __future__ import annotations

import datetime
import threading

from OpenSSL import SSL, crypto
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MTU = 1400


class DtlsError(ValueError):
    """The records are not what DTLS allows."""


def _make_certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test display")])
    now = datetime.datetime(2020, 1, 1)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now)
                   .not_valid_after(now + datetime.timedelta(days=36500)).sign(key, hashes.SHA256()))
    return certificate, key


class Dtls:
    """A server; any thread."""

    def __init__(self):
        context = SSL.Context(SSL.DTLS_SERVER_METHOD)
        certificate, key = _make_certificate()
        context.use_certificate(crypto.X509.from_cryptography(certificate))
        context.use_privatekey(crypto.PKey.from_cryptography_key(key))
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self._connection.set_ciphertext_mtu(MTU)
        self._lock = threading.Lock()
        self.ready = False

    def _out(self) -> bytes:
        out = b""
        while True:
            try:
                out += self._connection.bio_read(65536)
            except SSL.WantReadError:
                return out

    def shake(self, token: bytes) -> bytes:
        """What is to be sent back; may be nothing."""
        with self._lock:
            self._connection.bio_write(token)
            try:
                self._connection.do_handshake()
                self.ready = True
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                raise DtlsError(f"handshake: {error}") from None
            return self._out()

    def cipher(self) -> str:
        return f"{self._connection.get_protocol_version_name()} {self._connection.get_cipher_name()}"

    def open(self, record: bytes) -> bytes:
        with self._lock:
            self._connection.bio_write(record)
            try:
                return self._connection.recv(65536)
            except SSL.WantReadError:
                raise DtlsError(f"{len(record)} bytes are no record of this session: {record[:24].hex()}") from None
            except SSL.Error as error:
                raise DtlsError(f"record: {error}") from None

    def seal(self, data: bytes) -> bytes:
        with self._lock:
            self._connection.send(data)
            return self._out()
