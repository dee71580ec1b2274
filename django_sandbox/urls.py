"""``path("sandbox/", include("django_sandbox.urls"))``: the toggle of server-made pages."""

from django.urls import path

from django_sandbox import views

app_name = "sandbox"

urlpatterns = [path("mode", views.choose_mode, name="mode")]
