"""
Tests of names: those of credentials, and those of random characters that are not secret.
"""

import pytest

from workerctl.secrecy.credential_names import (
    ends_as_credential,
    is_collection_name,
    is_credential_name,
    may_look_random,
    use_of,
)

CREDENTIALS = """
ENCRYPTION_KEY encryption_key WEBHOOK_SECRET GITHUB_TOKEN DB_PASSWORD DB_PASSWD DB_PWD
PASSPHRASE AWS_CREDENTIALS SENTRY_DSN KEYS_OLD PASS DB_PASS SMTP_PASS PASSWD AUTH REDIS_AUTH
AUTH_HEADER SIGNING JWT_SIGNING SALT PASSWORD_SALT HASH_SALT COOKIE SESSION_COOKIE PRIVATE
PRIVATE_PEM CONNECTION_STRING AZURE_STORAGE_CONNECTION_STRING connectionString apiKey
openaiApiKey X-Api-Key Authorization Set-Cookie Proxy-Authorization DBPASSWORD OPENAI_APIKEY
ACCESSTOKEN tokens_by_name API_KEY_2 ENCRYPTION_KEY_V1 db.password APP_DB__PASSWORD TOKEN_URI
ACCESS_KEY_ID AWS_ACCESS_KEY_ID SECRET_KEY_ID CACHE_SIGNING_KEY SORT_API_KEY MESSAGE_KEY_SECRET
ROUTING_PASSWORD REDIS_KEY KEY_CACHE SESSION_KEY
SMTP_PW DB_PW dbPw ROOTPW DBPWD PGPASS MAILPASS PSWD DBPSWD PASSWORT DB_PASSWORT PASSKEY
PEPPER PASSWORD_PEPPER FERNET FERNET_V2 HMAC WEBHOOK_HMAC WALLET_MNEMONIC JWK JWKS PRIVATE_JWK
SHAREDKEY ENCKEY PRIVKEY AESKEY CONNSTR DB_CONNSTR CONN DB_CONN ORACLE_CONN_2 OTP smsOtp TOTP PIN
CARD_PIN GITHUB_PAT AZURE_DEVOPS_PAT BOT_TOK TOTP_SEED WALLET_SEED SEED_PHRASE recovery-phrase
""".split()

OTHERS = """
ENV OPENAI_MODEL SUPABASE_URL JOB_TIMEOUT_SECONDS ACCESS_TOKEN_EXPIRE_MINUTES COMPASS AUTHOR
AUTHORS PASSIVE PASSENGER BYPASS KEYBOARD MONKEY MONKEYS TURKEY KEYNOTE MAX_TOKENS
OPENAI_MAX_TOKENS MAX_OUTPUT_TOKENS TOKEN_COUNT TOKEN_LIMIT TOKENIZER TOKENIZER_MODEL
PASSWORD_MIN_LENGTH KEY_PREFIX JWT_ALGORITHM JWT_ISSUER AUTH_METHOD AUTH_URL AUTH_ENABLED
COOKIE_DOMAIN COOKIE_SAMESITE PRIVATE_NETWORK PASS_THROUGH PASS_RATE SALTED ASSALT DESIGNING
PRIVATEER tokenCount DYNAMODB_PARTITION_KEY SORT_KEY sortKey DEDUP_KEY RATE_LIMIT_KEY
KAFKA_MESSAGE_KEY ROUTING_KEY PRIMARY_KEYS cache-key JWT_KEY_ID SIGNING_KEY_ID kmsKeyId KEY_IDS
SEED RANDOM_SEED TORCH_SEED SEEDS SEED_DATA PHRASE PHRASES PIN_MEMORY PIN_COUNT REQUIRE_PIN
MODEL_PIN IMAGE_PIN SPIN PINS PINECONE_INDEX OTP_LENGTH OTP_ISSUER OTP_DIGITS ENABLE_OTP TOTP_PERIOD
CONN_MAX MAX_CONN NUM_CONN CONN_TIMEOUT CONN_MAX_AGE CONNECT CONNECTIONS PATH LOG_PATH PATTERN PATCH
PAT_DIR MAX_TOK TOK_PER_SECOND STOKE HMAC_ALGORITHM JWKS_URL JWKS_URI JWK_PATH PASSKEY_DOMAIN
PEPPER_VERSION PEPPERMINT POWER UPWARD OPWINDOW HOTPINK LOWPASS PUBKEY PUBLICKEY
""".split()


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_is_recognised_by_its_name(name: str) -> None:
    """A word for credentials in a name, in any notation, makes it the name of a credential."""
    assert is_credential_name(name)


@pytest.mark.parametrize("name", ["", "_", "_-_", *OTHERS])
def test_other_names_are_not_those_of_credentials(name: str) -> None:
    """Words that only contain such a word are other words, and a measure is not a credential."""
    assert not is_credential_name(name)


def test_only_a_credential_itself_may_be_a_number() -> None:
    """PIN_TOKEN is a token, but BUCKET_TOKENS_LEFT and TOKEN_BUCKETS count something."""
    assert ends_as_credential("PIN_TOKEN")
    assert not ends_as_credential("TOKEN_BUCKETS")
    assert not ends_as_credential("MAX_TOKENS")
    names = ("PIN", "LED_PIN", "OTP", "CONN", "BOT_TOK", "SEED", "TOTP_SEED", "WALLET_SEED")
    assert not any(map(ends_as_credential, names))


def test_the_use_of_a_secret_is_known_by_its_name() -> None:
    """A password may contain what no HTTP header can carry; a token may not."""
    private = "SMTP_PW ROOTPW PGPASS DB_PSWD DB_PASSWORT PIN OTP JWK PRIVKEY CONNSTR DB_CONN PEPPER"
    assert {use_of(name) for name in private.split()} == {"private"}
    sent = "GITHUB_PAT BOT_TOK API_KEY SHAREDKEY COMPASS_API_KEY BYPASS_TOKEN"
    assert {use_of(name) for name in sent.split()} == {"sent"}


def test_the_members_of_a_collection_are_credentials() -> None:
    """What stands below `secrets` or `api_keys` is secret; below `auth`, names decide."""
    assert all(map(is_collection_name, ("secrets", "api_keys", "CREDENTIALS")))
    assert not any(map(is_collection_name, ("auth", "keyboard", "", "partition_keys")))


def test_some_names_announce_random_characters() -> None:
    """A digest, an id, a version or a commit is as random as a secret."""
    assert all(map(may_look_random, ("GIT_COMMIT", "model_sha256", "TENANT_ID", "imageDigest")))
    assert not any(map(may_look_random, ("UPSTREAM", "IDLE", "VALID", "HASHTAGS")))
