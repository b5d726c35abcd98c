"""
Recognise a value that some tool was to resolve or to fill in: `op://…`, `${NAME}`, `undefined`.

    >>> recognised("op://vault/item/field", "API_KEY", Holds.SECRET).words
    'is a reference to a secret store, not the secret in it'

What a setting holds decides what counts. A log format may contain `%(name)s` and a text may be
`None`, while a secret, a URL or a number is never either of them.
"""

from __future__ import annotations

import enum
import re

from workerctl.report.records import Record


class Holds(enum.Enum):
    """
    What a setting holds: any text, a value of a certain form (a URL, a number), or a secret.
    """

    TEXT = "text"
    FORM = "form"
    SECRET = "secret"  # noqa: S105 -- the name of a kind


class Recognised(Record):
    """
    What a value is, completing "NAME …".

    `nothing` is true for the text of a missing value, and `path` for the path of a file. `variable`
    is true for a reference to a variable, as a shell replaces it, and `quoted` if it is a part of
    the value that an env file expands unless the file quotes it.
    """

    words: str
    nothing: bool = False
    path: bool = False
    variable: bool = False
    quoted: bool = False


class _Row(Record):
    hint: str
    pattern: str
    found: Recognised
    in_text: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LIMIT = 4096
_MARKS = frozenset("$({[%<#`!")
"""Every row has one of these in its hint, or a word."""

_STORE = Recognised("is a reference to a secret store, not the secret in it")
_ENCRYPTED = Recognised("is encrypted, and nothing has decrypted it")
_TEMPLATE = Recognised("is a template expression that nothing has rendered")
_PATH = Recognised("is the path of a file, not the content of it", path=True)
_NOTHING = Recognised("is the text of a missing value", nothing=True)
_PART_NOTHING = Recognised("contains the text of a missing value", nothing=True)
_UNREPLACED = Recognised("is a reference to a variable that nothing has replaced", variable=True)
_RENDERED = Recognised("contains a template expression that nothing has rendered")
_VARIABLE = Recognised("contains a variable that nothing has replaced")
_PART = _VARIABLE.replace(variable=True, quoted=True)
_REPLACED = Recognised("is a command or a variable that nothing has replaced")
_COMMAND = Recognised("is a command that nothing has run")
_CODE = Recognised("is the code that reads a value, not the value")

_PREFIXES = {
    "@microsoft.keyvault(": _STORE,
    "@microsoft.appconfiguration(": _STORE,
    "enc[": _ENCRYPTED,
    "enc(": _ENCRYPTED,
    "{cipher}": _ENCRYPTED,
    "$ansible_vault;": _ENCRYPTED,
    "vault:v1:": _ENCRYPTED,
    "encrypted:b": _ENCRYPTED,  # of dotenvx: an uncompressed point, whose base64 begins with B
    "-----begin pgp message": _ENCRYPTED,
    "-----begin age encrypted": _ENCRYPTED,
    "$__file{": _TEMPLATE,
    "$__env{": _TEMPLATE,
    "$__vault{": _TEMPLATE,
    "<path:": _STORE,
    "<+secrets.": _TEMPLATE,
    "ref+": _STORE,
    "secretref+": _STORE,
    "secretref:": _STORE,
    ">>vault:": _STORE,
}
_FIRST = frozenset(prefix[0] for prefix in _PREFIXES)

# The scheme of a reference. Such a value is never the URL of a service that a worker talks to.
_SCHEMES = _words(
    """
    op 1password onepassword doppler infisical bws bitwarden bw keeper dl dashlane lpass lastpass
    pass protonpass gopass enpass ssm aws-ssm awsssm awssm aws-sm awsps aws-ps awssecret
    awssecrets awssecretsmanager aws-secretsmanager aws-secrets secretsmanager secretmanager
    parameterstore aws-parameterstore gcpsm gcp-sm gcpsecrets gcpsecretmanager gcp-secretmanager
    gcp-secret-manager gcp-secret googlesecretmanager gcp sm berglas azkv akv azurekeyvault
    azure-keyvault azkeyvault keyvault azure-kv awskms gcpkms gsm keyring keychain secret secrets
    secretref akeyless
    conjur chamber sops vault bao openbao hcvault hashivault k8ssecret delinea dsv cyberark thycotic
    """
)
# In a secret only: clients have URLs of these schemes as well, and tags look like them.
_SCHEMES_IN_SECRETS = _words("k8s kubernetes env")
# Written without slashes as well: vault:secret/data/name#key, gcp:secretmanager:…
_OPAQUE = (
    r"(?:vault|bao|openbao|hcvault):[^\s/]+/\S+|(?:gcp|aws|azure|ssm|env|op|k8s|sops):"
    r"(?:/?/?)(?:secret|ssm|parameter|keyvault|vault)[\w-]*[:/]\S+|ssm:/[\w./-]+"
)
_ARN = r"arn:aws(?:-[a-z-]+)?:(?:secretsmanager|ssm):\S+"
_GOOGLE = (
    r"(?://secretmanager\.googleapis\.com/)?projects/[^/\s]+/secrets/[^/\s]+(?:/versions/\S+)?"
)
_AZURE = r"https://[\w-]+\.vault\.(?:azure\.(?:net|cn)|usgovcloudapi\.net)/secrets/"

# What may follow a name in braces, as in ${NAME:-default}, ${NAME:?error} and ${name:default}.
_REST = r"(?:[:?+=-](?:[^{}]|\$\{[^{}]*\})*)?"
# Without braces, only what is plainly the name of a variable: passwords begin with a $, too.
_IN_CAPITALS = (
    rf"\$(?:\{{[A-Z_][A-Z0-9_]*{_REST}\}}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    r"|[A-Z]*(?:TOKEN|SECRET|PASSWORD|PASSWD)"
    r"|(?:API|DB|MYSQL|PG|REDIS|SMTP)?(?:DSN|HOST|KEY|PASS|PWD|URI|URL|USER))"
)
# In capitals anywhere. In small letters not in a path, which may be filled in at run time.
_WITHIN_VALUE = (
    rf"\$\{{[A-Z_][A-Z0-9_]{{2,}}{_REST}\}}"
    rf"|^(?:[^/]*://)?[^/]*\$\{{[a-z_][a-z0-9_.]{{2,}}{_REST}\}}"
)

_ROWS = (
    _Row("${{", r"\$\{\{", _RENDERED, in_text=True),
    _Row("${", rf"^\$\{{[A-Za-z_][\w.]*{_REST}\}}$", _UNREPLACED, in_text=True),
    _Row("${", rf"^[A-Za-z][\w+.-]*://\S*\$\{{[A-Z_][A-Z0-9_]+{_REST}\}}", _PART,
        in_text=True),
    _Row("$", r"^[A-Za-z][\w+.-]*://\S*(?<=[:/@])\$[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=[:/@?]|$)",
        _PART.replace(quoted=False), in_text=True),
    _Row("${", _WITHIN_VALUE, _PART),
    _Row("$(", r"^\$\([^()]+\)$", _REPLACED, in_text=True),
    _Row("$(", r"\$\([A-Z][A-Z0-9_]+\)", _VARIABLE, in_text=True),
    _Row("$(", r"\$\([A-Za-z_][\w.-]{2,}\)", _VARIABLE),
    _Row("{{", r"^\{\{.*\}\}$", _TEMPLATE, in_text=True),
    _Row("{{", r"\{\{[^{}]*\}\}", _RENDERED),
    _Row("{%", r"^\{%.*%\}", _TEMPLATE, in_text=True),
    _Row("<%", r"^<%.*%>$", _TEMPLATE, in_text=True),
    _Row("<%", r"<%[^%]*%>", _RENDERED),
    _Row("%(", r"%\([A-Za-z_][\w.]*\)s", _VARIABLE),
    _Row("%env(", r"^%env\(.*\)%$", _TEMPLATE, in_text=True),
    _Row("%", r"^%[A-Z_][A-Z0-9_]{2,}%$", _REPLACED, in_text=True),
    _Row(
        "%",
        r"%(?:(?![0-9A-F]{2})[A-Z][A-Z0-9]{2,}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)%",
        _VARIABLE,
    ),
    _Row("#{", r"#\{[A-Za-z_][\w.:-]{2,}\}", _VARIABLE),
    _Row("$[", r"^\$\[.+\]$", _TEMPLATE),
    _Row("((", r"^\(\([A-Za-z_][\w./:-]*\)\)$", _TEMPLATE),
    _Row("[[", r"^\[\[ *\.?[A-Za-z_].*\]\]$", _TEMPLATE),
    _Row("`", r"^`[^`]{3,}`$", _COMMAND),
    _Row("!", r"^!(?:Ref|Sub|GetAtt|ImportValue|Join|FindInMap|Select|vault|secret|env|var|file"
        r"|env_var|reference)\b.*", _TEMPLATE, in_text=True),
    _Row("Fn::", r"^\W*Fn::[A-Z]\w+", _TEMPLATE, in_text=True),
    _Row("Ref", r"^\{\s*[\"']?Ref[\"']?\s*:", _TEMPLATE, in_text=True),
    _Row("KeyRef", r"^\W*(?:secret|configMap)KeyRef\b", _STORE, in_text=True),
    _Row("valueFrom", r"^\W*valueFrom\b", _STORE, in_text=True),
    _Row("env", r"^(?:process|import\.meta|Deno|Bun)\.env\b|^\$env:\w+$", _CODE, in_text=True),
    _Row("env", r"^(?:os\.|System\.)?(?:getenv|environ)\W", _CODE, in_text=True),
    _Row("env:", r"^env:[A-Za-z_]\w*$", _UNREPLACED),
    _Row("env(", r"^env\([\"']?\w+[\"']?\)$", _CODE, in_text=True),
    _Row("ENV[", r"^ENV\[[\"']?\w+[\"']?\]$", _CODE, in_text=True),
)  # fmt: skip

# The last word of a name that says that the value refers to something, or is a template itself.
_REFERS = _words(
    """
    ARN REF REFS REFERENCE NAME NAMES ID IDS PATH PATHS FILE FILES DIR DIRECTORY FOLDER MOUNT
    LOCATION PREFIX SUFFIX BACKEND STORE PROVIDER
    """
)
_TEMPLATES = _words(
    """
    PATTERN REGEX TEMPLATE TEMPLATES FORMAT FMT PROMPT MESSAGE SUBJECT BODY TEXT TITLE
    """
)
_KEEPS_REFERENCES = _words(
    """
    BACKEND STORE STORAGE VAULT KEYRING MANAGER PROVIDER
    """
)
_FILES_OF_TLS = _words(
    """
    CERT CERTS CERTIFICATE CA SSL TLS SSH PEM CREDENTIALS
    """
)

_MOUNTED = (
    r"(?:file:(?://)?)?(?:[A-Za-z]:)?[/\\]?(?:[\w.-]+[/\\])*"
    r"(?:\.?secrets?(?:-[\w-]+)?|run[/\\]credentials)(?:[/\\][\w.-]+)+|file:/\S+"
)

# Texts that are never meant, and those that may be meant as a text.
_NEVER = frozenset(
    (
        "undefined", "[object Object]", "[object Promise]", "[object Undefined]", "[object Null]",
        "<nil>", "<no value>", "<null>", "<undefined>", "<unset>", "(null)", "(nil)", "(undefined)",
        "(known after apply)", "(sensitive value)", "<sensitive>", "<computed>", "%!s(<nil>)",
        "%!v(<nil>)", "%!d(<nil>)", "[Function]", "[function]", "Promise { <pending> }",
        "Optional.empty", "System.Object", "[undefined]", '"undefined"',
    )
)  # fmt: skip
_NOT_HERE = frozenset(
    ("null", "NULL", "Null", "None", "nil", "NaN", "nan", "Unknown", "unknown", "<none>", "(none)",
     "None,", "[null]", "[None]", "Nothing", "#N/A", "N/A", "n/a")
)  # fmt: skip
# Texts that are not a secret, although another setting may have them.
_NOT_SECRET = frozenset(("Undefined", "UNDEFINED", "NIL"))
_WITHIN = frozenset(
    ("undefined", "[object Object]", "<nil>", "(null)", "None", "null", "nil", "NaN")
)
_OBJECT = r"<[\w.].* at 0x[0-9A-Fa-f]+>+|\[(?:object|Function|class)[ :][\w ]+\]"


def recognised(text: str, name: str, holds: Holds) -> Recognised | None:
    """
    Return what the value of the variable `name` is, if it was to be resolved or filled in.
    """
    text = _bare(text[:_LIMIT])
    if not text or (text.isalnum() and "KeyRef" not in text):
        return _nothing(text, holds)
    words = name.upper().split("_")
    found = _nothing(text, holds)
    if found is not None or words[-1] in _TEMPLATES:
        return found
    if text[0] == "$" and _is_variable(text, name):
        return _UNREPLACED
    if words[-1] in _REFERS:
        return None
    return (
        _by_prefix(text)
        or _by_scheme(text, words, holds)
        or _by_pattern(text, holds)
        or (_file(text, words) if holds is Holds.SECRET else None)
    )


def _nothing(text: str, holds: Holds) -> Recognised | None:
    strict = holds is not Holds.TEXT
    if text in _NEVER or (strict and text in _NOT_HERE):
        return _NOTHING
    if holds is Holds.SECRET and text in _NOT_SECRET:
        return _NOTHING
    if text[:1] in {"<", "["} and re.fullmatch(_OBJECT, text):
        return Recognised("is the text of an object of a program", nothing=True)
    if "://" in text:
        return _nothing_in_url(text)
    if strict and " " in text and text.partition(" ")[2] in _WITHIN:
        return _PART_NOTHING  # Bearer undefined
    return None


def _nothing_in_url(text: str) -> Recognised | None:
    """
    Return what a URL contains in place of its host, its user, its password or its whole path.
    """
    authority, _, path = text.partition("://")[2].partition("/")
    login, _, host = authority.rpartition("@")
    name, _, port = host.rpartition(":")
    parts = (*login.split(":"), host, name, port, path.partition("?")[0])
    return _PART_NOTHING if not _WITHIN.isdisjoint(parts) else None


def _is_variable(text: str, name: str) -> bool:
    """
    Return whether a value is a reference in capitals, such as `${NAME}`, `$THE_NAME` or its own.
    """
    is_own = text.isupper() and f"_{name.upper()}".endswith(f"_{text[1:]}")
    return is_own or re.fullmatch(_IN_CAPITALS, text) is not None


def _by_prefix(text: str) -> Recognised | None:
    if text[0].lower() not in _FIRST:
        return None
    start = text[:32].lower()
    return next((found for prefix, found in _PREFIXES.items() if start.startswith(prefix)), None)


def _by_scheme(text: str, words: list[str], holds: Holds) -> Recognised | None:
    scheme, colon, rest = text.partition(":")
    if not colon and "/secrets/" not in text:
        return None
    scheme = scheme.lower()
    known = _SCHEMES | _SCHEMES_IN_SECRETS if holds is Holds.SECRET else _SCHEMES
    if holds is Holds.TEXT and not _KEEPS_REFERENCES.isdisjoint(words):
        return None
    if rest.startswith("//") and (scheme in known or scheme.startswith("ref+")):
        return _STORE
    if holds is not Holds.TEXT and scheme == "arn" and re.fullmatch(_ARN, text):
        return _STORE
    if scheme in known and re.fullmatch(_OPAQUE, text, re.IGNORECASE):
        return _STORE
    if holds is Holds.SECRET and re.match(_AZURE, text):
        return _STORE
    bare = text if not colon or scheme not in known else rest.lstrip("/")
    return _STORE if "/secrets/" in bare and re.fullmatch(_GOOGLE, bare) else None


def _by_pattern(text: str, holds: Holds) -> Recognised | None:
    if _MARKS.isdisjoint(text) and "Ref" not in text and "Fn::" not in text and "env" not in text:
        return None
    for row in _ROWS:
        may_apply = row.hint in text and (row.in_text or holds is not Holds.TEXT)
        if may_apply and re.search(row.pattern, text, re.DOTALL):
            return row.found
    return None


def _file(text: str, words: list[str]) -> Recognised | None:
    """
    Return what a secret is if it is the path of a file with the secret, as containers mount it.
    """
    if "/" not in text and "\\" not in text:
        return None
    if not _FILES_OF_TLS.isdisjoint(words):
        return None
    return _PATH if re.fullmatch(_MOUNTED, text) else None


def _bare(text: str) -> str:
    """
    Return a value without white space and quotes around it, which are another fault.
    """
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if quoted else text
