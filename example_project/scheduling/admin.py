"""The models in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from scheduling.models import (
    AvailabilityRule,
    Booking,
    EventType,
    Membership,
    Organization,
)


class MembershipInline(admin.TabularInline):
    """An organization's people, edited on its page."""

    model = Membership
    extra = 0


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    """Organizations and their people."""

    list_display = ["name", "slug", "created_at"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name", "slug"]
    inlines = [MembershipInline]


@admin.register(EventType)
class EventTypeAdmin(admin.ModelAdmin):
    """Event types of the current mode."""

    list_display = ["name", "slug", "duration_minutes", "organization", "is_test"]
    list_filter = ["organization"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(AvailabilityRule)
class AvailabilityRuleAdmin(admin.ModelAdmin):
    """Availability in the current mode."""

    list_display = ["organization", "weekday", "start", "end", "is_test"]
    list_filter = ["organization", "weekday"]


@admin.register(Booking)
class BookingAdmin(admin.ModelAdmin):
    """Bookings of the current mode."""

    list_display = ["invitee_name", "event_type", "starts_at", "status", "is_test"]
    list_filter = ["status", "organization"]
    list_select_related = ["event_type"]
    search_fields = ["invitee_name", "invitee_email"]
    date_hierarchy = "starts_at"
