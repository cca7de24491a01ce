"""`python -m exotel_voice`: the command, where it is not on the path."""

from exotel_voice.cli.main import main

main()
