import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from django_sandbox import conf

# The model that owns keys and sandboxes is the site's choice, made before this runs.
OWNER = conf.owner_model()


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(OWNER)]

    operations = [
        migrations.CreateModel(
            name="CapturedEffect",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_test", models.BooleanField(db_default=False, editable=False)),
                ("environment", models.CharField(db_default="live", editable=False, max_length=63)),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "email"), ("http", "HTTP request"), ("call", "call")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("summary", models.CharField(max_length=500, verbose_name="summary")),
                ("payload", models.JSONField(default=dict, verbose_name="payload")),
                ("raw", models.BinaryField(null=True, verbose_name="raw message")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created at",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=OWNER,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "captured effect",
                "verbose_name_plural": "captured effects",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        fields=["owner", "environment", "kind"], name="captured_effect_log"
                    )
                ],
            },
        ),
    ]
