"""
Values that work: what no check of the form of values may report.

    @given(usable())
    def test_(case: tuple[str, str]) -> None:
        name, text = case
"""

# ruff: noqa: RUF001 -- prose in other languages

import json
import string

from hypothesis import strategies as st

Case = tuple[str, str]
"""The name of a variable, and a value that works there."""

_TOKEN = string.ascii_letters + string.digits + "_-"
_LOWER = string.ascii_lowercase + string.digits
_WORDS = {
    "en": "You are an assistant. Answer briefly, and never invent a number - ask instead.",
    "ko": "당신은 이력서를 분석하는 도우미입니다. 한국어로 간결하게 답하세요.",
    "ja": "あなたは履歴書を分析するアシスタントです。日本語で簡潔に答えてください。",
    "zh": "你是一个分析简历的助手。请用中文简洁地回答。",
    "ru": "Вы помощник, который анализирует резюме. Отвечайте кратко: да или нет.",
    "el": "Είσαι βοηθός που αναλύει βιογραφικά. Απάντησε σύντομα.",
    "de": "Du prüfst Lebensläufe. Antworte „kurz“ – höchstens zwei Sätze.",
    "fr": "Vous analysez des CV\u00a0: répondez « brièvement » en français\u00a0!",
    "ar": "أنت مساعد يحلل السير الذاتية. أجب بإيجاز.",
    "hi": "आप एक सहायक हैं जो बायोडाटा का विश्लेषण करते हैं।",
    "fa": "شما یک دستیار هستید و رزومه‌ها را بررسی می‌کنید.",
    "emoji": "Done 👩‍💻 – ship it! 🚀",
}
_SECRETS = ("OPENAI_API_KEY", "APP_TOKEN", "SERVICE_ROLE_KEY", "WEBHOOK_SECRET", "DB_PASSWORD")
_PREFIXES = ("", "sk-", "sk-proj-", "ghp_", "xoxb-", "AIza", "eyJ", "whsec_", "svc_", "hf_", "SG.")
_MODELS = ("gpt-4o", "claude-sonnet-4", "gemini-2.0-flash", "text-embedding-3-small", "llama3.1:8b")
_FOLDERS = ("/var/lib", "/srv/app data", "./data", "~/cache", "C:\\Program Files", "s3://bucket")


def _from(name: str | tuple[str, ...], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Case]:
    names = (name,) if isinstance(name, str) else name
    return st.tuples(st.sampled_from(names), texts)


def _tokens() -> st.SearchStrategy[str]:
    bodies = st.text(_TOKEN, min_size=24, max_size=64)
    padded = st.binary(min_size=16, max_size=48).map(_base64)
    return st.one_of(st.builds("{}{}".format, st.sampled_from(_PREFIXES), bodies), padded)


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def _hosts() -> st.SearchStrategy[str]:
    label = st.text(_LOWER, min_size=1, max_size=12)
    names = st.lists(label, min_size=1, max_size=4).map(".".join)
    ports = st.integers(1, 65535).map(":{}".format)
    return st.builds("{}{}".format, names, st.one_of(st.just(""), ports))


def _paths() -> st.SearchStrategy[str]:
    part = st.text(_LOWER + "_-.", min_size=1, max_size=12)
    return st.builds("{}/{}".format, st.sampled_from(_FOLDERS), st.lists(part).map("/".join))


def _crons() -> st.SearchStrategy[str]:
    field = st.one_of(
        st.just("*"), st.integers(0, 59).map(str), st.sampled_from(("*/5", "1-5", "5#3", "0,30"))
    )
    return st.lists(field, min_size=5, max_size=6).map(" ".join)


def _json() -> st.SearchStrategy[str]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12))
    keys = st.text(_TOKEN, min_size=1, max_size=8)
    objects = st.dictionaries(keys, leaves, max_size=4)
    lists = st.lists(leaves, max_size=4)
    return st.builds(
        lambda value, ascii_: json.dumps(value, ensure_ascii=ascii_),
        st.one_of(objects, lists),
        st.booleans(),
    )


def _prose() -> st.SearchStrategy[str]:
    texts = sorted(_WORDS.values())
    words = st.sampled_from([word for text in texts for word in text.split(" ")])
    mixed = st.lists(words, min_size=1, max_size=12).map(" ".join)
    lines = st.lists(st.sampled_from(texts), min_size=1, max_size=3).map("\n".join)
    return st.one_of(mixed, lines)


def usable() -> st.SearchStrategy[Case]:
    """
    Return a strategy of values that work: secrets, names, paths, prose and numbers.
    """
    numbers = st.one_of(st.integers().map(str), st.floats(allow_nan=False).map(str))
    return st.one_of(
        _from(_SECRETS, _tokens()),
        _from("OPENAI_MODEL", st.sampled_from(_MODELS)),
        _from("SMTP_HOST", _hosts()),
        _from("API_URL", _hosts().map("https://{}/v1".format)),
        _from(("DATA_DIR", "FILE"), _paths()),
        _from("SCHEDULE", _crons()),
        _from("EXTRA", _json()),
        _from(("SYSTEM_PROMPT", "GREETING", "DESCRIPTION"), _prose()),
        _from("DEBUG", st.sampled_from(("true", "false", "on", "0", "1", "yes"))),
        _from("TIMEOUT", numbers),
    )
