"""Sample data of the test site."""

from django_sandbox import seeder
from tests.testapp.models import Booking, EventType


@seeder
def sample_bookings(owner):
    event_type = EventType.objects.create(organization=owner, name="Test Event", slug="test-event")
    for number in range(3):
        Booking.objects.create(organization=owner, event_type=event_type, title=f"Sample {number}")
