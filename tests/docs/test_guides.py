"""Code of the guides that no other test runs."""

from celery import Celery

from django_sandbox import live_mode, sandbox_mode
from tests.docs.pages import blocks_of


def test_celery_routes_tasks_by_mode():
    (block,) = (b for b in blocks_of("guides/celery.md") if b.file == "config/routing.py")
    names = {}
    exec(compile(block.text, block.file, "exec"), names)
    with Celery("routes", broker="memory://") as app:
        app.conf.task_routes = [names["by_mode"]]

        def queue():
            return app.amqp.router.route({}, "remind", (), {})["queue"].name

        with sandbox_mode():
            assert queue() == "sandbox"
        with live_mode():
            assert queue() == "celery"
        assert queue() == "celery"
