"""
AMQP URLs as pika, kombu (Celery) and aio-pika read them.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.sources.forms.urls import authority, parameters
from workerctl.sources.forms.urls.authority import Client
from workerctl.sources.forms.urls.faults import Effect, Fault, Use
from workerctl.sources.forms.urls.parameters import INTEGER, NUMBER, TEXT, Table, named
from workerctl.sources.forms.urls.parts import Parts

_PIKA = {
    **named(INTEGER, "channel_max connection_attempts frame_max"),
    **named(NUMBER, "blocked_connection_timeout retry_delay socket_timeout stack_timeout"),
    **named(TEXT, "client_properties locale ssl_options tcp_options"),
    "backpressure_detection": TEXT,
}
_KOMBU = named(
    TEXT,
    "connect_timeout insist login_method ssl_ca_certs ssl_cert_reqs "
    "ssl_certfile ssl_check_hostname ssl_keyfile virtual_host",
)
_AIO_PIKA = named(
    TEXT,
    "auth cadata cafile capath certfile channel_number_max connection_name "
    "fail_fast happy_eyeballs_delay interleave keyfile name no_verify_ssl "
    "reconnect_interval timeout",
)
_ALL = Table(
    "pika, kombu and aio-pika",
    {**_PIKA, **_KOMBU, **_AIO_PIKA, "heartbeat": NUMBER},
    Effect.DOUBTFUL,
    judge="pika and kombu",
)


def faults(parts: Parts, use: Use) -> Iterator[Fault]:
    """
    Yield the faults of an `amqp:` or `amqps:` URL.
    """
    found = list(authority.faults(parts, Client("an AMQP client")))
    yield from found
    if any(fault.effect is Effect.REFUSED for fault in found):
        return
    if not parts.hosts.partition(":")[0] and (parts.hosts or parts.userinfo or not use.is_celery):
        what = "names no host, so an AMQP client connects to localhost"
        yield Fault(Effect.IGNORED, what, "Add the host, even if it is localhost.")
    yield from _vhost_faults(parts)
    yield from parameters.faults(parts.pairs(), _ALL)


def _vhost_faults(parts: Parts) -> Iterator[Fault]:
    if parts.path == "//":
        yield Fault(
            Effect.IGNORED,
            "has the path `//`, which some clients take for the virtual host `/` and others for "
            "none",
            "Write the virtual host `/` as %2F, or leave the path empty.",
        )
    elif parts.path.rstrip("/").count("/") > 1:
        yield Fault(
            Effect.IGNORED,
            "has a path of several parts, of which some clients use the first as the virtual host",
            "Write a `/` in the name of a virtual host as %2F.",
        )
