"""Included by ``django_sandbox.contrib.rest_framework.urls`` where the app is installed."""

from django.urls import path

from django_sandbox.contrib.activity import views

urlpatterns = [path("activity", views.ActivityView.as_view(), name="activity")]
