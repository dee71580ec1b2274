"""A data migration behind the policies: with no mode set it sees and writes rows of each."""

from django.db import migrations


def forwards(apps, schema_editor):
    stays = apps.get_model("rooms", "Stay").objects.using(schema_editor.connection.alias)
    for is_test in (False, True):
        stays.create(guest="from a migration", is_test=is_test)
    for stay in stays.all():
        stay.guest = f"{stay.guest}, one of {stays.count()}"
        stay.save()


class Migration(migrations.Migration):
    dependencies = [("rooms", "0002_security")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
