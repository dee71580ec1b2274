"""A site with an admin of its own beside Django's."""

from django.contrib import admin
from django.urls import path

from django_sandbox.admin import ApiKeyAdmin, JobAdmin, SandboxAdmin, SnapshotAdmin
from django_sandbox.models import ApiKey, Job, Sandbox, Snapshot

site = admin.AdminSite(name="backstage")
for model, model_admin in (
    (ApiKey, ApiKeyAdmin),
    (Job, JobAdmin),
    (Sandbox, SandboxAdmin),
    (Snapshot, SnapshotAdmin),
):
    site.register(model, model_admin)

urlpatterns = [path("admin/", admin.site.urls), path("backstage/", site.urls)]
