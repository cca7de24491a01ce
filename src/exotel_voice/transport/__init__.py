"""How SIP messages travel: WebSocket (RFC 7118) and an in-memory pair for tests."""
