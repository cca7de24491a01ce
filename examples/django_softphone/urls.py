"""One page: the integration guide's code, with its script from the gateway."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import path

PAGE = Path(__file__).parents[1] / "plain_guide_page.html"


def page(request: HttpRequest) -> HttpResponse:
    request.session["user"] = "alice"  # your login does this, with the user's own name
    return HttpResponse(PAGE.read_bytes())


urlpatterns = [path("", page)]
