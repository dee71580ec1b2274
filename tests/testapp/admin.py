from django.contrib import admin

from tests.testapp.models import Booking, Organization

admin.site.register([Organization, Booking])
