"""
The shapes by which a secret is recognised in any field, whatever its name.

Each entry has its hints, substrings of which every match contains at least one, the expression, and
where the form is documented. An expression is compiled only when a text contains a hint. All take
time linear in the length of the text.
"""

from __future__ import annotations

from workerctl.report.records import Record


class Shape(Record):
    """
    One form of secrets: the hints, in lower case, the expression, and the source of the form.
    """

    hints: tuple[str, ...]
    expression: str
    source: str


_START = r"(?<![A-Za-z0-9])"

SHAPES: tuple[Shape, ...] = (
    Shape(
        ("sk-", "sk_", "rk_", "pk_test", "whsec_"),
        # Slugs such as sk-learn-pipeline have no part with both letters and digits.
        rf"{_START}(?:sk-(?=[A-Za-z_-]{{0,64}}[0-9])[A-Za-z0-9_-]{{12,}}"
        rf"|sk-(?:proj|ant|or|svcacct|admin|None|live|test)-[A-Za-z0-9_-]{{8,}}"
        r"|[sr]k_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{8,})",
        "API references of OpenAI, Anthropic, OpenRouter and Stripe: authentication",
    ),
    Shape(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        rf"{_START}(?:gh[opsur]_[A-Za-z0-9]{{16,}}|github_pat_[A-Za-z0-9_]{{16,}})",
        "GitHub's documentation: about authentication, token formats",
    ),
    Shape(
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"),
        rf"{_START}gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_.-]{{16,}}",
        "GitLab's documentation: token overview, token prefixes",
    ),
    Shape(
        ("xox", "xapp-", "xwfp-", "hooks.slack.com"),
        rf"{_START}(?:xox[a-z](?:\.xox[a-z])?-|xapp-|xwfp-)[A-Za-z0-9-]{{8,}}"
        r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{8,}",
        "Slack's API documentation: token types, incoming webhooks",
    ),
    Shape(
        ("discord.com/api", "discordapp.com/api", "webhook.office.com", "api.telegram.org/bot"),
        r"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]+/[A-Za-z0-9_-]{8,}"
        r"|webhook\.office\.com/webhookb2/\S{16,}|api\.telegram\.org/bot[0-9]+:[A-Za-z0-9_-]{8,}",
        "API references of Discord, Microsoft Teams and Telegram: webhooks, bots",
    ),
    Shape(
        ("akia", "asia", "abia", "acca"),
        rf"{_START}(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{12,}}(?![a-z])",
        "AWS IAM user guide: IAM identifiers, unique id prefixes of access keys",
    ),
    Shape(
        ("aiza", "gocspx-", "ya29."),
        rf"{_START}(?:AIza[A-Za-z0-9_-]{{30,}}|GOCSPX-[A-Za-z0-9_-]{{16,}}|ya29\.[A-Za-z0-9_-]{{16,}})",
        "Google Cloud's documentation: API keys, OAuth 2.0",
    ),
    Shape(
        (
            "hf_",
            "npm_",
            "pypi-",
            "dop_v1_",
            "sbp_",
            "gsk_",
            "nvapi-",
            "xai-",
            "r8_",
            "tvly-",
            "lsv2_",
        ),
        rf"{_START}(?:(?:hf|npm|dop_v1|sbp|gsk|r8)_(?=[A-Za-z]{{0,64}}[0-9])[A-Za-z0-9]{{16,}}"
        r"|(?:pypi|nvapi|xai|tvly)-(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{16,}|lsv2_[a-z]{2}_[a-z0-9_]{16,})",
        "Documentation of Hugging Face, npm, PyPI, DigitalOcean, Supabase, Groq, NVIDIA, xAI,"
        " Replicate, Tavily and LangSmith: tokens",
    ),
    Shape(
        ("sg.", "shpat_", "shpss_", "sq0", "eaaa", "key-", "-us"),
        rf"{_START}(?:SG\.[A-Za-z0-9_-]{{16,}}\.[A-Za-z0-9_-]{{16,}}|shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{{16,}}"
        r"|sq0[a-z]{3}-[A-Za-z0-9_-]{16,}|EAAA[A-Za-z0-9_-]{40,}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2})"
        r"(?![A-Za-z0-9])",
        "Documentation of SendGrid, Shopify, Square, Mailgun and Mailchimp: API keys",
    ),
    Shape(
        ("hvs.", "hvb.", "dckr_pat_", "vercel_", "pat-", "figd_", "ntn_", "secret_", "lin_api_"),
        rf"{_START}(?:hv[bs]\.[A-Za-z0-9_-]{{16,}}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{{16,}}|figd_[A-Za-z0-9_-]{{16,}}"
        r"|pat-(?:na|eu)[0-9]-[0-9a-f-]{16,}|(?:ntn|secret|lin_api|vercel)_(?=[A-Za-z]{0,64}[0-9])[A-Za-z0-9]{16,})",
        "Documentation of Vault, Docker Hub, Figma, HubSpot, Notion, Linear and Vercel: tokens",
    ),
    Shape(
        ("eyj",),
        rf"{_START}eyJ[A-Za-z0-9_-]{{5,}}\.(?:eyJ)?[A-Za-z0-9_-]{{4,}}\.[A-Za-z0-9_-]*",
        "RFC 7519 and RFC 7516: JSON Web Tokens",
    ),
    Shape(
        ("-----begin", "age-secret-key-", "putty-user-key-file"),
        r"-----BEGIN [A-Z0-9 ]*(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----|-----BEGIN ENCRYPTED"
        r"|AGE-SECRET-KEY-1[A-Z0-9]{16,}|PuTTY-User-Key-File-[0-9]",
        "RFC 7468: textual encodings of PKIX structures; the formats of OpenPGP, age and PuTTY",
    ),
    Shape(
        ("bearer", "basic", "digest ", "apikey ", "token "),
        r"(?i:(?<![a-z])bearer\s+)(?=\S{0,64}(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9._~+/=-]{6,}"
        r"|^(?i:bearer)\s+\S{6,}$"
        r"|(?i:(?<![a-z])basic\s+)(?=\S{0,64}(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/_-]{6,}={0,2}(?![A-Za-z0-9+/_-])"
        r"|(?i:(?<![a-z])digest\s+username=)"
        r"|(?i:authorization[\"']?\s*[:=]\s*[\"']?)(?:[A-Za-z]+ +)?[A-Za-z0-9._~+/=-]{6,}"
        r"|(?i:^(?:apikey|token)\s+)(?=[a-z]{0,64}[A-Z0-9])[A-Za-z0-9._~+/=-]{12,}$",
        "RFC 6750 and RFC 7617: the Bearer and Basic schemes of HTTP",
    ),
    Shape(
        (
            *("password", "passwd", "pwd", "passphrase", "secret", "accountkey", "sharedaccess"),
            *("sharedsecret", "apikey", "api_key", "access_token", "auth_token", "sig="),
        ),
        # libpq, ADO.NET, ODBC, JDBC, Azure storage, and the query of a URL.
        r"(?i:(?<![a-z])(?:sasl\.|ssl\.?)?(?:user)?(?:password|passwd|pwd|passphrase)[\"']?\s*[=:]\s*)"
        r"(?!\s|$|[\"']{2}|(?i:true|false|none|null|required|prompt|[0-9]{1,2})(?![A-Za-z0-9]))[^\s]"
        r"|(?i:(?<![a-z])(?:accountkey|sharedaccess(?:key|signature)|sharedsecret|client_?secret"
        r"|secret_?(?:access_?)?key|api_?key|access_token|auth_token|refresh_token)[\"']?\s*[=:]\s*[\"']?)"
        r"(?!(?i:true|false|none|null)(?![A-Za-z0-9]))[A-Za-z0-9+/%_.~-]{6,}"
        r"|[?&;]sig=[A-Za-z0-9%+/]{16,}",
        "Documentation of PostgreSQL (libpq), ADO.NET, ODBC and Azure storage: connection strings",
    ),
)

# 8-4-4-4-12, and digests and subresource integrity with the name of their algorithm.
IDENTIFIERS = (
    r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
    r"|(?i:sha-?(?:1|224|256|384|512)|md5|blake2b|blake3)[-:=][A-Za-z0-9+/=_-]+"
)
"""What looks random but identifies something, in any field."""

RUN = r"[A-Za-z0-9+/_=-]{32,}"
"""Characters of base64, base64url, base62 and hexadecimal digits."""

PIECE = r"[A-Za-z0-9]{12,}"
"""Words and numbers that are separated more often than this are not random."""
