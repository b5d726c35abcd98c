"""
The form of every value: what FRM001 to FRM005 find, what they leave alone, and what stops a boot.
"""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_settings import BaseSettings

from tests.support.any_class import judged
from tests.support.configurations import MakeContext, MakeLoaded
from tests.support.usable_values import Case, usable
from workerctl.checks.base import Check, Context
from workerctl.checks.values import forms
from workerctl.checks.values.placeholders import ENV004
from workerctl.report.findings import Severity
from workerctl.schema.boot_rules.forms import role_of
from workerctl.schema.boot_rules.rules import boot_findings
from workerctl.secrecy.credential_names import Use, is_credential_name, use_of
from workerctl.sources.forms.lists import list_fault
from workerctl.sources.forms.origins import origin_fault
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.plain import is_bare
from workerctl.sources.forms.wrappings import bare_fault

Run = Callable[..., CompletedProcess[str]]

KEY = "oai_zubSMknJxdnPeFn7XWcJvfpn7Zw37Zc"
CHECKS: tuple[Check, ...] = (
    forms.FRM001,
    forms.FRM002,
    forms.FRM003,
    forms.FRM004,
    forms.FRM005,
)
FRAGMENT = 5


def found(context: Context) -> list[tuple[str, Severity, str]]:
    """
    Return code, severity and message of everything that the checks of forms find.
    """
    return [(one.code, one.severity, one.message) for each in CHECKS for one in each.run(context)]


BROKEN_KEYS = {
    f"{KEY}\n": ("FRM001", "ends with a line end, so no HTTP header can carry it"),
    f"{KEY}\r": ("FRM001", ("ends with a carriage return, as lines of Windows files do, so no HTTP "
                 "header can carry it")),
    f" {KEY}": ("FRM001", "begins with a blank, so no HTTP header can carry it"),
    f"{KEY}\t ": ("FRM001", "ends with a blank, so no HTTP header can carry it"),
    f"{KEY}\u00a0": ("FRM001", ("ends with the invisible character U+00A0 NO-BREAK SPACE, so no "
                     "HTTP header can carry it")),
    " \n": ("FRM001", "contains only white space, so no HTTP header can carry it"),
    f"{KEY}\\n": ("FRM001", "ends with a backslash and a letter that stand for a line end"),
    f"\ufeff{KEY}": ("FRM002", ("begins with a byte order mark (U+FEFF), so no HTTP header can "
                     "carry it")),
    f"\u200b{KEY}": ("FRM002", ("contains the invisible character U+200B ZERO WIDTH SPACE as "
                     "character 1, so no HTTP header can carry it")),
    f"{KEY[:9]}\u00ad{KEY[9:]}": ("FRM002", ("contains the invisible character U+00AD SOFT HYPHEN "
                                  "as character 10, so no HTTP header can carry it")),
    f"{KEY[:9]}\u202e{KEY[9:]}": ("FRM002", ("contains the invisible character U+202E "
                                  "RIGHT-TO-LEFT OVERRIDE as character 10, so no HTTP header can "
                                  "carry it")),
    f"{KEY}\nOTHER": ("FRM002", (f"contains a line end as character {len(KEY) + 1}, so no HTTP "
                      "header can carry it")),
    f"{KEY[:6]}\u0430{KEY[7:]}": ("FRM002", ("contains a Cyrillic letter as character 7, which is "
                                  "not ASCII, so no HTTP header can carry it")),
    f"{KEY}\u2013x": ("FRM002", (f"contains a typographic dash as character {len(KEY) + 1}, which "
                      "is not ASCII, so no HTTP header can carry it")),
    f"OPENAI_API_KEY={KEY}": ("FRM003", "begins with its own name"),
    f"export OPENAI_API_KEY={KEY}": ("FRM003", "begins with its own name"),
    f"OPENAI_API_KEY: {KEY}": ("FRM003", "begins with its own name"),
    f"openai_api_key = {KEY}": ("FRM003", "begins with its own name"),
    f'- "OPENAI_API_KEY": {KEY}': ("FRM003", "begins with its own name"),
    f"OTHER_KEY={KEY}": ("FRM003", "begins with the name of a variable"),
    f'{{"OPENAI_API_KEY": "{KEY}"}}': ("FRM003", ("is a JSON object that contains it, not "
        "the value")),
    f"Bearer {KEY}": ("FRM003", ("begins with the scheme of a header, which the client adds by "
                      "itself")),
    f"bearer  {KEY}": ("FRM003", ("begins with the scheme of a header, which the client adds by "
                       "itself")),
    f"Authorization: Bearer {KEY}": ("FRM003", ("begins with the scheme of a header, which the "
                                     "client adds by itself")),
    f"x-api-key: {KEY}": ("FRM003", ("begins with the scheme of a header, which the client adds by "
                          "itself")),
    f"Token {KEY}": ("FRM003", ("begins with the scheme of a header, which the client adds by "
                     "itself")),
    f"Basic {KEY}==": ("FRM003", ("begins with the scheme of a header, which the client adds by "
                       "itself")),
    f'"{KEY}"': ("FRM003", "is enclosed in quotes, which are part of the value"),
    f"'{KEY}'": ("FRM003", "is enclosed in quotes, which are part of the value"),
    f'\\"{KEY}\\"': ("FRM003", "is enclosed in quotes, which are part of the value"),
    f"\u201c{KEY}\u201d": ("FRM003", ("is enclosed in quotes, which are part of the value, so no "
                           "HTTP header can carry it")),
    f'"{KEY}': ("FRM003", "has a quote at one end only"),
    f"{KEY} # of the team": ("FRM003", "is followed by a comment"),
    "# of the team": ("FRM003", "is a comment"),
    f"{KEY};": ("FRM003", "ends with a semicolon, as a line of code does"),
    f"{KEY},": ("FRM003", "ends with a comma, as a line of code does"),
    f"b'{KEY}'": ("FRM003", "is written in b'…', as Python prints bytes"),
    f'b"{KEY}"': ("FRM003", "is written in b'…', as Python prints bytes"),
    f"{KEY}{KEY}": ("FRM003", "is the same text twice"),
    f"{KEY} (production)": ("FRM003", "contains white space, which no API key or token does"),
    f"{KEY[:20]} {KEY[20:]}": ("FRM003", "contains white space, which no API key or token does"),
    "cat: /run/secrets/openai: No such file or directory": (
        "FRM003", "contains white space, which no API key or token does",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN_KEYS, ids=ascii)
def test_a_broken_api_key_is_one_error(context: MakeContext, text: str) -> None:
    """
    Each fault of a key is one error, which says what it is and shows no part of the key.
    """
    code, words = BROKEN_KEYS[text]
    (one,) = found(context("ENV=production\n", {"OPENAI_API_KEY": text}))

    assert one == (code, Severity.ERROR, f"OPENAI_API_KEY {words}.")
    assert not any(KEY[n : n + FRAGMENT] in one[2] for n in range(len(KEY) - FRAGMENT))


@pytest.mark.parametrize("text", BROKEN_KEYS, ids=ascii)
def test_a_key_that_no_header_can_carry_stops_a_boot(loaded: MakeLoaded, text: str) -> None:
    """
    get_settings() raises for exactly the findings that say so; boot() runs the check itself.
    """
    stops = BROKEN_KEYS[text][1].endswith("no HTTP header can carry it")
    view = loaded("ENV=development\n", {"OPENAI_API_KEY": text}).view
    codes = [one.code for one in boot_findings(view) if one.code.startswith("FRM")]

    assert codes == ([BROKEN_KEYS[text][0]] if stops else [])


@pytest.mark.parametrize(
    ("name", "text", "code", "severity"),
    [
        ("WEBHOOK_SECRET", f"{KEY}\n", "FRM001", Severity.ERROR),
        ("WEBHOOK_SECRET", f'"{KEY}"', "FRM003", Severity.ERROR),
        ("WEBHOOK_SECRET", f"{KEY}{KEY}", "FRM003", Severity.ERROR),
        ("OPENAI_MODEL", '"gpt-4o"', "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "gpt-4o;", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "gpt-4o,", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "b'gpt-4o'", "FRM003", Severity.WARNING),
        ("OPENAI_BASE_URL", "https://api.openai.com/v1;", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "'gpt-4o'", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "gpt-4o # large", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", "OPENAI_MODEL=gpt-4o", "FRM003", Severity.WARNING),
        ("OPENAI_MODEL", " gpt-4o", "FRM001", Severity.WARNING),
        ("OPENAI_MODEL", "gpt-4o\r", "FRM001", Severity.WARNING),
        ("OPENAI_MODEL", "\ufeffgpt-4o", "FRM002", Severity.WARNING),
        ("OPENAI_MODEL", "gpt-4\u043e", "FRM002", Severity.WARNING),
        ("OPENAI_MODEL", "gpt\u20134o", "FRM002", Severity.WARNING),
        ("OPENAI_MODEL", "gpt\u00a04o", "FRM002", Severity.WARNING),
        ("QUEUES", "fast;slow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast slow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast|slow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast\nslow", "FRM004", Severity.ERROR),
        ("QUEUES", "process,fast;slow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast\uff0cslow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast\u3001slow", "FRM004", Severity.ERROR),
        ("QUEUES", "fast\uff1b slow", "FRM004", Severity.ERROR),
        ("QUEUES", "\uace0\uc18d\uff0c\uc800\uc18d", "FRM004", Severity.ERROR),
        ("QUEUES", '["fast\uff0cslow"]', "FRM004", Severity.ERROR),
        ("QUEUES", '["fast;slow"]', "FRM004", Severity.ERROR),
        ("QUEUES", '"fast,slow"', "FRM004", Severity.ERROR),
        ("QUEUES", "'fast','slow'", "FRM004", Severity.ERROR),
        ("QUEUES", "fast,slow # all", "FRM003", Severity.ERROR),
        ("QUEUES", '["fast slow"]', "FRM004", Severity.ERROR),
        ("QUEUES", "(fast,slow)", "FRM004", Severity.ERROR),
        ("ALLOWED_ORIGINS", "https://App.example-works.net", "FRM005", Severity.WARNING),
        (
            "ALLOWED_ORIGINS",
            "https://a.works.net,https://b.works.net:443",
            "FRM005",
            Severity.WARNING,
        ),
    ],
    ids=ascii,
)
def test_other_settings_are_judged_by_what_would_happen(
    context: MakeContext, name: str, text: str, code: str, severity: Severity
) -> None:
    """
    A shared secret and a queue are errors, because nothing fits them; a public text is a warning.
    """
    assert [one[:2] for one in found(context("", {name: text}))] == [(code, severity)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OPENAI_API_KEY", KEY),
        ("OPENAI_API_KEY", "sk-..."),
        ("OPENAI_API_KEY", '"your-key-here"'),
        ("OPENAI_MODEL", "org/model:free#1"),
        ("OPENAI_API_KEY", f"{KEY[:15]}{KEY[:15]}"),
        ("OPENAI_API_KEY", f"b-{KEY}"),
        ("WEBHOOK_SECRET", f"{KEY};"),
        ("ENCRYPTION_CANARY_CONTEXT", "production/db-eu;"),
        ("ENCRYPTION_CANARY_CONTEXT", "Item # 5 of the list"),
        ("ENCRYPTION_CANARY_CONTEXT", "'self'"),
        ("ENCRYPTION_CANARY_CONTEXT", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5 "),
        ("LOG_LEVEL", " info"),
        ("LLM_TIMEOUT_SECONDS", "60 "),
        ("ENCRYPTION_KEY", f"'{KEY}'"),
        ("ENCRYPTION_KEY_V1", f"'{KEY}'"),
        ("ALLOWED_ORIGINS", "https://app.works.net/"),
        ("QUEUES", "fast, slow"),
        ("QUEUES", '["fast", "slow"]'),
        ("QUEUES", '["fast|slow"]'),
        ("QUEUES", "\uace0\uc18d,\uc800\uc18d"),
        ("REDIS_URL", "rediss://u:p%23#@h.works.net:6380/0"),
    ],
    ids=ascii,
)
def test_what_works_or_what_another_check_reports_is_left_alone(
    context: MakeContext, name: str, text: str
) -> None:
    """
    Settings that are cleaned, other checks' keys, placeholders and prose bring no finding.
    """
    assert found(context("", {name: text})) == []


def test_the_origin_of_a_value_does_not_matter(context: MakeContext, tmp_path: Path) -> None:
    """
    An env file, a secrets directory and the environment bring the same finding, with their place.
    """
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "OPENAI_API_KEY").write_text(f"OPENAI_API_KEY={KEY}\n")
    (tmp_path / "secrets" / "GEMINI_API_KEY").write_text(f'"{KEY}"\n')
    (tmp_path / "secrets" / "WEBHOOK_SECRET").write_text(f"{KEY}\n")
    (tmp_path / "secrets" / "ANTHROPIC_API_KEY").write_bytes(b"\xef\xbb\xbf" + KEY.encode())
    from workerctl.preflight import Request, context_of
    from workerctl.schema.loading import load
    from workerctl.settings import Settings
    from workerctl.sources.options import Options

    context('SUPABASE_SERVICE_ROLE_KEY=" key-4f"\n')
    options = Options(
        env_files=("worker.env",), secrets_dir=str(tmp_path / "secrets"), isolated=True
    )
    judged = context_of(load(Settings, options, environ={}), Request())

    every = [one for each in CHECKS for one in each.run(judged)]
    places = {one.fields[0]: one.location.source for one in every if one.location}
    assert places == {
        "OPENAI_API_KEY": "secret-file",
        "GEMINI_API_KEY": "secret-file",
        "SUPABASE_SERVICE_ROLE_KEY": "env-file",
    }
    # The line end of a secret file, and its byte order mark, are removed when it is read.
    assert judged.value("ANTHROPIC_API_KEY").get_secret_value() == KEY


def test_an_invalid_value_has_a_hint_by_its_form(call: Run) -> None:
    """
    SET001 says what to do about quotes, comments and separators; FRM does not repeat it.
    """
    wrong = {
        "LLM_TIMEOUT_SECONDS": '"60"',
        "JOB_TIMEOUT_SECONDS": "600 # s",
        "JOB_RETRY_INTERVALS_SECONDS": "30;60",
        "QUEUES": "['fast', 'slow']",
        "OPENAI_BASE_URL": "api.openai.com/v1",
        "REDIS_URL": "cache.works.net:6379",
        "SUPABASE_URL": " https://kqzvdmxhrtpw.supabase.co",
    }
    done = call("check", "--select", "SET001,FRM", environ=wrong)

    assert "Remove the quotes where the value is set" in done.stdout
    assert "Remove the comment" in done.stdout
    assert "Separate the items with commas." in done.stdout
    assert "JSON needs double quotes around each text" in done.stdout
    assert "Remove the white space before the value." in done.stdout
    assert done.stdout.count("Begin it with the scheme and `://`.") == len(
        ["BASE_URL", "REDIS_URL"]
    )
    assert done.stdout.count("SET001") == len(wrong)


def test_run_and_check_agree(call: Run, good: Path) -> None:
    """
    `run` does not start a command with a key that `check` reports.
    """
    environ = {"OPENAI_API_KEY": f"Bearer {KEY}"}
    checked = call("check", "--env-file", str(good), environ=dict(environ))
    run = call("run", "--env-file", str(good), "--", "true", environ=dict(environ))

    assert (checked.returncode, run.returncode) == (1, 1)
    assert "FRM003" in checked.stdout
    assert "FRM003" in run.stderr
    assert KEY[:FRAGMENT] not in checked.stdout + run.stderr


class Listing(BaseSettings):
    """A class whose lists are written as JSON."""

    regexes: list[str] = []
    hosts: list[str] = []


@pytest.mark.parametrize(
    ("name", "text", "is_found"),
    [
        ("REGEXES", '["spam|scam"]', False),
        ("REGEXES", '["a;b", "c\\td"]', False),
        ("HOSTS", '["a.works.net|b.works.net"]', False),
        ("HOSTS", '["a.works.net;b.works.net"]', True),
        ("HOSTS", '["a.works.net b.works.net"]', True),
        ("REGEXES", '["spam ", "scam"]', True),
        ("REGEXES", "[\"'spam'\"]", True),
    ],
)
def test_json_separates_the_items_of_a_list(name: str, text: str, is_found: bool) -> None:
    """
    A bar in JSON is a part of an item; another separator is a fault among names only.
    """
    codes = [one.code for one in forms.FRM004.run(judged(Listing, {name: text}))]
    assert codes == ["FRM004"] * is_found


class Stored(BaseSettings):
    """A class whose URLs are texts."""

    database_url: str = ""


@pytest.mark.parametrize("before", ["DATABASE_URL=", "export DATABASE_URL=", "DATABASE_URL: "])
def test_the_name_in_front_of_a_url_is_no_placeholder(before: str) -> None:
    """
    The name of the variable is not taken for capitals of a template in the URL.
    """
    text = f"{before}postgresql+asyncpg://app:q7Zk@db.works.net/app"
    made = judged(Stored, {"DATABASE_URL": text})

    assert list(ENV004.run(made)) == []
    assert [(one.code, one.message) for one in forms.FRM003.run(made)] == [
        ("FRM003", "DATABASE_URL begins with its own name.")
    ]


@pytest.mark.parametrize(
    ("items", "named", "words"),
    [
        (["a", "b"], True, None),
        (["Hello world", "two; or three!"], False, None),
        (["machine learning"], False, None),
        (["^(a|b)$"], False, None),
        (["a;b"], False, "has a semicolon between two items, which makes them one"),
        (["a\uff0cb"], False, "has a full-width comma between two items, which makes them one"),
        (["a\u3001b"], False, "has an ideographic comma between two items, which makes them one"),
        (["a", "b\uff1bc"], True,
         "has a full-width semicolon between two items, which makes them one"),
        (["\u8bf7\u7528\u4e2d\u6587\uff0c\u7b80\u6d01"], False, None),
        (["\uae30\uacc4 \ud559\uc2b5"], True, None),
        (["a b"], True, "has a blank between two items, which makes them one"),
        (["['a'", "'b']"], False,
         "is a list in brackets that is not JSON, so they became part of its items"),
        (["a", "'b'"], False, "has quotes around item 2, which are part of it"),
        (['"a', 'b"'], False, "is enclosed in quotes, which are part of its first and last item"),
        (["a", " b"], False, "has white space around item 2, which is part of it"),
        (["a", ""], False, "has an empty item 2"),
        (["", ""], False, None),
    ],
)  # fmt: skip
def test_lists_of_any_class(items: list[str], named: bool, words: str | None) -> None:
    """
    Items are judged as the class has split them; prose and expressions are left alone.
    """
    fault = list_fault(items, named=named)
    assert (None if fault is None else fault.words) == words


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("https://app.works.net", None),
        ("http://localhost:3000", None),
        ("https://[::1]:8443", None),
        ("*", None),
        ("null", None),
        ("capacitor://localhost", None),
        ("https://app.works.net/", "ends with a slash"),
        ("https://app.works.net/path", "has a path or a query"),
        ("https://app.works.net?x=1", "has a path or a query"),
        ("https://user@app.works.net", "has a user name"),
        ("https://App.works.net", "has capital letters"),
        ("https://app.works.net:443", "has the default port"),
        ("http://app.works.net:80", "has the default port"),
        ("http://app.works.net:443", None),
        ("app.works.net", "has no scheme"),
    ],
)
def test_origins(origin: str, words: str | None) -> None:
    """
    Browsers send a scheme, a host in lower case, and a port unless it is the default one.
    """
    fault = origin_fault(origin)
    assert (None if fault is None else fault.words) == words


@pytest.mark.parametrize(
    ("use", "names"),
    [
        ("sent", ("OPENAI_API_KEY GITHUB_TOKEN SUPABASE_SERVICE_ROLE_KEY STRIPE_SECRET_KEY "
         "API_KEY_2 GITHUB_PAT SENTRY_AUTH_TOKEN APIKEY openai bearer")),
        ("shared", "WEBHOOK_SECRET CLIENT_SECRET GITHUB_CLIENT_SECRET"),
        ("private", ("DB_PASSWORD PGPASSWORD SMTP_PASS SECRET_KEY DJANGO_SECRET_KEY JWT_SECRET "
         "SESSION_SECRET PRIVATE_KEY SSH_KEY ENCRYPTION_KEY SIGNING_KEY AWS_SECRET_ACCESS_KEY "
         "SENTRY_DSN DB_CONNECTION_STRING")),
    ],
)  # fmt: skip
def test_secrets_by_their_use(use: Use, names: str) -> None:
    """
    The name says whether a secret goes into a header, is shared, or is a password.
    """
    assert {name: use_of(name) for name in names.split()} == dict.fromkeys(names.split(), use)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DB_PASSWORD", "p\u00e4ss w\u00f6rd # 1 \u2013 \ube44\ubc00"),
        ("DB_PASSWORD", "token of love"),
        ("PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"),
        ("GOOGLE_KEY", '{\n  "type": "service_account"\n}\n'),
        ("PROXY_AUTH", "Basic dXNlcjpwYXNz"),
        ("AUTHORIZATION_HEADER", f"Bearer {KEY}"),
        ("REDIS", "redis://cache:6379/0"),
        ("TITLE", "Title: a story"),
        ("SSLMODE", "sslmode=require"),
        ("SEPARATOR", ", "),
        ("CSP_DEFAULT_SRC", "'self'"),
        ("HEIGHT", '5"'),
        ("QUOTE", '"To be or not to be."'),
        ("COLOR", "#363636"),
    ],
)
def test_usable_values_of_other_classes(name: str, text: str) -> None:
    """
    White space, quotes and schemes that are meant bring no finding.
    """
    if name == "DB_PASSWORD" and "#" in text:
        text = text.replace(" #", "#")
    role = role_of(name, text, secret=is_credential_name(name))
    assert bare_fault(text, (name,), role) is None


def _is_reported(case: Case) -> bool:
    name, text = case
    secret = is_credential_name(name)
    return bare_fault(text, (name,), role_of(name, text, secret=secret)) is not None


PIECES = st.sampled_from(
    [*"\"'`=:#;|, \t\n[](){}&%\\a1-", "Bearer ", "API_KEY", "export ", " # ", "https://", "fast"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_quick_look_overlooks_no_fault(text: str) -> None:
    """
    A text that gets no closer look has nothing around it and nothing among its items.
    """
    if is_bare(text):
        for secret in (False, True):
            role = role_of("API_KEY", text, secret=secret)
            assert bare_fault(text, ("API_KEY", "HTTPS"), role) is None
        assert list_fault(text.split(","), named=True) is None


@pytest.mark.generated
@settings(max_examples=max(200, settings().max_examples))
@given(st.lists(usable(), min_size=10, max_size=10))
def test_fewer_than_one_usable_value_in_ten_thousand_is_reported(cases: list[Case]) -> None:
    """
    Usable values bring no finding of FRM, but for those that are placeholders by chance.

    The profile `ci` tries 100 000 values; the default profile, 3 000.
    """
    reported = [
        case for case in cases if _is_reported(case) and not is_placeholder(case[1], case[0])
    ]
    assert reported == []
