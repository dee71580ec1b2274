"""Views a site would write, plain and DRF, sync and async, whole and streamed."""

import logging

from django.db import transaction
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import aget_object_or_404, get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.cache import cache_page
from django.views.generic import DetailView, View
from rest_framework import generics, permissions, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle
from rest_framework.views import APIView

from django_sandbox import current_mode, live_mode
from django_sandbox.contrib.rest_framework import (
    ApiKeyAuthentication,
    HasScope,
    LiveModeOnly,
    ModeRateThrottle,
    TestModeOnly,
)
from django_sandbox.decorators import api_key_required
from django_sandbox.owners import current_owner_key
from django_sandbox.rates import rate_limited
from tests.testapp.models import Booking, EventType, Feature, Note, Organization


def titles(request):
    return JsonResponse({"titles": list(Booking.objects.values_list("title", flat=True))})


async def async_titles(request):
    return JsonResponse({"titles": [title async for title in _async_titles()]})


async def _async_titles():
    async for title in Booking.objects.values_list("title", flat=True):
        yield title


async def async_named(request):
    return JsonResponse({"owner": request.api_key.owner.pk, "key": str(request.api_key)})


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


def log(request):
    logging.getLogger("tests.modes").info("asked")
    return HttpResponse()


def mode(request):
    return HttpResponse(str(current_mode()))


cached = cache_page(60)(mode)


def behalf(request):
    """On whose behalf the view works, and then the making of its body."""

    def parts():
        yield f"{current_owner_key()} "
        with live_mode():
            yield f"{current_owner_key()}"

    return StreamingHttpResponse(parts())


def page(request):
    return TemplateResponse(request, "testapp/page.html", {"next": request.GET.get("next", "")})


class Sends(View):
    """A page that is the answer to a form, and has no address to look at."""

    def post(self, request):
        return page(request)


class ShowsAndTakes(Sends):
    def get(self, request):
        return page(request)


@api_key_required("bookings:read")
def booking(request, booking_id):
    return HttpResponse(get_object_or_404(Booking, pk=booking_id).title)


@api_key_required("bookings:read", "bookings:write")
async def async_booking(request, pk):
    return HttpResponse((await aget_object_or_404(Booking, pk=pk)).title)


def event_type(request, event_type_slug):
    """Not found by the site's own hand, in a transaction."""
    with transaction.atomic():
        try:
            return HttpResponse(EventType.objects.get(slug=event_type_slug).name)
        except EventType.DoesNotExist:
            raise Http404("Nothing there.") from None


def feature(request, slug):
    return HttpResponse(get_object_or_404(Feature, slug=slug).title)


def note(request, pk):
    return HttpResponse(get_object_or_404(Note, pk=pk).text)


def organization(request, pk):
    return HttpResponse(get_object_or_404(Organization, pk=pk).name)


class BookingPage(DetailView):
    model = Booking
    pk_url_kwarg = "number"

    def render_to_response(self, context):
        return HttpResponse(context["object"].title)


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


class NamedEventType(generics.RetrieveAPIView):
    queryset = EventType.objects.all()
    serializer_class = EventTypeSerializer
    lookup_field = "slug"
    lookup_url_kwarg = "name"


class ModelPermissioned(Bookings):
    permission_classes = [permissions.DjangoModelPermissions]


class ObjectPermissions(permissions.DjangoObjectPermissions):
    """As DRF's docs say: also for looking."""

    perms_map = {
        **permissions.DjangoObjectPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
    }


class ObjectPermissioned(BookingDetail):
    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [ObjectPermissions]


class Organizations(generics.ListCreateAPIView):
    """A shared model behind Django's permissions: for the site's staff."""

    class OrganizationSerializer(serializers.ModelSerializer):
        class Meta:
            model = Organization
            fields = ["id", "name"]

    queryset = Organization.objects.all()
    serializer_class = OrganizationSerializer
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [ObjectPermissions]


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


class ThrottledTwice(Throttled):
    """Listed twice, and handed on to a view that throttles again."""

    throttle_classes = [ModeRateThrottle, ModeRateThrottle]

    def get(self, request):
        return Throttled.as_view()(request._request)


class Strict(AnonRateThrottle):
    THROTTLE_RATES = {"anon": "1/day"}


class StrictForUsers(UserRateThrottle):
    THROTTLE_RATES = {"user": "3/day"}


class ThrottledOpen(APIView):
    """Anybody may call; DRF's own throttles stand on both sides of ours."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [permissions.AllowAny]
    throttle_classes = [Strict, ModeRateThrottle, StrictForUsers]

    def get(self, request):
        return Response({"user": str(request.user)})


limited = rate_limited(mode)
limited_twice = rate_limited(limited)


@rate_limited
async def async_limited(request):
    return HttpResponse(str(current_mode()))


@rate_limited
def limited_and_fails(request):
    raise RuntimeError("a fault of the site")
