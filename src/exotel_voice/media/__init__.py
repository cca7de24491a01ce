"""Audio of a call: session descriptions, ICE, DTLS-SRTP, codecs, RTP; the only layer with aiortc.

`base` holds the protocol of an engine; `native` and `silent` are engines. The names that users
need stand in `exotel_voice`; nothing is imported here, so that a phone without native audio never
loads aiortc.
"""
