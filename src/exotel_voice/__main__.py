"""`python -m exotel_voice`: the same as the command `exotel-voice`."""

from exotel_voice.cli.main import main

if __name__ == "__main__":
    main()
