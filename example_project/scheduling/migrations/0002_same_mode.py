from django.db import migrations

import django_sandbox.models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0001_initial"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="booking",
            constraint=django_sandbox.models.SameModeConstraint(
                field="event_type", name="booking_event_type_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtype",
            constraint=django_sandbox.models.ModeKey(
                key="id", name="scheduling_eventtype_id_mode_key"
            ),
        ),
    ]
