"""The ASGI app through which a browser tab carries the audio of a phone."""
