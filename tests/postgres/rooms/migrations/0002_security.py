from django.db import migrations

from django_sandbox.contrib.postgres import EnableModeSecurity


class Migration(migrations.Migration):
    dependencies = [("rooms", "0001_initial")]

    operations = [
        EnableModeSecurity("Stay"),
        EnableModeSecurity("LongStay"),
        EnableModeSecurity("rooms.Room"),
        EnableModeSecurity("House", many_to_many="favourites"),
    ]
