"""
The words by which a placeholder is recognised.

Values are looked up in lower case; the names of variables and parts of URLs, in capitals.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Placeholders in any variable; the value is compared without punctuation and spaces.
WHOLE = _words(
    """
    abcxyz bucketname databasename dbname domaincom edit editme emailaddress example examplekey
    examplesecret exampletoken fillin fillinthis fillme fillmein fillthis fillthisin fixme hostport
    insertme mydomaincom needed notset placeholder removeme sample samplekey setme setthis tba tbc
    tbd todo tobechanged tobedefined tobedetermined tobefilled tobereplaced tobeset unset
    updateme xxyyzz 123456789012
    """
)

# The prefixes of real keys and URLs. A value that ends after its prefix is a placeholder.
PREFIXES = _words(
    """
    aiza aizasy akia asia dop_v1_ eyj figd_ gho_ ghp_ ghs_ github_pat_ glpat- gocspx- gsk_ hf_
    http:// https:// lsv2_ lsv2_pt_ lsv2_sk_ mongodb:// mongodb+srv:// mysql:// ntn_ nvapi- pcsk_
    phc_ pk- pk_ pk_live_ pk_test_ postgres:// postgresql:// pplx- pypi- r8_ re_ redis:// rediss://
    rk_live_ rk_test_ rpa_ sb_publishable_ sb_secret_ sbp_ secret_ sg. shpat_ sk- sk_ sk-ant-
    sk-ant-api03- sk_live_ sk-lf- sk-or- sk-or-v1- sk-proj- sk-svcacct- sk_test_ sntrys_ tvly-
    whsec_ xai- xapp- xoxa- xoxb- xoxp- ya29.
    """
)

# What a template calls the missing value.
NOUNS = _words(
    """
    accesskey account address apikey apitoken authtoken clientid clientsecret credential credentials
    database domain dsn email encryptionkey host hostname id ip jwtsecret key keys name passphrase
    passwd password phrase port privatekey project pwd ref region secret secretkey secrets sid
    string subdomain tenant token url user userid username value webhook workspace
    """
)

# Words that make up a placeholder together with a noun, but not on their own.
ADJECTIVES = _words(
    """
    a access actual admin an anon any api app at auth base64 be bearer bit bot byte bytes char
    character characters chars client complex cookie default demo dev development encryption even
    for generated good hash here hex in is jwt least live local long master min minimum more my new
    of or private prod production public random real refresh root safe sample secure service session
    signing site some strong super supersecret test that the this to top ultra unique very with
    """
)

# Placeholders where a secret belongs; elsewhere they can be real values.
GENERIC = _words(
    """
    0 1 123 1234 12345 123456 1234567 12345678 123456789 1234567890 aaa abc abc123 abcd abcdef admin
    admin123 asdf minioadmin bar bbb foo foobar insert insecure letmein mypass mypassword mysecret
    mysecretkey mysecrettoken mysupersecret mysupersecretkey mytoken myapikey notasecret optional
    pass pass123 password1 password123 pw qwerty replace required s3cr3t secret123 shhh somesecret
    censored filtered hidden masked redacted
    string supersecret supersecretkey supersecretpassword supersecrettoken supersecretvalue
    thisisasecret topsecret x xx xyz yyy zzz djangoinsecure
    """
)

# A sentence that stands for a secret has words of both kinds.
WARNINGS = _words(
    """
    change changed default dummy insecure insecurely modify never placeholder please production
    replace replaced rotate temporary unsafe unsecure update updated
    """
)
CONNECTIVES = _words(
    """
    be before before do don dont for in is it must needs not only secret secure should this to
    use used your
    """
)

# The values of switches, which are not secret even if their names end in PASSWORD.
SWITCHES = _words("disabled enabled false n no off on true y yes")
SWITCH_NAMES = _words(
    "ALLOW ALLOWS DISABLE EMPTY ENABLE ENABLED ENFORCE HAS HIDE IS NEEDS NO REQUIRE REQUIRED"
    " REQUIRES SHOW SKIP USE USES WITH WITHOUT"
)

# What a value begins with that somebody has yet to enter.
NOTES = ("todo", "fixme", "tbd")

# Sequences, as in `sk-1234567890abcdef`: any part of one that follows a prefix counts.
SEQUENCES = (
    "01234567890123456789012345678901234567890123456789",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "1234567890abcdefghijklmnopqrstuvwxyz1234567890",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyz1234567890",
    "abc123def456ghi789jkl012mno345pqr678stu901vwx234yz",
    "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z",
)

# The parts of example logins, such as `user:password@`.
LOGIN_PASSWORDS = _words(
    "dbpassword mypassword pass passwd password passwort pw pwd secret userpassword xxx"
)
LOGIN_USERS = frozenset({"", *_words("dbuser login myuser name u user username usr")})
LOGIN_KEYS = _words("apikey examplepublickey key publickey token userkey")
LOCAL_HOSTS = ("localhost", "127.", "[::1]", "host.docker.internal")

# Verbs that only templates use, and verbs that need an article to be recognised as a request.
INSTRUCTIONS = _words("enter example fill insert paste replace")
REQUESTS = _words("add choose copy create generate get obtain provide put set supply type use")
ARTICLES = _words("a actual an any from in it me my own real some strong the this with your")

# The last word in the name of a variable whose value is itself a name: `API_KEY_HEADER=X-Api-Key`.
NAME_SUFFIXES = _words(
    "ALGORITHM CLAIM COLUMN COOKIE ENV FIELD FILE FORMAT HEADER LABEL NAME PARAM PATH PREFIX"
    " PROTOCOL SCHEME SUFFIX TYPE VAR VARIABLE"
)

# What templates write in capitals inside a URL: `https://PROJECT.example.net`.
CAPITAL_WORDS = _words(
    """
    ACCOUNT ADDRESS APIKEY BUCKET CHANNEL CLUSTER COMPANY DATABASE DB DBNAME DOMAIN DSN ENDPOINT
    HOST HOSTNAME ID INSTANCE IP KEY NAME ORG ORGANIZATION PASS PASSWD PASSWORD PORT PROJECT PWD REF
    REGION RESOURCE SECRET SUBDOMAIN TEAM TENANT TODO TOKEN URL USER USERNAME VALUE WEBHOOK
    WORKSPACE YOUR
    """
)
# What precedes those words in the names of templates: `https://MY_PROJECT/BOT_TOKEN`.
CAPITAL_ADJECTIVES = _words(
    "ACCESS API AUTH BOT CHAT CLIENT GUILD MY REDIS REPO REPOSITORY SERVER SERVICE"
)
