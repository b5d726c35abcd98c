"""
Small compose projects, each as texts of files by name; those named on the command line come first.

They hold every form that the specification of compose files gives for what is read here.
"""

from typing import NamedTuple


class Sample(NamedTuple):
    """
    A project: its files, and which of them are given with `-f`, in order.
    """

    files: dict[str, str]
    given: tuple[str, ...] = ("compose.yaml",)


def one(text: str, **others: str) -> Sample:
    """
    Return a project with one compose file; `__` in the name of another file is a dot.
    """
    named = {name.replace("__", "."): content for name, content in others.items()}
    return Sample({"compose.yaml": text, **named})


def worker(text: str, **others: str) -> Sample:
    """
    Return a project whose only service has these lines.
    """
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return one(f"services:\n  worker:\n    image: app\n{lines}", **others)


def both(base: str, override: str, **others: str) -> Sample:
    """
    Return a project of two compose files, each of which has lines of the same service.
    """
    first = worker(base, **others)
    second = "".join(f"    {line}\n" for line in override.splitlines())
    files = {**first.files, "override.yaml": f"services:\n  worker:\n{second}"}
    return Sample(files, ("compose.yaml", "override.yaml"))


_SCALARS = """\
environment:
  A: 1.50
  B: 010
  C: 0x1F
  D: 1e3
  E: 1_000
  F: true
  G: FALSE
  H: yes
  I: 12:30:00
  J: 1.0
  K: 123456789.0
  L: 0.00001
  M: 12345678901234567890123
  N: .inf
  O: "010"
  P: !!str 010
  Q: +5
  R: ~
  S: ''
  T: .5
  U: 0o17
  V: off
  W: -0.0
  X: 1e400
  Y: 089
"""
_FORMS = """\
environment:
  A: ${GIVEN}
  B: $GIVEN
  C: ${GIVEN:-no}
  D: ${EMPTY:-default}
  E: ${EMPTY-default}
  F: ${UNSET:-default}
  G: ${UNSET-default}
  H: ${GIVEN:?message}
  I: ${EMPTY?message}
  J: ${GIVEN:+other}
  K: ${EMPTY:+other}
  L: ${EMPTY+other}
  M: $$GIVEN $${GIVEN}
  N: ${UNSET:-${GIVEN}}
  O: ${UNSET:-${NOWHERE:-inner}}-${GIVEN:+${OTHER}}
  P: a${GIVEN}b$OTHER/c
  Q: cost $ 5, 100$
  R: '${UNSET:-with space, : and ?}'
  S: ${UNSET:-}
  T: ${UNSET:-{braces}}
  U: ${UNSET:-a}${GIVEN}${UNSET:-b}
  V: ${given_lower_1:-x}
  W: ${GIVEN:+a$$b}
  X: '${GIVEN} single'
  Y: "${GIVEN} double"
"""
_LONG_FILE = """\
# a comment
PLAIN=one
export EXPORTED=two
SPACED = three
YAML: four
SINGLE='$GIVEN ${X} # kept'
DOUBLE="five $GIVEN\\n\\ttab \\"quoted\\" \\$5"
MULTI="first
second"
COMMENT=six # not kept
HASH=se#ven
EMPTY_VALUE=
REFERS=${PLAIN}-${GIVEN}-${UNSET:-none}
TWICE=1
TWICE=2
QUOTED_EMPTY=""
UNDERSCORE.DOT-DASH=x
"""

SAMPLES: dict[str, Sample] = {
    "scalars": worker(_SCALARS),
    "interpolation": worker(_FORMS),
    "environment as a list": worker(
        'environment:\n- A=1.50\n- B=\n- C=x=y\n- "D=a b"\n- E=${GIVEN}\n- GIVEN\n- UNSET\n- A=2'
    ),
    "environment passed on": worker("environment:\n  GIVEN:\n  UNSET:\n  OTHER: ~"),
    "an empty environment": worker("environment: {}"),
    "environment of anchors": one(
        "x-env: &env {A: one, B: '${GIVEN}'}\nx-more: &more {C: three, A: other}\nservices:\n"
        "  a: {image: x, environment: {<<: [*env, *more], B: own}}\n"
        "  b: {image: x, environment: {<<: *env}}\n"
    ),
    "a service of an anchor": one(
        "services:\n  a: &a\n    image: x\n    command: [a]\n    environment: {A: 1}\n"
        "  b:\n    <<: *a\n    command: [b]\n"
    ),
    "an env file": worker("env_file: worker.env", worker__env=_LONG_FILE),
    "env files": worker(
        "env_file: [a.env, ./b.env]\nenvironment: {C: own}",
        a__env="A=1\nB=1\nC=1\n",
        b__env="B=2\nC=2\nD=$A\n",
    ),
    "env files in long form": worker(
        "env_file:\n- path: a.env\n  required: true\n- {path: none.env, required: false}\n"
        "- {path: raw.env, format: raw}",
        a__env="A=1 # c\nB='q'\n",
        raw__env="C=1 # c\nD='q $GIVEN'\n# comment\nGIVEN\n  E= x \n",
    ),
    "an env file that refers to the environment": worker(
        "env_file: a.env\nenvironment: {X: '${GIVEN}x', GIVEN: mine}",
        a__env="A=$X\nB=$GIVEN\nC=${D-}\nD=1\nE=$D\n",
    ),
    "an env file with names only": worker("env_file: a.env", a__env="GIVEN\nUNSET\nA=1\n"),
    "an env file with Windows line ends": worker("env_file: a.env", a__env="A=1\r\nB='2'\r\n"),
    "an env file with a byte order mark": worker("env_file: a.env", a__env="\ufeffA=1\n"),
    "env files that are named twice": worker(
        "env_file: [a.env, b.env, a.env]", a__env="A=a\n", b__env="A=b\n"
    ),
    ".env": Sample(
        {
            "compose.yaml": "services:\n  worker:\n    image: ${FROM}\n    env_file: ${FROM}.env\n"
            "    environment: {A: $FROM, B: $GIVEN, C: '${CHAIN:-no}', FROM: }\n",
            ".env": "FROM=dot\nGIVEN=weaker\nCHAIN=${FROM}/${GIVEN}\n",
            "dot.env": "Z=${CHAIN}\n",
        }
    ),
    "a command as a string": worker("command: rq worker --url 'redis://h/0?a=1&b=2' \"a b\" c\\ d"),
    "a command that goes on": worker("command: python m.py migrate && celery worker"),
    "a command with a redirection": worker("command: celery worker 2>&1 | tee log"),
    "a command as a list": worker('command: ["sh", "-c", "exec rq worker $$QUEUES ${GIVEN}"]'),
    "a folded command": worker("command: >\n  celery\n  -A app\n  worker -Q a,b"),
    "a script": worker("command:\n- sh\n- -c\n- |\n  set -e\n  exec rq worker"),
    "an entry point": worker("entrypoint: tini -- env\ncommand: [a, b]"),
    "an empty command": worker("entrypoint: []\ncommand: ''"),
    "restart policies": one(
        "services:\n"
        + "".join(
            f"  s{at}: {{image: x, restart: {text}}}\n"
            for at, text in enumerate(("no", '"no"', "always", "unless-stopped", "on-failure:3"))
        )
        + "  deployed: {image: x, deploy: {restart_policy: {condition: none}}}\n"
    ),
    "durations": one(
        "services:\n"
        + "".join(
            f"  s{at}: {{image: x, stop_grace_period: {text}}}\n"
            for at, text in enumerate(("1m30s", "90s", "1.5h", "500ms", "1d", "1w2d3h4m5.5s", "0s"))
        )
    ),
    "amounts of memory": one(
        "services:\n"
        + "".join(
            f"  s{at}: {{image: x, mem_limit: {text}}}\n"
            for at, text in enumerate(
                ("512m", "1gb", "1.5g", "1073741824", '"1 GB"', "1GiB", "10B", "1k", "0x10", "2T")
            )
        )
        + "  deployed: {image: x, deploy: {resources: {limits: {memory: 256M}}}}\n"
    ),
    "volumes": one(
        "services:\n  worker:\n    image: x\n    tmpfs: [/run, '/tmp:size=1m']\n    volumes:\n"
        "    - data:/data\n    - data:/data-ro:ro\n    - ./conf:/etc/conf:ro\n"
        "    - ../up/x.conf:/x.conf\n    - /srv/log:/log\n    - /anonymous\n"
        "    - {type: bind, source: ./long, target: /long, read_only: true}\n"
        "    - {type: volume, source: data, target: /named}\n"
        "    - {type: tmpfs, target: /scratch}\n    - ./twice:/data/\n"
        "volumes:\n  data:\n"
    ),
    "secrets and configs": one(
        "services:\n  worker:\n    image: x\n    secrets:\n    - token\n"
        "    - {source: key, target: other}\n    - {source: key, target: /etc/key}\n"
        "    configs:\n    - redis\n    - {source: inline, target: /etc/inline.conf}\n"
        "secrets:\n  token: {file: ./secrets/token}\n  key: {external: true}\n"
        "configs:\n  redis: {file: redis.conf}\n  inline: {content: 'maxmemory ${GIVEN}'}\n"
    ),
    "builds": one(
        "services:\n  a: {build: .}\n  b: {build: {context: ./sub, dockerfile: D, target: t}}\n"
        "  c: {image: app, build: {context: .}}\n  d: {image: app}\n"
    ),
    "depends_on": one(
        "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: {c: {condition: "
        "service_completed_successfully}}}\n  c: {image: x}\n"
    ),
    "profiles": one(
        "services:\n  a: {image: x}\n  b: {image: x, profiles: [p]}\n"
        "  c: {image: x, profiles: [q]}\n"
    ),
    "merged environments": both(
        "environment: {A: 1, B: 010, C: c}", "environment:\n- B=2\n- D\n- E=${GIVEN}"
    ),
    "merged environments of lists": both("environment: [A=1, B=1]", "environment: {B: 2, C: }"),
    "merged env files": both(
        "env_file: a.env", "env_file: [b.env]", a__env="A=1\nB=1\n", b__env="B=2\n"
    ),
    "merged commands": both("command: a b\nentrypoint: e", "command: [c]"),
    "a command that is taken back": both("command: a b\nentrypoint: e", "command: ~"),
    "merged volumes": both(
        "volumes: ['./a:/a', './b:/b']", "volumes: ['./c:/a:ro', {type: tmpfs, target: /t}]"
    ),
    "merged scalars": both(
        "restart: always\nstop_grace_period: 5s\nmem_limit: 1g", "restart: 'no'\nmem_limit: 2g"
    ),
    "merged builds": Sample(
        {
            "compose.yaml": "services:\n  worker: {build: ./ctx}\n",
            "override.yaml": "services:\n  worker: {build: {target: t}}\n",
        },
        ("compose.yaml", "override.yaml"),
    ),
    "merged deploys": both(
        "deploy: {resources: {limits: {memory: 1g}}}",
        "deploy: {restart_policy: {condition: on-failure}}",
    ),
    "reset": both(
        "environment: {A: 1, B: 2}\nvolumes: ['./a:/a']\nrestart: always",
        "environment: {A: !reset null}\nvolumes: !reset []\nrestart: !reset null",
    ),
    "reset in a list": both("environment: [A=1, B=2]", "environment: {A: !reset null, C: 3}"),
    "override": both(
        "environment: {A: 1, B: 2}\nvolumes: ['./a:/a']",
        "environment: !override {C: 3}\nvolumes: !override ['./b:/b']",
    ),
    "an unknown tag": worker("environment: {A: !mine 12, B: !mine x}"),
    "several documents": one(
        "services:\n  a: {image: x, environment: {A: 1}}\n---\n"
        "services:\n  a: {environment: {A: 2}}\n  b: {image: y}\n"
    ),
    "extends": one(
        "services:\n  base:\n    image: x\n    command: a\n    environment: {A: 1, B: 1}\n"
        "  middle:\n    extends: base\n    environment: [B=2]\n    command: m\n"
        "  worker:\n    extends: {service: middle}\n    environment: {C: 3}\n"
        "    volumes: ['./a:/a']\n"
    ),
    "extends of another file": Sample(
        {
            "compose.yaml": "services:\n  worker:\n    extends: {file: sub/common.yaml, service: "
            "base}\n    environment: {B: own}\n    env_file: .env.own\n",
            "sub/common.yaml": "services:\n  base:\n    extends: root\n    env_file: .env.base\n"
            "    volumes: ['./conf:/conf']\n  root:\n    image: x:${GIVEN}\n    build: .\n"
            "    environment: {A: '${GIVEN}', B: root}\n",
            "sub/.env.base": "E=base\nF=base\n",
            ".env.own": "F=own\n",
        }
    ),
    "extends and reset": one(
        "services:\n  base: {image: x, environment: {A: 1, B: 2}, volumes: ['./a:/a']}\n"
        "  worker:\n    extends: base\n    environment: {A: !reset null}\n    volumes: !reset []\n"
    ),
    "include": Sample(
        {
            "compose.yaml": "include:\n- sub/compose.yaml\nservices:\n  worker: {image: x, "
            "environment: {A: '${ONLY:-none}'}}\n",
            "sub/compose.yaml": "services:\n  other:\n    image: y\n    env_file: e.env\n"
            "    environment: {A: '${ONLY}', B: '${GIVEN}'}\n    volumes: ['./v:/v']\n",
            "sub/.env": "ONLY=there\nGIVEN=weaker\n",
            "sub/e.env": "E=${GIVEN}\n",
        }
    ),
    "include in long form": Sample(
        {
            "compose.yaml": "include:\n- path: [sub/a.yaml, sub/b.yaml]\n  project_directory: .\n"
            "  env_file: [inc.env]\nservices:\n  worker: {image: x}\n",
            "sub/a.yaml": "services:\n  other:\n    image: y\n    env_file: e.env\n"
            "    environment: {A: '${X}'}\n",
            "sub/b.yaml": "services:\n  other: {environment: {B: '${X}'}}\n",
            "inc.env": "X=included\n",
            "e.env": "E=1\n",
        }
    ),
    "include of an include": Sample(
        {
            "compose.yaml": "include: [a/compose.yaml]\nservices:\n  worker: {image: x}\n",
            "a/compose.yaml": "include: [b/compose.yaml]\n"
            "services:\n  a: {image: x, env_file: e}\n",
            "a/b/compose.yaml": "services:\n  b: {image: x, env_file: e}\n",
            "a/e": "A=1\n",
            "a/b/e": "B=1\n",
        }
    ),
    "files in a directory": Sample(
        {
            "deploy/compose.yaml": "services:\n  worker: {image: x, env_file: w.env, environment: "
            "{A: '${DOT}'}}\n",
            "deploy/prod/override.yaml": "services:\n  worker: {env_file: [p.env], volumes: "
            "['./v:/v']}\n",
            "deploy/w.env": "W=1\n",
            "deploy/p.env": "P=1\n",
            "deploy/.env": "DOT=deploy\n",
            ".env": "DOT=root\n",
        },
        ("deploy/compose.yaml", "deploy/prod/override.yaml"),
    ),
    "extensions": one(
        "x-top: {a: 1}\nservices:\n  worker: {image: x, x-own: [1], environment: {Y: 1}}\n"
    ),
    # What docker compose refuses.
    "required and unset": worker("environment: {A: '${UNSET:?say it}'}"),
    "required and empty": worker("environment: {A: '${EMPTY:?}'}"),
    "an open reference": worker("environment: {A: '${GIVEN'}"),
    "an empty reference": worker("environment: {A: '${}'}"),
    "a reference with a blank": worker("environment: {A: '${GIVEN }'}"),
    "an unknown operator": worker("environment: {A: '${GIVEN!x}'}"),
    "an open reference in an extension": one("x-a: '${'\nservices:\n  worker: {image: x}\n"),
    "an env file with a bad name": worker("env_file: a.env", a__env="A=1\nB C=2\n"),
    "an env file with an open quote": worker("env_file: a.env", a__env="A='1\n"),
    "no image": one("services:\n  worker: {command: x}\n"),
    "an old file": one("worker: {image: x}\n"),
    "a list in the environment": worker("environment: {A: [1]}"),
    "a date in the environment": worker("environment: {A: 2026-01-31}"),
    "a number in a list": worker("environment: [A=1, 12]"),
    "no environment": worker("environment:"),
    "an environment of text": worker("environment: A=1"),
    "a restart policy that is false": worker("restart: false"),
    "a duration without a unit": worker('stop_grace_period: "30"'),
    "too little memory": worker('mem_limit: "-1"'),
    "two limits": worker("mem_limit: 1g\ndeploy: {resources: {limits: {memory: 2g}}}"),
    "an unknown base": one("services:\n  worker: {image: x, extends: nothing}\n"),
    "a file that is not there": one("include: [none.yaml]\nservices:\n  worker: {image: x}\n"),
    "a volume that is not declared": worker("volumes: ['data:/data']"),
    "a secret that is not declared": worker("secrets: [token]"),
    "a dependency that is not there": worker("depends_on: [nothing]"),
    "a word that is a number": worker("command: [a, 1]"),
    "a command with an open quote": worker('command: "echo \'a"'),
    "itself extended": one("services:\n  worker: {image: x, extends: worker}\n"),
    "itself included": one("include: [compose.yaml]\nservices:\n  worker: {image: x}\n"),
}
ENVIRON = {"GIVEN": "given", "EMPTY": "", "OTHER": "o t h e r", "COMPOSE_PROFILES": "*"}
