import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import django_sandbox.models.sandbox
from django_sandbox import conf

# The model that owns keys and sandboxes is the site's choice, made before this runs.
OWNER = conf.owner_model()


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(OWNER)]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.CharField(
                        editable=False,
                        max_length=12,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                (
                    "environment",
                    models.CharField(default="live", max_length=63, verbose_name="environment"),
                ),
                ("scopes", models.JSONField(blank=True, default=list, verbose_name="scopes")),
                (
                    "prefix",
                    models.CharField(editable=False, max_length=64, verbose_name="prefix"),
                ),
                (
                    "last_four",
                    models.CharField(editable=False, max_length=4, verbose_name="last four"),
                ),
                ("digest", models.CharField(editable=False, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created at",
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="expires at"),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="revoked at"
                    ),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="last used at"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sandbox_api_keys",
                        to=OWNER,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Sandbox",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=django_sandbox.models.sandbox.make_sandbox_id,
                        editable=False,
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "environment",
                    models.CharField(default="test", max_length=63, verbose_name="environment"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "active"), ("inactive", "inactive")],
                        default="inactive",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created at",
                    ),
                ),
                (
                    "activated_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="activated at"),
                ),
                (
                    "deactivated_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="deactivated at"),
                ),
                (
                    "purge_at",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="data kept until"
                    ),
                ),
                (
                    "seeded_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="seeded at"),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sandboxes",
                        to=OWNER,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "sandbox",
                "verbose_name_plural": "sandboxes",
                "permissions": [("use_test_mode", "Can use test mode")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "environment"), name="sandbox_one_per_owner_environment"
                    )
                ],
            },
        ),
    ]
