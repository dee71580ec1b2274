"""Views a site would write, plain and DRF, sync and async, whole and streamed."""

from django.db import transaction
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import cache_page
from rest_framework import generics, permissions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sandbox import current_mode
from django_sandbox.contrib.rest_framework import (
    ApiKeyAuthentication,
    HasScope,
    LiveModeOnly,
    ModeRateThrottle,
    TestModeOnly,
)
from tests.testapp.models import Booking, EventType, Organization


def titles(request):
    return JsonResponse({"titles": list(Booking.objects.values_list("title", flat=True))})


async def async_titles(request):
    return JsonResponse({"titles": [title async for title in _async_titles()]})


async def _async_titles():
    async for title in Booking.objects.values_list("title", flat=True):
        yield title


def streamed(request):
    return StreamingHttpResponse(f"{title}\n" for title in _lazily())


def _lazily():
    for title in Booking.objects.values_list("title", flat=True).iterator():
        yield f"{current_mode()}:{title}"


async def async_streamed(request):
    async def parts():
        async for title in Booking.objects.values_list("title", flat=True):
            yield f"{current_mode()}:{title}\n"

    return StreamingHttpResponse(parts())


def closing(request):
    """A body whose own clean-up asks for the mode."""

    def parts():
        try:
            yield "one"
            yield "two"
        finally:
            request.META["tests.closed_in"].append(str(current_mode()))

    return StreamingHttpResponse(parts())


def file(request):
    return FileResponse(open(__file__, "rb"))


def fails(request):
    raise RuntimeError("a fault of the site")


def crosses(request):
    """A link to whatever the query string names."""
    organization = Organization.objects.get()
    Booking.objects.create(organization=organization, event_type_id=request.GET["event_type"])
    return HttpResponse(status=201)


def on_commit(request):
    def committed():
        organization = Organization.objects.get()
        Booking.objects.create(organization=organization, title=f"committed in {current_mode()}")

    transaction.on_commit(committed)
    return HttpResponse()


def mode(request):
    return HttpResponse(str(current_mode()))


cached = cache_page(60)(mode)


def page(request):
    return TemplateResponse(request, "testapp/page.html")


class BookingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Booking
        fields = ["id", "title", "is_test", "event_type", "organization"]


class EventTypeSerializer(serializers.ModelSerializer):
    class Meta:
        model = EventType
        fields = ["id", "organization", "slug", "is_test"]


class Bookings(generics.ListCreateAPIView):
    """A queryset made at import time."""

    queryset = Booking.objects.all()
    serializer_class = BookingSerializer
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [HasScope("bookings:read")]


class BookingDetail(generics.RetrieveUpdateDestroyAPIView):
    queryset = Booking.objects.all()
    serializer_class = BookingSerializer
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [HasScope("bookings:write")]


class EventTypes(generics.ListCreateAPIView):
    queryset = EventType.objects.order_by("pk")
    serializer_class = EventTypeSerializer
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [permissions.IsAuthenticated]


class ModelPermissioned(Bookings):
    permission_classes = [permissions.DjangoModelPermissions]


class WhoAmI(APIView):
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    def get(self, request):
        return Response(
            {
                "pk": request.user.pk,
                "name": str(request.user),
                "owner": request.user.owner.pk,
                "key": request.auth.pk,
            }
        )


class TestOnly(WhoAmI):
    permission_classes = [TestModeOnly]


class LiveOnly(WhoAmI):
    permission_classes = [LiveModeOnly]


class Either(WhoAmI):
    permission_classes = [HasScope("a:read") & HasScope("b:read")]


class Throttled(WhoAmI):
    throttle_classes = [ModeRateThrottle]
