"""Audio of a call: session descriptions, ICE, DTLS-SRTP, codecs, RTP; the only place that knows aiortc."""
