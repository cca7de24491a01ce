"""The asyncio phone: registration, calls, events and reconnection over the SIP core."""
