"""
The Celery application, the only module that needs Celery.

    workerctl run --env-file env/production.env -- celery -A shop.app worker
"""

from celery import Celery

from shop import tasks
from shop.settings import settings

app = Celery(
    "shop",
    broker=str(settings.broker_url),
    backend=str(settings.broker_url),
    worker_hijack_root_logger=False,  # boot() has configured logging
    broker_connection_retry_on_startup=True,
    task_time_limit=settings.job_timeout,
)
app.conf.task_default_queue = settings.queues[0]


@app.task(name="shop.charge")
def charge(order: int, amount: str, currency: str) -> str:
    """
    Charge an order in a worker.
    """
    return tasks.charge(order, amount, currency)
