"""
What the worker does with an order: plain functions, without Celery.
"""

import logging
from decimal import Decimal

from shop.settings import settings

_log = logging.getLogger(__name__)


def price(amount: str, currency: str) -> Decimal:
    """
    Return an amount in the precision of its currency.

    Raises ValueError for a currency that the shop does not take.
    """
    digits = settings.currencies.get(currency)
    if digits is None:
        raise ValueError(f"The shop does not take {currency}.")
    return Decimal(amount).quantize(Decimal(1).scaleb(-digits))


def charge(order: int, amount: str, currency: str) -> str:
    """
    Charge an order; return a receipt.
    """
    total = price(amount, currency)
    _log.info("Charging order %d at %s.", order, settings.payment.url)
    return f"order {order}: {total} {currency}"
