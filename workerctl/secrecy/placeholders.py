"""
Stand-ins that somebody forgot to replace: `your-key-here`, `sk-...`, `<token>`, `changeme`.

The rules are those of public env templates, and most look at any variable: half of the stand-ins
are in values that are no secrets. Words that can be a real value (`secret`, `replace`) count only
where a secret belongs. Every pattern is linear in the value, of which 4096 characters are read.
"""

import re
from typing import NamedTuple

LENGTH_LIMIT = 4096
"""Characters of a value that are looked at. No stand-in is longer."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Whole values, in lower case and without anything but letters and digits.
_WHOLE = _words(
    """
    abcxyz bucketname databasename dbname domaincom edit editme emailaddress example examplekey
    examplesecret exampletoken fillin fillinthis fillme fillmein fillthis fillthisin fixme hostport
    insertme mydomaincom needed notset placeholder removeme sample samplekey setme setthis tba tbc
    tbd todo tobechanged tobedefined tobedetermined tobefilled tobereplaced tobeset unset
    updateme xxyyzz 123456789012
    """
)

# What a key starts with, and nothing after it.
_PREFIXES = _words(
    """
    aiza aizasy akia asia dop_v1_ eyj figd_ gho_ ghp_ ghs_ github_pat_ glpat- gocspx- gsk_ hf_
    http:// https:// lsv2_ lsv2_pt_ lsv2_sk_ mongodb:// mongodb+srv:// mysql:// ntn_ nvapi- pcsk_
    phc_ pk- pk_ pk_live_ pk_test_ postgres:// postgresql:// pplx- pypi- r8_ re_ redis:// rediss://
    rk_live_ rk_test_ rpa_ sb_publishable_ sb_secret_ sbp_ secret_ sg. shpat_ sk- sk_ sk-ant-
    sk-ant-api03- sk_live_ sk-lf- sk-or- sk-or-v1- sk-proj- sk-svcacct- sk_test_ sntrys_ tvly-
    whsec_ xai- xapp- xoxa- xoxb- xoxp- ya29.
    """
)

# What a template calls the thing that is missing.
_NOUNS = _words(
    """
    accesskey account address apikey apitoken authtoken clientid clientsecret credential credentials
    database domain dsn email encryptionkey host hostname id ip jwtsecret key keys name passphrase
    passwd password phrase port privatekey project pwd ref region secret secretkey secrets sid
    string subdomain tenant token url user userid username value webhook workspace
    """
)

# With a noun, these make a stand-in; alone they are only words.
_ADJECTIVES = _words(
    """
    a access actual admin an anon any api app at auth base64 be bearer bit bot byte bytes char
    character characters chars client complex cookie default demo dev development encryption even
    for generated good hash here hex in is jwt least live local long master min minimum more my new
    of or private prod production public random real refresh root safe sample secure service session
    signing site some strong super supersecret test that the this to top ultra unique very with
    """
)

# Whole secrets that everybody writes and nobody means.
_GENERIC = _words(
    """
    0 1 123 1234 12345 123456 1234567 12345678 123456789 1234567890 aaa abc abc123 abcd abcdef admin
    admin123 asdf bar bbb foo foobar insert insecure letmein mypass mypassword mysecret mysecretkey
    mysecrettoken mysupersecret mysupersecretkey mytoken myapikey notasecret optional pass pass123
    password1 password123 pw qwerty replace required s3cr3t secret123 shhh somesecret string
    supersecret supersecretkey supersecretpassword supersecrettoken supersecretvalue thisisasecret
    topsecret x xx xyz yyy zzz djangoinsecure
    """
)

# Runs along the keyboard: what follows a prefix in `sk-1234567890abcdef`.
_WALKS = (
    "01234567890123456789012345678901234567890123456789",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "1234567890abcdefghijklmnopqrstuvwxyz1234567890",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyz1234567890",
    "abc123def456ghi789jkl012mno345pqr678stu901vwx234yz",
    "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z",
)
_WALK_MINIMUM = 6

_PASSWORDS = _words(
    "dbpassword mypassword pass passwd password passwort pw pwd secret userpassword xxx"
)
_USERS = frozenset({"", "dbuser", "login", "myuser", "name", "u", "user", "username", "usr"})
_KEYS = frozenset({"apikey", "examplepublickey", "key", "publickey", "token", "userkey"})
_LOCAL = ("localhost", "127.", "[::1]", "host.docker.internal")

# The verbs that only a template uses, and those that need more to tell.
_INSTRUCTIONS = frozenset({"enter", "fill", "insert", "paste", "replace"})
_REQUESTS = _words("add choose copy create generate get obtain provide put set supply type use")
_ARTICLES = _words("a actual an any from in it me my own real some strong the this with your")
_PHRASE_LIMIT = 12
_PROSE = 3
_KEY_LENGTH = 32

# A variable that names another thing: `API_KEY_HEADER=X-Api-Key`, `TOKEN_PREFIX=sk-`.
_NAMES_A_THING = _words(
    "ALGORITHM CLAIM COLUMN COOKIE ENV FIELD FILE FORMAT HEADER LABEL NAME PARAM PATH PREFIX"
    " PROTOCOL SCHEME SUFFIX TYPE VAR VARIABLE"
)


class _Rule(NamedTuple):
    """
    One way to write a stand-in; `pattern` is tried where the value holds one of the `hints`.

    To compile every pattern would cost more than the check, and a finished file needs none. An
    empty pattern matches: there the hint says it all.
    """

    word: str
    hints: tuple[str, ...]
    pattern: str


# Searched in the value in lower case, in this order.
_ANYWHERE = (
    _Rule(
        "your",
        ("your", "you@"),
        # Some real domains are called like a stand-in, and so is the slug know-your-customer.
        r"(?:(?<![a-z])|(?<=0x))(?<!know[-_])(?<!tell[-_])your"
        r"(?:[-_/](?!(?:server|storagebox|database|cloud)\.de\b|objectstorage\.com\b)"
        r"|\.[a-z]"
        r"|(?:(?:access|account|api|app|auth|aws|bot|bucket|client|company|db|domain|email|gmail"
        r"|gemini|host|id|instance|jwt|key|name|openai|org|pass|password|private|project|public|repo|secret"
        r"|server|site|store|strong|subdomain|super|team|tenant|token|url|user|username"
        r"|webhook|website|workspace)[-_]?){1,4}(?:here)?(?![a-z]))|^you@",
    ),
    _Rule(
        "your, in another language",
        (
            *("tu-", "tu_", "tuo-", "tuo_", "tua-", "tua_", "votre-", "votre_", "vos-", "vos_"),
            *("seu-", "seu_", "sua-", "sua_", "dein", "ihr-", "ihr_", "ihre-", "ihre_"),
            *("-aqu", "_aqu", "여기에", "입력하세요", "你的", "请输入", "请填写"),
        ),
        r"(?<![a-z0-9])(?:tu|tuo|tua|votre|vos|seu|sua|deine?|ihre?)[-_](?:api|app|chave|cl[eé]"
        r"|clave|contrase|jwt|key|llave|mot|openai|pass|password|project|secret|senha|token|url"
        r"|usuario)|[a-z][-_]aqu[ií](?![a-z])|여기에|입력하세요|你的|请输入|请填写",
    ),
    _Rule(
        "change me",
        ("change", "-be", "_be", "tobe", "mustbe", "shouldbe"),
        r"(?<![a-z])(?:change[-_]?(?:me|it|this|that|now|here)(?![a-z])|changeme"
        r"|change[-_](?:in|before|for|on|by)[-_](?:\w{1,20}[-_])?"
        r"(?:prod|production|deploy|deployment|deploying|live|real|release|use)(?![a-z])"
        r"|change[-_](?:the|to|with)[-_]|please[-_]change(?![a-z])"
        r"|(?:to|must|should)[-_]?be[-_]?(?:changed|replaced|filled|set)(?![a-z]))",
    ),
    _Rule(
        "replace",
        ("replace",),
        r"(?<![a-z])replace(?:[-_]?(?:me|this|it|with|by|here|actual|real|before)(?![a-z])"
        r"|[-_](?:in|for)[-_](?:real|prod)"
        r"|[-_][a-z_-]{0,40}(?:key|token|secret|password|url|value)(?![a-z]))",
    ),
    _Rule(
        "here",
        ("here",),
        # "click here" has a blank; start-here and its like are slugs.
        r"(?<=[a-z0-9])(?<!click)(?<!start)(?<!over)(?<!from)(?<!right)(?<!near)(?<!are)"
        r"[-_]here(?![a-z0-9_-])|(?:key|token|secret|password|hook|url)here(?![a-z0-9])",
    ),
    _Rule(
        "run of x",
        ("xxx", "x.x"),
        # .xxx is a top-level domain, hence the longer run after a dot.
        r"(?<![a-z0-9.])x{3,}(?![a-z0-9])|(?<=\.)x{4,}(?![a-z0-9])|x{6,}(?![a-z0-9])"
        r"|^x(?:\.x){3}$",
    ),
    _Rule("mask", ("***", "•••", "●●●"), r"(?<![^\s:/@=_.-])\*{3,}(?![^\s:/@])|[•●]{3,}"),
    _Rule(
        "rule",
        ("---", "___", "===", "###", "...", "…", "?", "!!!"),
        r"^(?:-{3,}|_{3,}|={3,}|#{3,}|\.{3,}|…|\?+|!{3,}.*)$|[-_]_{4,}$",
    ),
    _Rule(
        "placeholder",
        ("placeholder",),
        # placeholder.png is a file, placeholder.com a service.
        r"(?<![a-z])placeholders?(?![a-z]|\.[a-z]{2,4}(?![a-z]))",
    ),
    _Rule("to do", ("todo", "fixme", "tbd"), r"^(?:todo|fixme|tbd)(?![a-z])"),
    _Rule(
        "documented",
        ("example",),
        r"(?<![a-z0-9_-])example\.[a-z]|\.example(?![a-z0-9.-])|[a-z0-9]{4}example(?:key)?$",
    ),
    _Rule(
        "documented",
        (
            "sflkxwrjsmekkf2qt4fwpm",
            "sk_test_4ec39hqlyjwdarjtt1zdp7dc",
            "eyjpc3mioijzdxbhymfzzs1kzw1v",
            "://xyzcompany.supabase.",
            "110201543:aahd",
            "123456:abc-def",
        ),
        "",
    ),
    _Rule("documented", ("t00", "abcdefghij"), r"/t0{2,}/b0{2,}|//abcdefghij[a-z]*\.supabase\."),
    _Rule(
        "domain",
        ("domain.",),
        r"(?<![a-z0-9.-])(?:my[-_]?)?domain\.(?:com|tld|org|net)(?![a-z])",
    ),
    _Rule("path", ("path/to/",), r"(?<![a-z0-9])path/to/"),
    _Rule("command", ("openssl rand", "openssl-rand", "openssl_rand"), ""),
)

_HOST_WORDS = ("host", "db", "redis-", "redis_", "ip-", "ip_", "endpoint", "domain", "server")

# The same where the value holds a URL.
_IN_URL = (
    _Rule(
        "host",
        tuple(before + word for before in ("://", "@") for word in _HOST_WORDS),
        r"(?:://|@)(?:host|hostname|db[-_]?host|redis[-_]host|ip[-_]address|endpoint|domain"
        r"|server[-_](?:ip|address|name))(?![a-z0-9.-])",
    ),
    _Rule("port", (":port",), r":port(?![a-z0-9])"),
    _Rule(
        "project",
        ("project", "account", "region", "tenant"),
        r"://(?:my[-_]?)?project(?:[-_]?(?:ref|id|name|url))?\.supabase\."
        r"|[/@.](?:project[-_]?(?:ref|id)|account[-_]?id|region|tenant[-_]?id)\.[a-z]",
    ),
    # An IPv6 address has a colon.
    _Rule("brackets", ("[",), r"\[[a-z][a-z0-9 _-]*\]"),
)

_PARTS = r"[a-z0-9]+"
_CAPITALS = r"(?<![A-Za-z0-9_%-])[A-Z]+(?:[_-][A-Z]+)*(?![A-Za-z0-9_%-])"
_CAPITAL_WORDS = _words(
    """
    ACCOUNT ADDRESS APIKEY BUCKET CHANNEL CLUSTER COMPANY DATABASE DB DBNAME DOMAIN DSN ENDPOINT
    HOST HOSTNAME ID INSTANCE IP KEY NAME ORG ORGANIZATION PASS PASSWD PASSWORD PORT PROJECT PWD REF
    REGION RESOURCE SECRET SUBDOMAIN TEAM TENANT TODO TOKEN URL USER USERNAME VALUE WEBHOOK
    WORKSPACE YOUR
    """
)
_LOGIN = r"://([^/\s@]*)@([^/\s,@]*)"
_HOST = r"://(?:[^/\s@]*@)?([A-Za-z0-9_.-]+)"
_ANGLES = (
    r"(?<![^\s/:@=_.,;\[({-])<(?!https?:|mailto:|br\b|hr\b|\d+>)[^\W_][\w .,:;/|'()-]+>"
    r"(?![^\s/:@=_.,;\])}?&-])"
)
_VARIABLE = r"__[A-Z][A-Z0-9_]*__|(?:[A-Z]+_)+(?:KEY|TOKEN|SECRET|PASSWORD|DSN|URL)"
_CUT_SHORT = r"(?<!\.)(?:\.{3,}|…)(\S{0,64})$"
_NO_WORDS = frozenset("/${}")
_SAME = r"(?:[a-z]{2,8}[-_]){0,3}(.)\1{7,}"


class _Subject(NamedTuple):
    """
    A value in the forms in which the rules look at it.
    """

    name: str
    value: str
    lower: str
    squeezed: str
    secret: bool

    @property
    def names_a_thing(self) -> bool:
        return self.name.upper().rpartition("_")[2] in _NAMES_A_THING


def is_placeholder(value: str, name: str, *, secret: bool = False) -> bool:
    """
    Whether the value of the variable `name` is a stand-in that somebody forgot to replace.

    With `secret`, words that only a secret cannot be (`my-secret-key`) count too. Key material in
    hexadecimal is never one, however weak: data may be encrypted with it.
    """
    return _kind(value, name, secret=secret) is not None


def _kind(value: str, name: str, *, secret: bool) -> str | None:
    value = _bare(value[:LENGTH_LIMIT])
    lower = value.lower()
    if not lower or _is_hexadecimal(lower):
        return None
    subject = _Subject(name=name, value=value, lower=lower, squeezed=_squeeze(lower), secret=secret)
    return next(filter(None, (rule(subject) for rule in _RULES)), None)


def _whole(it: _Subject) -> str | None:
    if it.squeezed in _WHOLE and not any(map(str.isspace, it.lower)):
        return "whole"
    if it.names_a_thing:
        return None
    if it.lower in _PREFIXES:
        return "prefix"
    # POSTGRES=postgres says something; POSTGRES_URL=postgres_url does not.
    said = "_" not in it.name.strip("_") and it.value != it.name
    if not said and _joined(it.lower) == _joined(it.name.lower()):
        return "name"
    return "variable" if it.value.isupper() and re.fullmatch(_VARIABLE, it.value) else None


def _angles(it: _Subject) -> str | None:
    # Markup closes its tags, and `Answer inside <answer> tags` is a prompt.
    if "<" not in it.value or "</" in it.value:
        return None
    outside, gaps = re.subn(_ANGLES, " ", it.value)
    return "angles" if gaps and len(outside.split()) < _PROSE else None


def _anywhere(it: _Subject) -> str | None:
    return _first(_ANYWHERE, it.lower)


def _cut_short(it: _Subject) -> str | None:
    cut = " " not in it.lower and ("..." in it.lower or "…" in it.lower)
    found = re.search(_CUT_SHORT, it.lower) if cut else None
    if found is None:
        return None
    # `Loading...` is prose, `./...` is a Go package, `main...topic` a range of commits.
    start = it.lower[: found.start()]
    known = start in _PREFIXES or f"{start}-" in _PREFIXES or start.startswith("eyj")
    key_like = not found[1] and not start.endswith("/") and not start.replace("/", "").isalpha()
    return "cut short" if it.secret or known or key_like or "://" in start else None


def _url(it: _Subject) -> str | None:
    if "://" not in it.value:
        return None
    logins = re.findall(_LOGIN, it.lower) if "@" in it.lower else []
    if any(_is_example_login(*login) for login in logins):
        return "login"
    if it.value != it.lower and _has_capitals(it.value):
        return "capitals"
    return _first(_IN_URL, it.lower)


def _is_example_login(login: str, host: str) -> bool:
    user, colon, password = login.partition(":")
    user, password = _squeeze(user), _squeeze(password)
    if not colon:
        return user in _KEYS
    # postgres:password@localhost is what a container on this machine answers to.
    works = host.startswith(_LOCAL) and user not in _USERS
    return password in _PASSWORDS and not works


def _has_capitals(value: str) -> bool:
    words = re.findall(_CAPITALS, value)
    if any(re.split("[_-]", word)[-1] in _CAPITAL_WORDS for word in words):
        return True
    # Nobody writes one label of a host in capitals.
    hosts = (host for host in re.findall(_HOST, value) if host != host.upper())
    return any(re.fullmatch(_CAPITALS, label) for host in hosts for label in host.split(".")[:-1])


def _phrase(it: _Subject) -> str | None:
    parts = re.findall(_PARTS, it.lower)
    if not 1 < len(parts) <= _PHRASE_LIMIT or "/" in it.lower:
        return None
    first, second, last = parts[0], parts[1], parts[-1]
    here = last == "here"
    if (parts[-2] if here else last) not in _NOUNS:
        return None
    # With blanks it may be a label for people: "Enter your password".
    if " " in it.lower and not (it.secret or here):
        return None
    asks = first in _REQUESTS and second in _ARTICLES
    return "phrase" if asks or here or first == "your" or first in _INSTRUCTIONS else None


def _generic(it: _Subject) -> str | None:
    if not it.secret or it.names_a_thing or not _NO_WORDS.isdisjoint(it.lower):
        return None
    # No provider gives out keys in Chinese, Japanese or Korean: `sk-로_시작하는_키`.
    if it.squeezed in _GENERIC or any(map(_is_east_asian, it.lower)):
        return "generic"
    if re.fullmatch(_SAME, it.lower):
        return "run"
    rest = _without_prefix(it.lower)
    if len(rest) >= _WALK_MINIMUM and any(_squeeze(rest) in walk for walk in _WALKS):
        return "walk"
    parts = [part.rstrip("0123456789") or part for part in re.findall(_PARTS, rest)]
    nouns = _NOUNS | _GENERIC
    known = nouns | _ADJECTIVES | set(re.findall(_PARTS, it.name.lower()))
    if not nouns.isdisjoint(parts) and all(part in known or part.isdigit() for part in parts):
        return "generic"
    return None


_RULES = (_whole, _angles, _anywhere, _cut_short, _url, _phrase, _generic)


def _first(rules: tuple[_Rule, ...], lower: str) -> str | None:
    for rule in rules:
        if any(hint in lower for hint in rule.hints) and re.search(rule.pattern, lower):
            return rule.word
    return None


def _without_prefix(lower: str) -> str:
    ends = (index + 1 for index in range(15, -1, -1) if lower[index : index + 1] in {"-", "_", "."})
    return next((lower[end:] for end in ends if lower[:end] in _PREFIXES), lower)


def _bare(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
    return value[1:-1].strip() if quoted else value


def _is_east_asian(character: str) -> bool:
    return "\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3"


def _is_hexadecimal(lower: str) -> bool:
    return len(lower) >= _KEY_LENGTH and not lower.strip("0123456789abcdef")


def _joined(text: str) -> str:
    return text.replace("-", "").replace("_", "").replace(" ", "")


def _squeeze(text: str) -> str:
    return "".join(filter(str.isalnum, text))
