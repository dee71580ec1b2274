"""The scheduling product: models, API, dashboard and the demo."""
