"""
The regular expressions by which a placeholder is recognised.

All take time linear in the length of the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Patterns = Mapping[tuple[str, ...], str]
"""
Expressions by their hints: substrings of which every match contains at least one.

Looking for the hints first is what makes a search fast: few values contain any, and an expression
is compiled only when one does. Where the expression is empty, a hint is a match.
"""

# Searched in every value, in lower case.
ANYWHERE: Patterns = {
    # your-key. Exceptions: real domains that start like this, and slugs: know-your-customer.
    ("your", "you@"): (
        r"(?:(?<![a-z])|(?<=0x))(?<!know[-_])(?<!tell[-_])your"  # wording: it is a slug
        r"(?:[-_/](?!(?:server|storagebox|database|cloud)\.de\b|objectstorage\.com\b)"
        r"|\.[a-z]"
        r"|(?:(?:access|account|api|app|auth|aws|bot|bucket|client|company|db|domain|email|gmail"
        r"|gemini|host|id|instance|jwt|key|name|openai|org|pass|password|private|project|public|repo|secret"
        r"|server|site|store|strong|subdomain|super|team|tenant|token|url|user|username"
        r"|webhook|website|workspace)[-_]?){1,4}(?:here)?(?![a-z]))|^you@"
    ),
    # The same in other languages.
    (
        *("tu-", "tu_", "tuo-", "tuo_", "tua-", "tua_", "votre-", "votre_", "vos-", "vos_"),
        *("seu-", "seu_", "sua-", "sua_", "dein", "ihr-", "ihr_", "ihre-", "ihre_"),
        *("-aqu", "_aqu", "여기에", "입력하세요", "你的", "请输入", "请填写"),
    ): (
        r"(?<![a-z0-9])(?:tu|tuo|tua|votre|vos|seu|sua|deine?|ihre?)[-_](?:api|app|chave|cl[eé]"
        r"|clave|contrase|jwt|key|llave|mot|openai|pass|password|project|secret|senha|token|url"
        r"|usuario)|[a-z][-_]aqu[ií](?![a-z])|여기에|입력하세요|你的|请输入|请填写"
    ),
    # change-me, to-be-changed
    ("change", "-be", "_be", "tobe", "mustbe", "shouldbe"): (
        r"(?<![a-z])(?:change[-_]?(?:me|it|this|that|now|here)(?![a-z])|changeme"
        r"|change[-_](?:in|before|for|on|by)[-_](?:\w{1,20}[-_])?"
        r"(?:prod|production|deploy|deployment|deploying|live|real|release|use)(?![a-z])"
        r"|change[-_](?:the|to|with)[-_]|please[-_]change(?![a-z])"
        r"|(?:to|must|should)[-_]?be[-_]?(?:changed|replaced|filled|set)(?![a-z]))"
    ),
    # replace-me, replace_with_your_key
    ("replace",): (
        r"(?<![a-z])replace(?:[-_]?(?:me|this|it|with|by|here|actual|real|before)(?![a-z])"
        r"|[-_](?:in|for)[-_](?:real|prod)"
        r"|[-_][a-z_-]{0,40}(?:key|token|secret|password|url|value)(?![a-z]))"
    ),
    # key-here. Exceptions: "click here" contains a space, and start-here is a slug.
    ("here",): (
        r"(?<=[a-z0-9])(?<!click)(?<!start)(?<!over)(?<!from)(?<!right)(?<!near)(?<!are)"
        r"[-_]here(?![a-z0-9_-])|(?:key|token|secret|password|hook|url)here(?![a-z0-9])"
    ),
    # xxxx. Because .xxx is a top-level domain, a dot requires one more.
    ("xxx", "x.x"): (
        r"(?<![a-z0-9.])x{3,}(?![a-z0-9])|(?<=\.)x{4,}(?![a-z0-9])|x{6,}(?![a-z0-9])"
        r"|^x(?:\.x){3}$"
    ),
    # A mask; a value of punctuation only.
    ("***", "•••", "●●●"): r"(?<![^\s:/@=_.-])\*{3,}(?![^\s:/@])|[•●]{3,}",
    # What a log shows in place of a secret; a public setting may be `hidden` or `filtered`.
    ("redact", "masked", "hidden", "filtered", "censored"): (
        r"^redacted$|^[*\[({<#_-]{1,3}(?:redacted|masked|hidden|filtered|censored)[*\])}>#_-]{1,3}$"
    ),
    ("---", "___", "===", "###", "...", "…", "?", "!!!"): (
        r"^(?:-{3,}|_{3,}|={3,}|#{3,}|\.{3,}|…|\?+|!{3,}.*)$"
        r"|[-_]_{4,}$"
    ),
    # Exceptions: placeholder.png is a file, placeholder.com a service.
    ("placeholder",): r"(?<![a-z])placeholders?(?![a-z]|\.[a-z]{2,4}(?![a-z]))",
    # The domains reserved for examples, and keys that end in EXAMPLE.
    ("example",): (
        r"(?<![a-z0-9_-])example\.[a-z]|\.example(?![a-z0-9.-])"
        r"|[a-z0-9]{4}example(?:key)?$"
    ),
    # Keys, project names and addresses from public documentation.
    (
        "sflkxwrjsmekkf2qt4fwpm",
        "sk_test_4ec39hqlyjwdarjtt1zdp7dc",
        # supabase-demo, at each position that it can have in base64
        *("zdxbhymfzzs1kzw1v", "c3vwywjhc2utzgvtb", "n1cgfiyxnllwrlbw8"),
        "://xyzcompany.supabase.",
        "110201543:aahd",
        "123456:abc-def",
    ): "",
    ("t00", "abcdefghij"): r"/t0{2,}/b0{2,}|//abcdefghij[a-z]*\.supabase\.",
    ("domain.",): r"(?<![a-z0-9.-])(?:my[-_]?)?domain\.(?:com|tld|org|net)(?![a-z])",
    ("path/to/", "path_to_", "path-to-"): (
        r"(?<![a-z0-9])path(?:/to/|_to_[a-z]"
        r"|-to-(?:the-|your-|my-)?(?:cert|creds|credentials|file|key|json|pem|private|service))"
    ),
    # The command that generates the value, in place of its output.
    ("openssl rand", "openssl-rand", "openssl_rand"): "",
}

_HOST_WORDS = ("host", "db", "redis-", "redis_", "ip-", "ip_", "endpoint", "domain", "server")

# Searched in values that contain a URL, in lower case.
IN_URL: Patterns = {
    tuple(before + word for before in ("://", "@") for word in _HOST_WORDS): (
        r"(?:://|@)(?:host|hostname|db[-_]?host|redis[-_]host|ip[-_]address|endpoint|domain"
        r"|server[-_](?:ip|address|name))(?![a-z0-9.-])"
    ),
    (":port",): r":port(?![a-z0-9])",
    ("project", "account", "region", "tenant"): (
        r"://(?:my[-_]?)?project(?:[-_]?(?:ref|id|name|url))?\.supabase\."
        r"|[/@.](?:project[-_]?(?:ref|id)|account[-_]?id|region|tenant[-_]?id)\.[a-z]"
    ),
    # {host}, but not the path of a template that is filled in at run time, or an expression
    ("{",): r"://[^/\s{}?#]*(?<![${%#])\{(?![{%])[a-z][a-z0-9 _.-]*\}",
    # [project], but not an IPv6 address, which contains a colon.
    ("[",): r"\[[a-z][a-z0-9 _-]*\]",
}

PARTS = r"[a-z0-9]+"
CAPITALS = r"(?<![A-Za-z0-9_%-])[A-Z]+(?:[_-][A-Z]+)*(?![A-Za-z0-9_%-])"
NOTE = r"(?:todo|fixme|tbd)(?![a-z])"
SLUG = r"(?:[Tt]odo|[Ff]ixme|[Tt]bd)[_-][A-Za-z]"
# REDIS_HOST or DB_PASSWORD, but not a user. No host has an underscore.
NAMED_IN_LOGIN = (
    r"(?:://|@)((?:[A-Z]+_)+[A-Z]+)(?![A-Za-z0-9_%@-]|:[^/\s@]*@)|:((?:[A-Z]+_)+[A-Z]+)@"
)
QUERY = r"\?[^\s,\"']*"
LOGIN = r"://([^/\s@]*)@([^/\s,@]*)"
HOST = r"://(?:[^/\s@]*@)?([A-Za-z0-9_.-]+)"
# <your-key>, but not a link, a line in HTML (<br>, <hr>) or a number.
ANGLE_BRACKETS = (
    r"(?<![^\s/:@=_.,;\[({-])<(?!https?:|mailto:|br\b|hr\b|\d+>)[^\W_][\w .,:;/|'()-]+>"
    r"(?![^\s/:@=_.,;\])}?&-])"
)
VARIABLE = r"__[A-Z][A-Z0-9_]*__|(?:[A-Z]+_)+(?:KEY|TOKEN|SECRET|PASSWORD|DSN|URL)"
# ExampleCorp, Example Company
EXAMPLE = r"Example(?: ?[A-Z][A-Za-z0-9]*){1,3}"
# USER_ID_1, of which it finds the last word
NUMBERED = r"(?<![A-Za-z0-9_])(?:[A-Z]+_)*([A-Z]+)_[0-9]{1,2}(?![A-Za-z0-9_])"
FAKE = r"(?:[a-z]{2,4}[-_])?fake_(?:[a-z0-9]+_)*([a-z0-9]+)"
# ${NAME}, $THE_NAME, $(NAME), {{ NAME }}: references, which are another fault
EXPRESSION = (
    r"\$\{[^{}]*\}|\$[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=[:/@?]|$)|\$\([^()]*\)|\{\{[^{}]*\}\}"
    r"|<%[^%]*%>"
)
ELLIPSIS = r"(?<!\.)(?:\.{3,}|…)(\S{0,64})$"
# sk-00000000
REPEATED_CHARACTER = r"(?:[a-z]{2,8}[-_]){0,3}(.)\1{7,}"


def any_matches(patterns: Patterns, text: str) -> bool:
    """
    Return whether any of the patterns matches somewhere in a text in lower case.
    """
    return any(
        any(hint in text for hint in hints) and re.search(expression, text)
        for hints, expression in patterns.items()
    )
