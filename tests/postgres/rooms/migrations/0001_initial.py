import django.db.models.deletion
from django.db import migrations, models


def key():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Stay",
            fields=[
                ("id", key()),
                ("is_test", models.BooleanField(db_default=False, editable=False)),
                ("guest", models.CharField(max_length=50)),
                ("code", models.CharField(max_length=20, null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="LongStay",
            fields=[
                (
                    "stay_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="rooms.stay",
                    ),
                ),
                ("weeks", models.IntegerField(default=4)),
            ],
            bases=("rooms.stay",),
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                ("id", key()),
                ("is_test", models.BooleanField(db_default=False, editable=False)),
                (
                    "environment",
                    models.CharField(db_default="live", editable=False, max_length=63),
                ),
                ("number", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="House",
            fields=[
                ("id", key()),
                ("favourites", models.ManyToManyField(related_name="houses", to="rooms.stay")),
            ],
        ),
    ]
