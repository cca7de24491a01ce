"""Tests of microphone, speaker, network and calls, for people and for programs (guide 5.11)."""
