import django.db.models.deletion
from django.db import migrations, models

from django_sandbox import conf

# The model that owns the log is the site's choice, made before this runs.
OWNER = conf.owner_model()


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(OWNER)]

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("environment", models.CharField(max_length=63, verbose_name="environment")),
                ("key_id", models.CharField(max_length=12, verbose_name="API key")),
                ("created_at", models.DateTimeField(verbose_name="received at")),
                ("method", models.CharField(max_length=16, verbose_name="method")),
                ("path", models.CharField(max_length=500, verbose_name="path")),
                ("status", models.PositiveSmallIntegerField(verbose_name="status")),
                (
                    "error_code",
                    models.CharField(blank=True, max_length=64, verbose_name="error code"),
                ),
                ("duration_ms", models.PositiveIntegerField(verbose_name="duration in ms")),
                ("request_id", models.CharField(max_length=64, verbose_name="request id")),
                (
                    "address",
                    models.GenericIPAddressField(
                        blank=True, null=True, verbose_name="client address"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=OWNER,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "API request",
                "verbose_name_plural": "API requests",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        fields=["owner", "environment", "-id"], name="sandbox_activity_list"
                    ),
                    models.Index(fields=["created_at"], name="sandbox_activity_age"),
                ],
            },
        ),
    ]
