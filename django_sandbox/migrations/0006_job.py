import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import django_sandbox.models.job
from django_sandbox import conf

OWNER = conf.owner_model()


class Migration(migrations.Migration):
    dependencies = [
        ("django_sandbox", "0005_clone_link"),
        migrations.swappable_dependency(OWNER),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=django_sandbox.models.job.make_job_id,
                        editable=False,
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("environment", models.CharField(max_length=63, verbose_name="environment")),
                ("kind", models.CharField(max_length=32, verbose_name="kind")),
                ("arguments", models.JSONField(default=dict, verbose_name="arguments")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                        ],
                        default="queued",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "slot",
                    models.CharField(
                        blank=True, editable=False, max_length=64, null=True, unique=True
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="created at"
                    ),
                ),
                (
                    "touched_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("started_at", models.DateTimeField(null=True, verbose_name="started at")),
                (
                    "finished_at",
                    models.DateTimeField(db_index=True, null=True, verbose_name="finished at"),
                ),
                ("progress", models.JSONField(default=dict, verbose_name="progress")),
                (
                    "result",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="result",
                    ),
                ),
                ("error", models.JSONField(null=True, verbose_name="error")),
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
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "indexes": [
                    models.Index(
                        fields=["owner", "environment", "-created_at"], name="sandbox_jobs_latest"
                    )
                ],
            },
        ),
    ]
