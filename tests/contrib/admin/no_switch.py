"""Addresses of a site that has left out ``django_sandbox.urls``."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
