"""The package's own battery, run over every sandboxed model of the product."""

import pytest
from scheduling import factories

from django_sandbox.pytest_plugin import isolation_checks

FACTORIES = {
    "scheduling.EventType": factories.EventTypeFactory,
    "scheduling.Booking": factories.BookingFactory,
}


@pytest.mark.django_db
@pytest.mark.parametrize("check", isolation_checks())
def test_rows_made_from_the_fields(check):
    check()


@pytest.mark.django_db
@pytest.mark.parametrize("check", isolation_checks(list(FACTORIES), factories=FACTORIES))
def test_rows_made_by_the_factories(check):
    check()
