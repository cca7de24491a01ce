"""The integration guide's API in Python, name for name: `ExotelWebClient`.

The guide's spelling is kept throughout this package; everything is done by `exotel_voice.phone`.
"""

from exotel_voice.client.guide_call import GuideCall, GuideDetails
from exotel_voice.client.web_client import ExotelWebClient

__all__ = ["ExotelWebClient", "GuideCall", "GuideDetails"]
