"""
The Celery application, the only module that needs Celery.

    workerctl run --env-file env/production.env -- celery -A shop.app worker
"""

from celery import Celery
from celery.signals import setup_logging

from shop import tasks
from shop.settings import settings
from workerctl.runtime import configure_logging

app = Celery(
    "shop",
    broker=str(settings.broker_url),
    backend=str(settings.broker_url),
    broker_connection_retry_on_startup=True,
    task_time_limit=settings.job_timeout,
)
app.conf.task_default_queue = settings.queues[0]


@setup_logging.connect
def _configure_logging(**_arguments: object) -> None:
    """
    Keep the logging that `boot` has configured; Celery's own would show secrets.
    """
    configure_logging(settings)


@app.task(name="shop.charge")
def charge(order: int, amount: str, currency: str) -> str:
    """
    Charge an order in a worker.
    """
    return tasks.charge(order, amount, currency)
