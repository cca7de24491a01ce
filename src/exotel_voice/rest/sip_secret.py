"""How the integration API writes a user's SIP password: AES-256 in CFB mode, in hexadecimal.

The key is a constant that the platform publishes with its browser SDK, so this hides nothing from
anybody; a password still has to be unwrapped before it is one. AES comes from `cryptography`; the
mode (NIST SP 800-38A, 6.3, with whole blocks) is one line and stands here, because the library
has put its own away.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from exotel_voice.errors import ApiError

__all__ = ["PUBLISHED_KEY", "read_sip_secret", "write_sip_secret"]

PUBLISHED_KEY: Final = bytes.fromhex(
    "6368616e676520746869732070617373776f726420746f206120736563726574"
)
"""The constant of the platform's browser SDK, 32 bytes."""
BLOCK: Final = 16


def read_sip_secret(wrapped: str, key: bytes = PUBLISHED_KEY) -> str:
    """Unwrap a password.

    Args:
        wrapped: The first block is the initial vector, then comes the text; all in hexadecimal.
        key: The key, 32 bytes.

    Raises:
        ApiError: It cannot be unwrapped.
    """
    try:
        data = bytes.fromhex(wrapped)
        plain = _cfb(data[:BLOCK], data[BLOCK:], key, is_wrapping=False).decode()
    except ValueError:
        plain = ""
    if not plain or not plain.isprintable():
        raise ApiError(
            "The user's SipSecret cannot be read", hint="Ask for the user mapping to be made anew."
        )
    return plain


def write_sip_secret(plain: str, initial: bytes, key: bytes = PUBLISHED_KEY) -> str:
    """Wrap a password as the platform does, for stand-ins of the platform.

    Args:
        plain: The password.
        initial: The initial vector, 16 bytes.
        key: The key, 32 bytes.
    """
    return (initial + _cfb(initial, plain.encode(), key, is_wrapping=True)).hex()


def _cfb(initial: bytes, data: bytes, key: bytes, *, is_wrapping: bool) -> bytes:
    if len(initial) != BLOCK:
        raise ValueError("the initial vector is not one block")
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block each
    out = bytearray()
    register = initial
    for start in range(0, len(data), BLOCK):
        block = data[start : start + BLOCK]
        stream = encryptor.update(register)
        result = bytes(a ^ b for a, b in zip(block, stream, strict=False))
        out += result
        register = result if is_wrapping else block
    return bytes(out)
