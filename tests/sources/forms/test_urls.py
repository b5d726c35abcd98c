"""
URLs are judged as their clients read them; redis-py itself decides about the table of Redis.
"""

import random
import warnings
from urllib.parse import quote

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import ConnectionPool, parse_url

from workerctl.sources.forms.urls.clients import kafka
from workerctl.sources.forms.urls.clients.redis import KINDS
from workerctl.sources.forms.urls.faults import Effect, Use, is_plain
from workerctl.sources.forms.urls.parts import split
from workerctl.sources.forms.urls.recognition import faults, urls_in
from workerctl.sources.forms.urls.verification import switches_off

REDIS = Use("REDIS_URL", "redis://localhost:6379/0", is_redis=True, is_url=True)
R, D, G, N = Effect.REFUSED, Effect.DOUBTFUL, Effect.IGNORED, Effect.NOTED
U, P = Effect.UNVERIFIED, Effect.UNENCRYPTED

_NAMES = sorted({*KINDS["rediss"], *KINDS["unix"], "timeout", "ssl", "sockettimeout", "x"})
_VALUES = "0 1 2 3 -1 5.5 abc true False none required CERT_NONE VERIFY_X509_STRICT [] é".split()
# redis-py takes any text for an object, and fails with it when it connects.
_OBJECTS = {name for name, kind in KINDS["rediss"].items() if "object" in kind.expects}


def _refused(url: str) -> bool:
    """
    Return whether redis-py refuses a URL when it makes a connection, without connecting.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            ConnectionPool.from_url(url).make_connection()
    except (redis.RedisError, TypeError, ValueError, AttributeError):
        return True
    return False


def effects(url: str, use: Use = REDIS) -> list[Effect]:
    """Return the effects of the faults of a URL."""
    return [fault.effect for fault in faults(url, use)]


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES)), max_size=3),
)
def test_the_table_agrees_with_redis_py(scheme: str, pairs: list[tuple[str, str]]) -> None:
    """What redis-py refuses is refused, and nothing else but an object that is given as text."""
    query = "&".join(f"{name}={quote(value)}" for name, value in pairs)
    url = f"{scheme}://{'/run/redis.sock' if scheme == 'unix' else 'cache'}?{query}"
    found = list(faults(url, REDIS))

    if _refused(url):
        assert R in [fault.effect for fault in found], url
    else:
        refused = {fault.parameter for fault in found if fault.effect is R}
        negative = {name for name, value in pairs if name == "db" and value == "-1"}
        assert refused <= _OBJECTS | negative, url


@given(st.text("0123/ab %", max_size=6), st.sampled_from(["", "?db=1", "?db=3"]))
def test_the_database_is_the_one_of_redis_py(path: str, query: str) -> None:
    """A path that redis-py ignores is a fault; one that it uses is not."""
    url = f"redis://cache/{quote(path)}{query}"
    used = parse_url(url).get("db", 0)
    meant = {each.strip() for each in (path.strip("/"), query.removeprefix("?db=")) if each.strip()}

    if effects(url) == []:
        assert {int(each) for each in meant} <= {used}, url


def test_the_parameters_are_those_of_redis_py() -> None:
    """Every parameter that redis-py converts is known, but that of another pool."""
    known = {name for kinds in KINDS.values() for name in kinds}

    assert set(redis.connection.URL_QUERY_ARGUMENT_PARSERS) - known == {"timeout"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache:6379/0", []),
        ("redis://cache/4000", []),
        ("redis://cache/", []),
        ("redis://[fd00::1]:6379/0", []),
        ("rediss://u:p%40%2F@cache:6380/0?ssl_ca_certs=/ca.pem&ssl_cert_reqs=required", []),
        ("redis://cache/0?password=a@b", []),
        ("redis://cache/0/1", [G]),
        ("redis://cache/0#note", [G]),
        ("redis://cache:/0", [G]),
        ("redis://cache/-1", [R]),
        ("redis://fd00::1/0", [R]),
        ("redis://cache/0?decode_responses=false", [G]),
        ("redis://cache/0?socket_timeout=1&socket_timeout=2", [G]),
        ("redis://cache/0?retry=3", [R]),
        ("redis://cache/0?retry_on_error=TimeoutError", [G]),
        ("rediss://cache/0?retry_on_timeout=true", []),
        ("redis://:123?ab@cache/0", [R]),
        ("redis+sentinel://a,b/0", [R]),
        ("redis://redis://cache", [R]),
        ("redis://{host}:{port}/0", []),
        ("redis://$(HOST):$(PORT)/0", []),
    ],
)
def test_redis(url: str, expected: list[Effect]) -> None:
    """Redis URLs for which redis-py is the client."""
    assert effects(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://u:p@rabbit/%2F", []),
        ("amqp://u:p@rabbit/vhost?heartbeat=30&connection_attempts=3", []),
        ("amqps://rabbit/?name=worker&reconnect_interval=5", []),
        ("amqp://u:p@rabbit//", [G]),
        ("amqp://u:p@rabbit/a/b", [G]),
        ("amqp:///", [G]),
        ("amqp://rabbit/?heartbeat=often", [R]),
        ("amqp://rabbit/?heartbeats=1", [D]),
        ("amqp://a,b/", [R]),
        ("amqp://rabbit:567200/", [R]),
        ("amqps://rabbit/?no_verify_ssl=1", [U]),
        ("postgresql:///app?host=/var/run", []),
        ("postgresql://a:1,b:2/app?target_session_attrs=read-write", []),
        ("postgresql://db/app?sslmode=verify-full&application_name=x", []),
        ("postgresql+psycopg://u:a/b@db/app", []),
        ("postgresql+asyncpg://db/app?ssl=require", []),
        ("postgresql+asyncpg://db/app?ssl=true", [R]),
        ("postgresql+asyncpg://db/app?sslmode=require", [R]),
        ("postgresql+psycopg2://db/app?pgbouncer=true", [R]),
        ("postgresql+psycopg://a:1,b:2/app", [R]),
        ("postgresql+psycopg://u:p@a,b/app?target_session_attrs=read-write", []),
        ("postgresql+psycopg2://a,b/app", []),
        ("postgresql+asyncpg://a,b/app", [R]),
        ("postgresql://db/app?sslmode=required", [R]),
        ("postgresql://db/app?connect_timeout=soon", [R]),
        ("postgresql://db/app?pgbouncer=true", [D]),
        ("postgresql://u:a@b@db/app", [D]),
        ("postgresql://u:100%@db/app", [D]),
        ("postgresql://u:a/b@db/app", [D]),
        ("postgres+asyncpg://db/app", [R]),
        ("postgresql://db/app?sslmode=prefer", [P]),
        ("postgresql://127.0.0.1/app?sslmode=disable", []),
        ("mysql+pymysql://u:p@db:3306/app?charset=utf8mb4", []),
        ("mysql+pymysql://db/app?ssl-mode=REQUIRED", [R]),
        ("mysql+pymysql://db/app?connect_timeout=soon", [R]),
        ("mysql://db/app?pool=5", [D]),
        ("mysql+aiomysql://db/app?anything=1", []),
        ("mongodb://a:1,b:2/app?replicaSet=r&RETRYWRITES=true", []),
        ("mongodb+srv://u:p@cluster.example.net/app?w=majority", []),
        ("mongodb+srv://cluster.example.net:27017/", [R]),
        ("mongodb+srv://a.example.net,b.example.net/", [R]),
        ("mongodb://u:a@b@db/", [R]),
        ("mongodb://u:a/b@db/", [R]),
        ("mongodb://u:100%@db/", [R]),
        ("mongodb:///app", [R]),
        ("mongodb://db/?poolSize=5", [G]),
        ("mongodb://db/?tls=yes", [G]),
        ("mongodb://db/?tls=true;tlsInsecure=true", [U]),
        ("mongodb://db/?tlsInsecure=true&tlsAllowInvalidHostnames=true", [R]),
        ("mongodb://db/?ssl=true&tls=false", [R]),
        ("mongodb://a,b/?directConnection=true", [R]),
        ("https://api.example.net/@user?at=a@b", []),
        ("https://u:p@ss@api.example.net/", [N]),
        ("https://:8080/v1", [R]),
        ("https://u:pa/ss@api.example.net/", [R]),
        ("wss://api.example.net:70000/", [R]),
        ("htps://api.example.net", [R]),
        ("postgre://db/app", [R]),
        ("ampq://rabbit/", [R]),
        ("mysqlx://db/app", []),
        ("mysql2://db/app", []),
        ("mssql://db/app", []),
        ("mssql+pyodbc://u:p@db/app?driver=ODBC+Driver+18&Encrypt=yes", []),
        ("mssql+pymssql://u:p@db/app", []),
        ("mssql+aioodbc://u:p@db/app?TrustServerCertificate=yes", [U]),
        ("mariad+own://db/app", []),
        ("redise+own://db/app", []),
        ("ldap://directory", []),
        ("s3://bucket/key@2", []),
        ("C:/data", []),
        ("text without a URL", []),
        ("unix:///run/gunicorn.sock?x=1", []),
    ],
)
def test_other_clients(url: str, expected: list[Effect]) -> None:
    """URLs of a setting of which only the value is known."""
    assert effects(url, Use("A_SETTING")) == expected


@pytest.mark.parametrize(
    "authority", ["u:p[9@h", "u:p]9@h", "u[:p@h:1", "[h]", "u:p@h]", "[1.2.3.4]"]
)
@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("redis", [R]),
        ("rediss", [R]),
        ("amqps", [R]),
        ("https", [D]),
        ("wss", [D]),
        ("postgresql", [D]),
        ("mysql", [D]),
        ("postgresql+psycopg", []),
        ("mysql+pymysql", []),
        ("mongodb", []),
    ],
)
def test_brackets(scheme: str, authority: str, expected: list[Effect]) -> None:
    """Clients that use `urllib.parse` take every bracket for one of an IPv6 address."""
    found = list(faults(f"{scheme}://{authority}/0", Use("A_SETTING")))

    assert [each.effect for each in found] == expected
    assert all("IPv6" in each.what for each in found)
    assert effects(f"{scheme}://u:p%5B9@[fd00::1]:1/0", Use("A_SETTING")) == []


@given(st.text("a[]:.1", max_size=6), st.text("a[]:.1@", min_size=1, max_size=6))
def test_the_authority_is_the_one_of_redis_py(userinfo: str, host: str) -> None:
    """redis-py reads a URL without faults, and refuses one that has brackets in a wrong place."""
    for url in (f"redis://u:{userinfo}@{host}/0", f"redis://{host}/0"):
        if effects(url) == [] or is_plain(url):
            parse_url(url)


@pytest.mark.parametrize(
    ("userinfo", "expected"),
    [
        ("u:a:b", [R]),
        ("u::a", [R]),
        ("u:a:", [R]),
        ("u:a:b@c", [R]),
        (":a", [R]),
        ("", [R]),
        ("u:a+b", [G]),
        ("u+v", [G]),
        ("u:", [G]),
        ("u", []),
        ("u:a%3Ab%2Bc d", []),
    ],
)
def test_user_and_password_of_mongodb(userinfo: str, expected: list[Effect]) -> None:
    """Of user and password, pymongo refuses more than other clients, and decodes a `+`."""
    for scheme in ("mongodb", "mongodb+srv"):
        assert effects(f"{scheme}://{userinfo}@db.example.net/app", Use("A_SETTING")) == expected


def test_user_and_password_of_other_clients() -> None:
    """The others read a second `:` and a `+` as they are, and some need no user."""
    for scheme in ("redis", "amqp", "postgresql", "mysql+pymysql", "https"):
        for userinfo in ("u:a:b", "u:a+b", ":a"):
            assert effects(f"{scheme}://{userinfo}@db.example.net/0", Use("A_SETTING")) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:a b@db/app", [D]),
        ("postgresql://u v:a@db/app", [D]),
        ("postgresql://u:a@db/my app", [D]),
        ("postgresql://u:a@a:1,b c:2/app", [D]),
        ("postgresql://db/app?application_name=my app", [D]),
        ("postgresql://u:a%20b@db/app?application_name=my%20app", []),
        ("postgresql://u:a@db/app?application_name=my+app", []),
        ("postgresql+psycopg://u:a b@db/app?application_name=my app", []),
        ("mysql+pymysql://u:a b@db/app", []),
        ("mongodb://u:a b@db/app", []),
        ("redis://u:a b@cache/0", []),
    ],
)
def test_blanks(url: str, expected: list[Effect]) -> None:
    """No client but libpq refuses a blank."""
    assert effects(url, Use("A_SETTING")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("sslmode=require&", []),
        ("application_name=&sslmode=require", []),
        ("options=-cstatement_timeout%3D5", []),
        ("options=-cstatement_timeout=5", [D]),
        ("sslmode", [D]),
        ("sslmode=require&&connect_timeout=1", [D]),
    ],
)
def test_separators_of_parameters(query: str, expected: list[Effect]) -> None:
    """SQLAlchemy reads with `urllib.parse`, and libpq is stricter."""
    assert effects(f"postgresql://db/app?{query}", Use("A_SETTING")) == expected
    assert effects(f"postgresql+psycopg://db/app?{query}", Use("A_SETTING")) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("REDIS://cache/0", [R]),
        ("Rediss://cache/0", [R]),
        ("Unix:///run/redis.sock", [R]),
        ("MongoDB://db/app", [R]),
        ("mongodb+SRV://db.example.net/app", [R]),
        ("POSTGRESQL+asyncpg://db/app", [R]),
        ("postgresql+Psycopg://db/app", [R]),
        ("MySQL+pymysql://db/app", [R]),
        ("PostgreSQL://db/app", [D]),
        ("MySQL://db/app", [D]),
        ("AMQPS://rabbit/", []),
        ("HTTPS://api.example.net/", []),
        ("Own://host", []),
    ],
)
def test_capitals_in_the_scheme(url: str, expected: list[Effect]) -> None:
    """Only some clients ignore the case of a scheme."""
    assert effects(url, Use("REDIS_OR_NOT")) == expected
    assert effects(url.partition(":")[0].lower() + "://a.example.net/0", Use("X")) == []


def test_capitals_for_redis_py_and_celery() -> None:
    """Of Celery, only the result backend refuses them."""
    assert effects("REDIS://cache/0") == [R]
    assert effects("REDISS://cache/0", Use("CELERY_BROKER_URL")) == [D]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("amqp://rabbit/?heartbeat=often", "`heartbeat` a value that is refused by pika and kombu"),
        ("mysql://db/?compress=x", "`compress` a value that is refused by the drivers of MySQL"),
        ("postgresql://db/?sslmode=x", "`sslmode` a value that is refused by libpq"),
        ("mongodb://db/?tls=x", "`tls` a value that is ignored by pymongo"),
    ],
)
def test_the_words_suit_one_client_and_several(url: str, what: str) -> None:
    """A table may be that of one client or of several, of which not all refuse a value."""
    (found,) = faults(url, Use("A_SETTING"))

    assert found.what == f"gives the parameter {what}"


_ESCAPED_BY_HAND = ("u:a#b@db", "u:a?b@db", "u:a/b@db", "u:a@b@db", "u@x:a@db", "u:a?b:c#d@db:1")


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("redis", [[R], [R], [R], [N], [N], [R]]),
        ("amqp", [[R], [R], [R], [N], [N], [R]]),
        ("https", [[R], [R], [R], [N], [N], [R]]),
        ("mongodb", [[], [R], [R], [R], [R], [R]]),
        ("mysql", [[D], [D], [D], [D], [D], [D]]),
        ("mysql+pymysql", [[], [], [], [R], [N], []]),
        ("postgresql", [[D], [D], [D], [D], [D], [D]]),
        ("postgresql+psycopg", [[], [], [], [R], [N], []]),
        ("postgresql+asyncpg", [[], [], [], [R], [N], []]),
    ],
)
def test_where_clients_end_user_and_password(scheme: str, expected: list[list[Effect]]) -> None:
    """Each client has its own pattern of user and password."""
    urls = [f"{scheme}://{authority}/0" for authority in _ESCAPED_BY_HAND]

    assert [effects(url, Use("A_SETTING")) for url in urls] == expected


@pytest.mark.parametrize(
    ("url", "client"),
    [
        ("postgresql://u:a#b@db/app", "asyncpg"),
        ("postgresql://u:a?b@db/app", "asyncpg"),
        ("postgresql://u:a?b@db/app?sslmode=require&application_name=x", "asyncpg"),
        ("postgresql://u:a/b@db/app", "libpq"),
        ("postgresql://u:a@b@db/app", "libpq"),
        ("mongodb://u:a/b@db/app", "pymongo"),
    ],
)
def test_the_client_that_misreads_a_url_is_named(url: str, client: str) -> None:
    """A `?` or `#` belongs to the password for libpq, but not for asyncpg."""
    (found,) = faults(url, Use("A_SETTING"))
    others = {"asyncpg", "libpq", "pymongo"} - {client}

    assert client in found.what
    assert not [other for other in others if other in found.what]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://u:a/b@db:x/app", [R]),
        ("postgresql+psycopg://u:a#b@db/app?pgbouncer=true", [R]),
        ("postgresql+psycopg://u:a?b@db/app?application_name=x", []),
        ("postgresql+psycopg://u:a@#b@db/app", [R]),
        ("mysql+pymysql://u:a@b/c@db/app", [R]),
        ("mysql+pymysql://u/a:b@db/app", [R]),
        ("mysql+pymysql://u:a/b#c@db/app?init_command=a@b", []),
        ("mongodb://u:a#b@db/app?retryWrites=true", []),
        ("mongodb://u:a#b@db:x/app", [R]),
        ("mongodb://u:a#b@db/app?poolSize=5", [G]),
    ],
)
def test_what_follows_such_a_password_is_judged(url: str, expected: list[Effect]) -> None:
    """Hosts and parameters are those that the client finds."""
    assert effects(url, Use("A_SETTING")) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://u:p@cache:/0", [G]),
        ("amqps://u:p@rabbit:/vhost", [G]),
        ("https://u:p@api.example.net:/v1", [G]),
        ("postgresql://u:p@db:/app", [D]),
        ("postgresql://u:p@a:1,b:/app", [D]),
        ("mysql://u:p@db:/app", [D]),
        ("postgresql+psycopg://u:p@db:/app", [R]),
        ("postgresql+asyncpg://u:p@[fd00::1]:/app", [R]),
        ("mysql+pymysql://u:p@db:/app", [R]),
        ("mariadb+mariadbconnector://db:", [R]),
        ("mongodb://u:p@db:/app", [R]),
        ("mongodb://a:1,b:,c:3/app", [R]),
    ],
)
def test_an_empty_port(url: str, expected: list[Effect]) -> None:
    """Of `host:${PORT}` and an empty variable, only some clients take the default port."""
    found = list(faults(url, Use("A_SETTING")))

    assert [each.effect for each in found] == expected
    assert ("takes the default" in found[0].what) == (expected == [G])


@pytest.mark.parametrize(
    ("scheme", "meant"),
    [
        ("mysq", "mysql"),
        ("mysqll+pymysql", "mysql+pymysql"),
        ("mariadbb+mariadbconnector", "mariadb+mariadbconnector"),
        ("postgre", "postgres"),
        ("postgre+psycopg", "postgresql+psycopg"),
        ("postgressql+asyncpg", "postgresql+asyncpg"),
        ("mongdb+srv", "mongodb+srv"),
    ],
)
def test_a_misspelt_scheme_has_a_driver_of_its_family(scheme: str, meant: str) -> None:
    """A driver shows which scheme was meant, and one of another family that none was."""
    kind, plus, _ = scheme.partition("+")

    found = [(each.effect, each.hint) for each in faults(f"{scheme}://db/app", Use("A_SETTING"))]
    assert found == [(R, f"Did you mean {meant}:?")]
    assert not plus or effects(f"{kind}+aioodbc://db/app", Use("A_SETTING")) == []


@pytest.mark.parametrize(
    ("scheme", "meant"),
    [
        ("postgresql+psycopg3", "postgresql+psycopg"),
        ("postgresql+psycopg2-binary", "postgresql+psycopg2"),
        ("postgresql+asyncgp", "postgresql+asyncpg"),
        ("mysql+mysqlclient", "mysql+mysqldb"),
        ("mariadb+pymsql", "mariadb+pymysql"),
        ("postgres+asyncpg", "postgresql+asyncpg"),
        ("postgres+psycopg2", "postgresql+psycopg2"),
        ("postgres+psycopg3", "postgresql+psycopg"),
    ],
)
@pytest.mark.parametrize("default", ["", "postgresql+psycopg://localhost/app"])
def test_a_driver_with_another_name(scheme: str, meant: str, default: str) -> None:
    """SQLAlchemy loads a driver by its own name for it; the hint keeps the driver of the URL."""
    found = [(f.effect, f.hint) for f in faults(f"{scheme}://db/app", Use("X", default))]

    assert found == [(R, f"Write `{meant}:`.")]
    assert effects(f"{meant}://db/app", Use("X", default)) == []


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("postgres://db/app", "Write `postgresql+asyncpg:`."),
        ("postgres+own://db/app", "Write `postgresql` in its place."),
    ],
)
def test_the_driver_of_the_default(url: str, hint: str) -> None:
    """The hint names the driver of the default only if the URL has none."""
    use = Use("X", "postgresql+asyncpg://localhost/app")

    assert [each.hint for each in faults(url, use)] == [hint]


@pytest.mark.parametrize("driver", ["own", "aiopg", "psycopg_own", "asyncpglike"])
def test_a_driver_of_a_third_party(driver: str) -> None:
    """A package may add a driver to SQLAlchemy."""
    assert effects(f"postgresql+{driver}://db/app", Use("X")) == []
    assert effects(f"mysql+{driver}://db/app", Use("X")) == []


@pytest.mark.parametrize(
    ("default", "text", "expected"),
    [
        ("postgresql+asyncpg://localhost/app", "postgres://db/app", [R]),
        ("postgresql+asyncpg://localhost/app", "postgresql://db/app", [D]),
        ("postgresql+psycopg2://localhost/app", "postgresql://db/app", []),
        ("postgresql://localhost/app", "postgres://db/app", []),
        ("postgresql://localhost/app", "host=db dbname=app", []),
        ("redis://localhost:6379/0", "cache:6379", [R]),
        ("redis://localhost:6379/0", "localhost", [R]),
        ("redis://localhost:6379/0", "memory", []),
        ("http://localhost", "api.example.net", [R]),
        ("a word", "api.example.net", []),
        ("", "api.example.net:80", []),
    ],
)
def test_a_default_shows_what_is_expected(default: str, text: str, expected: list[Effect]) -> None:
    """The default of a setting shows its scheme, and the driver of SQLAlchemy."""
    assert effects(text, Use("A_SETTING", default)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example.net,https://b.example.net", []),
        ("https://a.example.net/, http://b.example.net:8080/,", []),
        ("https://a.example.net https://b.example.net", []),
        ("wss://a.example.net/x\nwss://b.example.net/x", []),
        ("rediss://a:6379,rediss://b:6379", []),
        ("redis://:p@a:6379/0;redis://:p@b:6379/0", []),
        ("amqps://u:p@a:5671,amqps://u:p@b:5671/vhost", []),
        ("mongodb://a:1,b:2/app, postgresql://a:1,b:2/app", []),
        ("https://login.example.net/?audience=https://a,https://b", []),
        ("s3://bucket/a,s3://bucket/b", []),
        ("redis://a:6379,b:6379", [R]),
        ("redis://a:6379,b:6379,redis://c:6379", [R]),
        ("redis://a:6379,redis://b:x", [R]),
        ("redis://a/prod redis://b/0", [G]),
        ("https://a.example.net https://:8080", [R]),
        ("amqps://u:p/q@a:5671,amqps://u:p@b:5671", [R]),
    ],
)
def test_a_list_is_judged_url_by_url(text: str, expected: list[Effect]) -> None:
    """A program splits a list before it gives the URLs to a client."""
    use = Use("NODES")
    assert is_plain(text) is False
    assert [each.effect for url in urls_in(text, use) for each in faults(url, use)] == expected


@pytest.mark.parametrize(
    ("use", "text", "expected"),
    [
        (REDIS, "redis://a:6379,redis://b:6379", 1),
        (REDIS, "rediss://u:p@a:6379/0 rediss://u:p@b:6379/0", 1),
        (REDIS, "redis://a/0;redis://b/0", 1),
        (REDIS, "redis://a:6379,b:6379", 0),
        (Use("CELERY_BROKER_URL"), "amqp://u:p@a,amqp://u:p@b", 1),
        (Use("CELERY_BROKER_URL"), "amqp://u:p@a;amqp://u:p@b", 0),
        (Use("BROKER", is_url=True), "amqp://u:p@a:5672/x,amqp://u:p@b:5672/x", 1),
        (Use("API", is_url=True), "https://img.example.net/w_9,https://a.example.net/b.png", 0),
    ],
)
def test_a_known_client_expects_one_url(use: Use, text: str, expected: int) -> None:
    """redis-py, Celery and the client of an endpoint do not split a list."""
    found = [each for url in urls_in(text, use) for each in faults(url, use)]

    assert [each.what for each in found].count(
        "names several URLs, where its client expects one"
    ) == expected


@pytest.mark.parametrize(
    "text",
    [
        "See redis://host:port, or https://:8080",
        '["redis://a:x", "redis://b:x"]',
        "primary=redis://a:x,replica=redis://b:x",
        "redis-cli -u redis://a:x ping; curl https://:8080",
    ],
)
def test_another_text_that_names_urls_is_no_list(text: str) -> None:
    """A list begins with a URL."""
    assert urls_in(text, Use("NODES")) == [text]
    assert effects(text, Use("NODES")) == []


def test_origins_are_split_at_every_comma() -> None:
    """No client connects to an origin; what is not one has another finding."""
    use = Use("CORS", is_origins=True)

    assert urls_in("https://a.example.net, b.example.net,*", use) == ["https://a.example.net"]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("a:9092,b:9092", []),
        ("[fd00::1]:9092", []),
        ("SASL_SSL://a:9092", []),
        ("a,b:9092", [G]),
        ("a:,b:9092", [R]),
        ("a;b", [R]),
        ("a:9092 b:9092", [R]),
        ("a:9092,,b:9092", [R]),
        ("kafka://a:9092", [D]),
        ("a:port", [R]),
        ("a:90920", [R]),
        (":9092", [R]),
        ("9092", [R]),
    ],
)
def test_bootstrap_servers(servers: str, expected: list[Effect]) -> None:
    """A list of hosts with ports, separated by commas."""
    assert [fault.effect for fault in kafka.faults(servers.split(","))] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERIFY_SSL", "false"),
        ("SSL_VERIFY", "0"),
        ("SSLVERIFY", "no"),
        ("APP_HTTPX_VERIFY_SSL", "off"),
        ("REQUESTS_VERIFY", "False"),
        ("ES_VERIFY_CERTS", "false"),
        ("SSL_CERT_REQS", "none"),
        ("DB_SSL_CHECK_HOSTNAME", "false"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("GIT_SSL_NO_VERIFY", "1"),
        ("INSECURE", "true"),
        ("ES_INSECURE", "yes"),
        ("SKIP_TLS_VERIFY", "true"),
        ("INSECURE_SKIP_VERIFY", "true"),
        ("DISABLE_SSL_VERIFICATION", "on"),
        ("ALLOW_INVALID_CERTIFICATES", "1"),
    ],
)
def test_a_switch_that_is_off(name: str, value: str) -> None:
    """Names of switches as people write them; the opposite value is harmless."""
    opposite = "false" if value in {"1", "true", "yes", "on"} else "true"

    assert switches_off(name, value)
    assert switches_off(name.lower(), value)
    assert not switches_off(name, opposite)
    assert not switches_off(name, "/etc/ssl/ca.pem")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_VERIFICATION", "false"),
        ("VERIFY_SIGNATURE", "false"),
        ("SSL_VERIFY_DEPTH", "0"),
        ("UPGRADE_INSECURE_REQUESTS", "true"),
        ("DISABLE_SSL_WARNINGS", "true"),
        ("CHECK_INTERVAL", "0"),
        ("ALLOW_SIGNUP", "true"),
    ],
)
def test_another_switch(name: str, value: str) -> None:
    """Switches that have nothing to do with certificates."""
    assert not switches_off(name, value)


def test_no_words_contain_a_part_of_the_url() -> None:
    """User, password, host, path and unknown parameters are in no message or hint."""
    source = random.Random(12)
    pieces = ["".join(source.choices("bcdfghkmqvwxz23456789", k=10)) for _ in range(8)]
    a, b, c, d, e, f, g, h = pieces
    schemes = (
        "redis rediss amqp postgresql postgresql+asyncpg mysql+pymysql mongodb mongodb+srv http"
    )
    unknown = [f"x{a}", f"postgresql+{a}", f"postgres+{a}", f"postgre+{a}", f"Mysql+{a}", "Redis"]
    for scheme in [*schemes.split(), *unknown]:
        for url in (
            f"{scheme}://{a}:{b}@{c}:{d}/{e}?{f}={g}#{h}",
            f"{scheme}://{a}:{b}@{c}/{e}?{f}={g}&ssl={h}&db={h}&sslmode={h}&connect_timeout={h}",
            f"{scheme}://{a}:{b}/{c}@{d}:{e}/{f}?{g}@{h}",
            f"{scheme}://{a}@{b}@{c},{d}:{e}/{f}/{g}?{h}",
            f"{scheme}://{a}:{b}[@{c}:/{d}?{e}",
            f"{scheme}://{a}:{b}:{c} +@{d}/{e} {f}?{g}={h}=",
            f"{scheme}://{a}:{b}@{c},{scheme}://{d}:{e}@{f}",
            f"{a}.{b}:{c}",
        ):
            for use in (
                REDIS,
                Use("X", "postgresql+asyncpg://localhost"),
                Use("CELERY", is_url=True),
            ):
                text = repr(list(faults(url, use)))
                assert not [piece for piece in pieces if piece in text], url


@given(
    st.sampled_from(["http", "https", "redis", "rediss"]),
    st.text("ab0:@/.?#%[]", max_size=20),
)
def test_a_plain_url_has_no_fault(scheme: str, rest: str) -> None:
    """The quick test lets no URL through in which a client finds a fault."""
    url = f"{scheme}://{rest}"

    assert not is_plain(url) or effects(url, Use("A_SETTING")) == []


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    """No text makes the recognition fail."""
    drivers = ("postgresql+psycopg://", "mysql+pymysql://")
    for scheme in ("", "redis://", "postgresql://", "mongodb://", "amqp://", "https://", *drivers):
        for use in (REDIS, Use(), Use("CELERY_BROKER_URL"), Use(is_origins=True)):
            for url in urls_in(scheme + text, use):
                list(faults(url, use))
    list(kafka.faults(text.split(",")))
    split(text)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mysql+mysqldb://u:p@db/app?ssl_mode=DISABLED", "Write `ssl_mode=VERIFY_IDENTITY`."),
        ("db+postgresql://u:p@db/app?sslmode=disable", "Write `sslmode=require` or `verify-full`."),
        ("cockroachdb://u:p@db/app?sslmode=prefer", "Write `sslmode=require` or `verify-full`."),
        ("postgresql+asyncpg://u:p@db/app?ssl=disable", "Write `ssl=require` or `verify-full`."),
        ("amqps://u:p@mq/?ssl=false", "Write `ssl=true`."),
    ],
)
def test_the_remedy_has_a_word_of_the_parameter(url: str, hint: str) -> None:
    """The name of a parameter for TLS decides which words it takes, whatever the scheme is."""
    hints = [fault.hint for fault in faults(url, Use()) if fault.effect is Effect.UNENCRYPTED]

    assert hints == [hint]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mysql+pymysql://u:p@db/app?ssl_mode=REQUIRED", "Remove it, or correct its name."),
        ("mysql+pymysql://u:p@db/app?useSSL=false", "Remove it, or correct its name."),
        ("mysql+pymysql://u:p@db/app?connect_timeot=3", "Did you mean connect_timeout?"),
        ("rediss://u:p@cache/0?ssl_ca_cert=/ca.pem", "Did you mean ssl_ca_certs?"),
    ],
)
def test_a_suggested_parameter_is_about_the_same(url: str, hint: str) -> None:
    """A parameter for TLS is not suggested for another one, nor the other way round."""
    assert hint in [fault.hint for fault in faults(url, Use())]


def test_a_result_backend_of_celery_has_to_name_its_check_of_certificates() -> None:
    """Celery raises ValueError unless the URL or its own settings do; not so for a broker."""
    url = "rediss://:p@cache:6380/0"
    backend, broker = Use("CELERY_RESULT_BACKEND"), Use("CELERY_BROKER_URL")

    assert [fault.effect for fault in faults(url, backend)] == [Effect.DOUBTFUL]
    assert list(faults(f"{url}?ssl_cert_reqs=CERT_REQUIRED", backend)) == []
    assert list(faults(url, broker)) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("REDIS_URL", "cache.works.net:6379/0", [D]),
        ("APP_DATABASE_URL", "u:p@db.works.net:5432/app", [D]),
        ("API_BASE_URL", "https:/api.works.net/v1", [D]),
        ("SENTRY_DSN", "https//key@sentry.works.net/1", [D]),
        ("CELERY_BROKER_URL", "amqp:/rabbit:5672", [D]),
        ("ORACLE_DSN", "db.works.net:1521/service", []),
        ("DATABASE_URL", "app.sqlite3", []),
        ("STATIC_URL", "/static/", []),
        ("LOGIN_URL", "accounts:login", []),
        ("CLUSTER_URL", "worker:8000", []),
        ("CACHE_HOST", "cache.works.net:6379", []),
    ],
)
def test_a_text_that_is_nearly_a_url(name: str, text: str, expected: list[Effect]) -> None:
    """Where nothing but the name says that it is one, only what cannot be meant is a fault."""
    assert [fault.effect for fault in faults(text, Use(name))] == expected


@pytest.mark.parametrize("query", ["ssl=false", "tls=0", "encrypt=no"])
def test_tls_of_a_web_address_depends_on_its_scheme(query: str) -> None:
    """A query parameter of HTTP is for the server, not for the client."""
    assert list(faults(f"https://hooks.works.net/run?{query}", Use("WEBHOOK_URL"))) == []
