"""The test site's owner resolver: the organisation named like the user."""

from tests.testapp.models import Organization


def from_request(request):
    if not request.user.is_authenticated:
        return None
    return Organization.objects.filter(name=request.user.get_username()).first()
