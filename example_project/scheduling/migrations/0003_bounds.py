"""An event lasts a day at most; the last one starts where there is still an end."""

import datetime

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0002_same_mode"),
    ]

    operations = [
        migrations.AlterField(
            model_name="booking",
            name="starts_at",
            field=models.DateTimeField(
                validators=[
                    django.core.validators.MaxValueValidator(
                        datetime.datetime(9999, 1, 1, 0, 0, tzinfo=datetime.UTC)
                    )
                ]
            ),
        ),
        migrations.AlterField(
            model_name="eventtype",
            name="duration_minutes",
            field=models.PositiveSmallIntegerField(
                default=30,
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(1440),
                ],
                verbose_name="duration in minutes",
            ),
        ),
    ]
