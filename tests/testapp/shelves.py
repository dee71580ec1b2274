"""Models whose rows are hard to delete: knots, rules, files, shared rows between scoped ones."""

from __future__ import annotations

from django.db import models

from django_sandbox.models import SandboxModel


def nobody():
    return None


class Folder(SandboxModel):
    """Folders stand in folders, and each may show one of the papers in it: a knot."""

    organization = models.ForeignKey("Organization", models.CASCADE, related_name="folders")
    inside = models.ForeignKey("self", models.PROTECT, null=True, related_name="folders")
    cover = models.ForeignKey("Paper", models.PROTECT, null=True, related_name="covers")


class Paper(SandboxModel):
    """With files, on folders that it protects."""

    organization = models.ForeignKey("Organization", models.CASCADE, related_name="papers")
    folder = models.ForeignKey(Folder, models.PROTECT, null=True, related_name="papers")
    scan = models.FileField(upload_to="scans", blank=True)
    copy = models.FileField(upload_to="copies", null=True)
    sample = models.ForeignKey("Sample", models.CASCADE, null=True)


class Sample(SandboxModel):
    """With a file that is not its own."""

    organization = models.ForeignKey("Organization", models.CASCADE, related_name="samples")
    file = models.FileField()

    class SandboxMeta:
        files = "keep"


class Attachment(models.Model):
    """A shared row that goes with a sandboxed one."""

    paper = models.ForeignKey(Paper, models.CASCADE, null=True, related_name="attachments")


class Stamp(SandboxModel):
    """A sandboxed row behind a shared one."""

    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="stamps")


class Sticker(SandboxModel):
    """Leads to its owner by one key and hangs on papers, maybe another owner's, by others."""

    organization = models.ForeignKey("Organization", models.CASCADE, related_name="stickers")
    cascade = models.ForeignKey(Paper, models.CASCADE, null=True, related_name="+")
    restrict = models.ForeignKey(Paper, models.RESTRICT, null=True, related_name="+")
    protect = models.ForeignKey(Paper, models.PROTECT, null=True, related_name="+")
    set_null = models.ForeignKey(Paper, models.SET_NULL, null=True, related_name="+")
    set_value = models.ForeignKey(Paper, models.SET(nobody), null=True, related_name="+")
    do_nothing = models.ForeignKey(Paper, models.DO_NOTHING, null=True, related_name="+")

    class SandboxMeta:
        owner = "organization"


class Watcher(models.Model):
    """Shared rows that point to a paper, and stay when it goes."""

    set_null = models.ForeignKey(Paper, models.SET_NULL, null=True, related_name="+")
    set_default = models.ForeignKey(
        Paper, models.SET_DEFAULT, null=True, default=None, related_name="+"
    )
    restrict = models.ForeignKey(Paper, models.RESTRICT, null=True, related_name="+")
    protect = models.ForeignKey(Paper, models.PROTECT, null=True, related_name="+")
