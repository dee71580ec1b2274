"""Middleware that a site might have."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser


def user_by_header(get_response):
    """A proxy says who it is; the session knows nothing of it."""

    def middleware(request):
        name = request.headers.get("X-User")
        user = get_user_model().objects.filter(username=name).first()
        request.user = user or AnonymousUser()
        return get_response(request)

    return middleware
