from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import django_sandbox.contrib.webhooks.ids
import django_sandbox.contrib.webhooks.models
from django_sandbox import conf

# The model that owns endpoints is the site's choice, made before this runs.
OWNER = conf.owner_model()


def owner_column() -> Any:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to=OWNER,
        verbose_name="owner",
    )


def environment_column() -> Any:
    return models.CharField(max_length=63, verbose_name="environment")


def id_column(default: Any) -> Any:
    return models.CharField(
        default=default,
        editable=False,
        max_length=32,
        primary_key=True,
        serialize=False,
        verbose_name="ID",
    )


def created_column() -> Any:
    return models.DateTimeField(
        default=django.utils.timezone.now, editable=False, verbose_name="created at"
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(OWNER)]

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("environment", environment_column()),
                ("id", id_column(django_sandbox.contrib.webhooks.ids.endpoint_id)),
                ("url", models.CharField(max_length=2000, verbose_name="URL")),
                (
                    "description",
                    models.CharField(blank=True, max_length=200, verbose_name="description"),
                ),
                (
                    "events",
                    models.JSONField(
                        default=django_sandbox.contrib.webhooks.models.all_events,
                        verbose_name="events",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("enabled", "enabled"), ("disabled", "disabled")],
                        default="enabled",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("owner", "by its owner"),
                            ("gone", "it answered 410 Gone"),
                            ("failing", "it failed for days"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="why disabled",
                    ),
                ),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="failing since"),
                ),
                ("created_at", created_column()),
                ("secret_stored", models.TextField(editable=False)),
                ("previous_stored", models.TextField(blank=True, default="", editable=False)),
                (
                    "previous_until",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="old secret until"
                    ),
                ),
                ("owner", owner_column()),
            ],
            options={
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["owner", "environment"], name="sandbox_whe_owner")
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("environment", environment_column()),
                ("id", id_column(django_sandbox.contrib.webhooks.ids.event_id)),
                ("type", models.CharField(max_length=100, verbose_name="event")),
                ("body", models.TextField(verbose_name="body")),
                ("created_at", created_column()),
                ("owner", owner_column()),
            ],
            options={
                "verbose_name": "webhook event",
                "verbose_name_plural": "webhook events",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        fields=["owner", "environment", "created_at"], name="sandbox_msg_owner"
                    ),
                    models.Index(fields=["created_at"], name="sandbox_msg_created"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("environment", environment_column()),
                ("id", id_column(django_sandbox.contrib.webhooks.ids.delivery_id)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("delivered", "delivered"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="pending",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("attempts_made", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("attempts_this_round", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "next_attempt_at",
                    models.DateTimeField(
                        blank=True,
                        db_index=True,
                        default=django.utils.timezone.now,
                        null=True,
                        verbose_name="next attempt",
                    ),
                ),
                (
                    "claim",
                    models.CharField(blank=True, default="", editable=False, max_length=32),
                ),
                ("created_at", created_column()),
                (
                    "delivered_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="delivered at"),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="sandbox_webhooks.endpoint",
                        verbose_name="endpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="sandbox_webhooks.event",
                        verbose_name="event",
                    ),
                ),
                ("owner", owner_column()),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["owner", "environment", "id"], name="sandbox_whd_owner"),
                    models.Index(fields=["endpoint", "id"], name="sandbox_whd_endpoint"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="attempt")),
                ("at", models.DateTimeField(verbose_name="attempted at")),
                ("milliseconds", models.PositiveIntegerField(verbose_name="milliseconds")),
                ("status_code", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                (
                    "answer",
                    models.CharField(
                        blank=True, default="", max_length=1024, verbose_name="answer"
                    ),
                ),
                (
                    "error",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="error"),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="sandbox_webhooks.delivery",
                        verbose_name="webhook delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery attempt",
                "verbose_name_plural": "delivery attempts",
                "ordering": ["pk"],
            },
        ),
    ]
