"""Included by ``django_sandbox.contrib.rest_framework.urls`` where the app is installed."""

from django.urls import path

from django_sandbox.contrib.effects import views

urlpatterns = [
    path("captured-effects", views.EffectsView.as_view(), name="captured-effects"),
    path("captured-effects/<str:effect_id>", views.EffectView.as_view(), name="captured-effect"),
]
