"""An admin site of one's own, by another name, with every model of the test site."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from django_sandbox.isolation.columns import is_sandboxed
from tests.testapp.models import Booking, Invoice, Log, Organization


class BackOffice(admin.AdminSite):
    """The site of the people who do the work."""

    site_header = "Back office"
    index_title = "Work to do"


site = BackOffice(name="back-office")


class BookingInline(admin.TabularInline):
    model = Booking
    extra = 0
    fields = ["title", "event_type"]


class OrganizationAdmin(admin.ModelAdmin):
    """A shared model with the rows of one mode on its page and among its filters."""

    inlines = [BookingInline]
    list_display = ["name"]
    list_filter = ["bookings", "event_types__slug"]
    search_fields = ["name", "bookings__title"]


class BookingAdmin(admin.ModelAdmin):
    """All that a list can do."""

    list_display = ["id", "title", "price", "event_type"]
    list_editable = ["title", "price"]
    list_filter = [
        "event_type",
        ("tags", admin.RelatedOnlyFieldListFilter),
        ("title", admin.AllValuesFieldListFilter),
        "organization",
    ]
    search_fields = ["title"]
    autocomplete_fields = ["event_type"]
    filter_horizontal = ["tags"]


class EventTypeAdmin(admin.ModelAdmin):
    search_fields = ["name", "slug"]
    ordering = ["pk"]


class EverythingAdmin(admin.ModelAdmin):
    date_hierarchy = "date"
    list_display = ["id", "date"]


class InvoiceAdmin(admin.ModelAdmin):
    raw_id_fields = ["booking"]
    list_select_related = ["booking"]
    list_display = ["id", "booking"]


class LogAdmin(admin.ModelAdmin):
    """A shared model with a key to a sandboxed one."""

    autocomplete_fields = ["booking"]


OWN = {
    Organization: OrganizationAdmin,
    Booking: BookingAdmin,
    apps.get_model("testapp.EventType"): EventTypeAdmin,
    apps.get_model("testapp.Everything"): EverythingAdmin,
    Invoice: InvoiceAdmin,
    Log: LogAdmin,
}
for model in apps.get_models():
    if is_sandboxed(model) or model in OWN:
        site.register(model, OWN.get(model))

urlpatterns = [path("back-office/", site.urls), path("", include("tests.urls"))]
