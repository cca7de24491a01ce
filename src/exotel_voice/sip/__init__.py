"""A SIP user agent without I/O: bytes and time in, bytes and events out.

Nothing in this package opens a socket, reads a clock or makes a random number (RFC 3261).
"""
