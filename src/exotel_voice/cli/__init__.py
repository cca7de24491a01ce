"""The `exotel-voice` command."""
