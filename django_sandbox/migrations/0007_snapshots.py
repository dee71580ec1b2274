import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from django_sandbox import conf

# The model that owns keys and sandboxes is the site's choice, made before this runs.
OWNER = conf.owner_model()


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(OWNER),
        ("django_sandbox", "0006_job"),
    ]

    operations = [
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("environment", models.CharField(max_length=63, verbose_name="environment")),
                ("name", models.CharField(max_length=63, verbose_name="name")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                ("rows", models.JSONField(default=dict, editable=False, verbose_name="rows")),
                ("columns", models.JSONField(default=dict, editable=False)),
                (
                    "size",
                    models.PositiveBigIntegerField(
                        default=0,
                        editable=False,
                        help_text="Bytes, as stored.",
                        verbose_name="size",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=OWNER,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "snapshot",
                "verbose_name_plural": "snapshots",
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("label", models.CharField(max_length=255)),
                ("data", models.BinaryField()),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="django_sandbox.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.UniqueConstraint(
                fields=("owner", "environment", "name"), name="sandbox_one_snapshot_per_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotchunk",
            constraint=models.UniqueConstraint(
                fields=("snapshot", "position"), name="sandbox_one_chunk_per_position"
            ),
        ),
    ]
