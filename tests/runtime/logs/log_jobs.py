"""
Jobs that log as real ones do, including secrets.
"""

import logging
from urllib.parse import quote

from workerctl.runtime.logging_config import setup_logger
from workerctl.settings import get_settings

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

logger = setup_logger(__name__)


def log_levels() -> None:
    """
    Log one line at each level, and one from a library.
    """
    for level in LEVELS:
        logger.log(getattr(logging, level), "a line at %s", level)
    logging.getLogger("httpx").info("GET https://api.example.net/?key=1")


def leak() -> None:
    """
    Log a key in the ways in which it happens by mistake, then fail with it in the message.
    """
    settings = get_settings()
    key = settings.OPENAI_API_KEY.get_secret_value()
    logger.debug("with key %s...", key[:8])
    logger.debug("POST https://api.example.net/?key=%s", quote(key, safe=""))
    logger.debug("with %s", {"key": key})
    logging.getLogger("app.audit").info("webhook %s", settings.WEBHOOK_URL.get_secret_value())
    raise RuntimeError(f"The key {key} is refused.")
