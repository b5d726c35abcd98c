"""
Tests of placeholders: those of public env templates are found, and working values are not.
"""

import base64
import random
import string
import time
import uuid

import pytest

from workerctl.sources.forms.placeholders.recognition import LENGTH_LIMIT, is_placeholder

PLACEHOLDERS = """
OPENAI_API_KEY=your-openai-key
OPENAI_API_KEY=your_openai_api_key_here
OPENAI_API_KEY=YOUR_OPENAI_API_KEY
OPENAI_API_KEY=sk-your-openai-api-key-here
OPENAI_API_KEY=sk-your-key
OPENAI_API_KEY=sk-proj-your_key_here
OPENAI_API_KEY="your-key"
OPENAI_API_KEY=sk-...
OPENAI_API_KEY=sk-…
OPENAI_API_KEY=sk-proj-...
OPENAI_API_KEY=sk-
OPENAI_API_KEY=sk-proj-
OPENAI_API_KEY=...
OPENAI_API_KEY=sk-xxxx
OPENAI_API_KEY=sk-proj-xxxxxxxxxxxxxxxxxxxxxxxx
OPENAI_API_KEY=xxx
OPENAI_API_KEY=XXXXXXXXXXXXXXXX
OPENAI_API_KEY=sk-****************
OPENAI_API_KEY=****
OPENAI_API_KEY=***
OPENAI_API_KEY=••••••••
OPENAI_API_KEY=sk-proj-8fJk****
OPENAI_API_KEY=SecretStr('**********')
OPENAI_API_KEY=***REDACTED***
OPENAI_API_KEY=[REDACTED]
OPENAI_API_KEY=redacted
OPENAI_API_KEY=sk-redacted
OPENAI_API_KEY=[MASKED]
OPENAI_API_KEY=[Filtered]
OPENAI_API_KEY=hidden
OPENAI_MODEL=[FILTERED]
OPENAI_MODEL=***hidden***
OPENAI_MODEL=REDACTED
OPENAI_API_KEY=<your-api-key>
OPENAI_API_KEY=<your api key>
OPENAI_API_KEY=<OPENAI_API_KEY>
OPENAI_API_KEY=<key>
OPENAI_API_KEY=sk-<key>
OPENAI_API_KEY=[YOUR_API_KEY]
OPENAI_API_KEY={your_api_key}
OPENAI_API_KEY={{YOUR_API_KEY}}
OPENAI_API_KEY=OPENAI_API_KEY
OPENAI_API_KEY=openai-api-key
OPENAI_API_KEY=openai_api_key
OPENAI_API_KEY=OpenAI_API_Key
OPENAI_API_KEY=OPENAI_KEY
OPENAI_API_KEY=API_KEY
OPENAI_API_KEY=openai-key
OPENAI_API_KEY=api_key_here
OPENAI_API_KEY=paste-key-here
OPENAI_API_KEY=insert-key-here
OPENAI_API_KEY=insert_copied_openai_api_key
OPENAI_API_KEY=INSERT_YOUR_API_KEY_HERE
OPENAI_API_KEY=enter_your_api_key
OPENAI_API_KEY=put-your-key-here
OPENAI_API_KEY=add-your-key
OPENAI_API_KEY=add_a_key
OPENAI_API_KEY=replace-me
OPENAI_API_KEY=REPLACE_ME
OPENAI_API_KEY=replaceme
OPENAI_API_KEY=replace_with_your_key
OPENAI_API_KEY=REPLACE_WITH_OPENAI_KEY
OPENAI_API_KEY=replace-this-in-real-env
OPENAI_API_KEY=replace_openai_key
OPENAI_API_KEY=changeme
OPENAI_API_KEY=change-me
OPENAI_API_KEY=change_me
OPENAI_API_KEY=CHANGE_ME
OPENAI_API_KEY=ChangeMe!
OPENAI_API_KEY=changeme123
OPENAI_API_KEY=changethis
OPENAI_API_KEY=change-this
OPENAI_API_KEY=changeit
OPENAI_API_KEY=please-change-me
OPENAI_API_KEY=to-be-changed
OPENAI_API_KEY=must-be-changed
OPENAI_API_KEY=__UNSET__
OPENAI_API_KEY=__CHANGE_ME__
OPENAI_API_KEY=__OPENAI_API_KEY__
OPENAI_API_KEY=!!!SET OPENAI_API_KEY!!!
OPENAI_API_KEY=placeholder
OPENAI_API_KEY=PLACEHOLDER
OPENAI_API_KEY=placeholder-key
OPENAI_API_KEY=sk-placeholder
OPENAI_API_KEY=openai_key_placeholder
OPENAI_API_KEY=TODO
OPENAI_API_KEY=todo
OPENAI_API_KEY=TODO: ask the platform team
OPENAI_API_KEY=TBD
OPENAI_API_KEY=todo-key-of-team
DB_PASSWORD=todo_set
APP_NAME=TODO
APP_NAME=todo
APP_NAME=TODO_NAME
APP_NAME=todo: ask the team
DB_PASSWORD=비밀번호를_입력하세요
GITHUB_TOKEN=깃허브_토큰
OPENAI_API_KEY=FIXME
OPENAI_API_KEY=fill-me-in
OPENAI_API_KEY=FILL_ME_IN
OPENAI_API_KEY=fill_in
OPENAI_API_KEY=to-be-filled
OPENAI_API_KEY=---
OPENAI_API_KEY=----------
OPENAI_API_KEY=____
OPENAI_API_KEY=???
OPENAI_API_KEY=sk-________
OPENAI_API_KEY=yourkey
OPENAI_API_KEY=yourOpenAIKey
OPENAI_API_KEY=yourApiKeyHere
OPENAI_API_KEY=Your API key
OPENAI_API_KEY=your OpenAI API key here
OPENAI_API_KEY=insert openai API key here
OPENAI_API_KEY=APIKEYHERE
OPENAI_API_KEY=tu_api_key_aqui
OPENAI_API_KEY=votre-clé
OPENAI_API_KEY=sk-ant-api03-여기에실제키입력
OPENAI_API_KEY=sk-로_시작하는_키
OPENAI_API_KEY=你的API_KEY
OPENAI_API_KEY=sk-1234567890abcdef
OPENAI_API_KEY=sk-1234567890
OPENAI_API_KEY=sk-test-key
OPENAI_API_KEY=sk-0000000000000000
OPENAI_API_KEY=abc123
OPENAI_API_KEY=key
OPENAI_API_KEY=example
OPENAI_API_KEY=example-key
OPENAI_API_KEY=sample_key
GEMINI_API_KEY=AIza
GEMINI_API_KEY=AIza...
GEMINI_API_KEY=AIzaSy...
GEMINI_API_KEY=AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX
GEMINI_API_KEY=get_your_key_from_ai_studio
ANTHROPIC_API_KEY=sk-ant-...
ANTHROPIC_API_KEY=sk-ant-…
ANTHROPIC_API_KEY=sk-ant-
ANTHROPIC_API_KEY=sk-ant-api03-...
ANTHROPIC_API_KEY=sk-ant-xxxxx
ANTHROPIC_API_KEY=sk-ant-your-anthropic-key-here
SUPABASE_SERVICE_ROLE_KEY=eyJ...
SUPABASE_SERVICE_ROLE_KEY=eyJ…
SUPABASE_SERVICE_ROLE_KEY=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...
SUPABASE_SERVICE_ROLE_KEY=eyJhbGciOi...your-service-role-key
SUPABASE_SERVICE_ROLE_KEY=eyJxxxxxxxxxx
SUPABASE_SERVICE_ROLE_KEY=eyJ
SUPABASE_SERVICE_ROLE_KEY=[your-service-role-key]
SUPABASE_SERVICE_ROLE_KEY=service-role-key
SUPABASE_SERVICE_ROLE_KEY=insert-service-role-key
SUPABASE_URL=https://your-project.supabase.co
SUPABASE_URL=https://your_project_id.supabase.co
SUPABASE_URL=https://YOUR_PROJECT.supabase.co
SUPABASE_URL=https://yourproject.supabase.co
SUPABASE_URL=https://<project>.supabase.co
SUPABASE_URL=https://<project-ref>.supabase.co
SUPABASE_URL=https://[project-ref].supabase.co
SUPABASE_URL=https://[YOUR-PROJECT-REF].supabase.co
SUPABASE_URL=https://PROJECT_REF.supabase.co
SUPABASE_URL=https://PROJECT.supabase.co
SUPABASE_URL=https://project-ref.supabase.co
SUPABASE_URL=https://project.supabase.co
SUPABASE_URL=https://xxxx.supabase.co
SUPABASE_URL=https://xxx.supabase.co
SUPABASE_URL=https://xxxxxxxxxxxxxxxxxxxx.supabase.co
SUPABASE_URL=https://xyzcompany.supabase.co
SUPABASE_URL=https://abcdefghijklmnopqrst.supabase.co
SUPABASE_URL=https://example.supabase.co
SUPABASE_URL=https://...supabase.co
SUPABASE_URL=https://
SUPABASE_URL=your-supabase-url
SUPABASE_URL=YOUR_SUPABASE_URL
SUPABASE_URL=supabase_url
SUPABASE_URL=SUPABASE_URL
SUPABASE_URL=<supabase-url>
REDIS_URL=redis://user:password@host:6379
REDIS_URL=redis://:password@redis.resume-works.net:6379/0
REDIS_URL=redis://default:password@redis.resume-works.net:6379
REDIS_URL=redis://default:<password>@<host>:<port>
REDIS_URL=redis://default:[YOUR-PASSWORD]@redis.resume-works.net:6379
REDIS_URL=rediss://default:****@eu1.upstash.io:6379
REDIS_URL=redis://HOST:PORT/0
REDIS_URL=redis://host:port
REDIS_URL=redis://your-redis-host:6379
REDIS_URL=redis://...
REDIS_URL=redis://user:changeme@redis:6379
REDIS_URL=your_redis_url
DATABASE_URL=postgresql://user:password@localhost:5432/db
DATABASE_URL=postgresql://username:password@host:5432/database
DATABASE_URL=postgres://user:pass@localhost/db
DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/DATABASE
DATABASE_URL=postgresql://postgres:[YOUR-PASSWORD]@db.kqzvdmxhrtpw.supabase.co:5432/postgres
DATABASE_URL=postgresql://postgres:password@db.supabase.co:5432/postgres
DATABASE_URL=mysql://root:secret@db.resume-works.net/app
DATABASE_URL=mongodb+srv://<user>:<pass>@cluster.mongodb.net/app
DATABASE_URL=mongodb+srv://user:pass@cluster0.xxxxx.mongodb.net/
DATABASE_URL=postgres://me:yourpassword@db:5432/app
WEBHOOK_URL=https://your-app.vercel.app/api/webhook
WEBHOOK_URL=https://yourdomain.com/webhook
WEBHOOK_URL=https://your-domain.com/hooks
WEBHOOK_URL=https://example.com/webhook
WEBHOOK_URL=https://hooks.example.com/worker
WEBHOOK_URL=https://app.example/webhook
WEBHOOK_URL=https://mydomain.com/webhook
WEBHOOK_URL=https://hooks.chat-works.net/services/YOUR/CHAT/WEBHOOK
WEBHOOK_URL=https://hooks.chat-works.net/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX
WEBHOOK_URL=https://hooks.chat-works.net/services/xxx/yyy/zzz
WEBHOOK_URL=https://hooks.chat-works.net/services/...
WEBHOOK_URL=https://chat-works.net/api/webhooks/WEBHOOK_ID/WEBHOOK_TOKEN
WEBHOOK_URL=https://chat-works.net/api/webhooks/<id>/<token>
WEBHOOK_URL=https://api.portkey.ai/v1/proxy/RESOURCE_NAME/deployments
WEBHOOK_URL=https://chat-works.net/BOT_TOKEN/MY_PROJECT
DATABASE_URL=postgresql://app:q7Zk9@db.resume-works.net/DB_NAME
DATABASE_URL=postgresql://DB_USER:q7Zk9@db.resume-works.net/app
DATABASE_URL=mysql://app:MYSQL_PASSWORD@db.resume-works.net/app
REDIS_URL=redis://CACHE_HOST:6379/0
REDIS_URL=redis://:q7Zk9@CACHE_HOST/0
WEBHOOK_URL=<webhook-url>
WEBHOOK_URL=paste-url-here
WEBHOOK_SECRET=your-webhook-secret
WEBHOOK_SECRET=your-webhook-secret-key-change-in-production
WEBHOOK_SECRET=dev-secret-change-in-production
WEBHOOK_SECRET=whsec_
WEBHOOK_SECRET=whsec_...
WEBHOOK_SECRET=my-secret
WEBHOOK_SECRET=my-secret-key
WEBHOOK_SECRET=mysecret
WEBHOOK_SECRET=secret
WEBHOOK_SECRET=supersecret
WEBHOOK_SECRET=super-secret
WEBHOOK_SECRET=super-secret-key
WEBHOOK_SECRET=super_secret_value
WEBHOOK_SECRET=supersecretvalue
WEBHOOK_SECRET=even-more-secret
WEBHOOK_SECRET=some-random-string
WEBHOOK_SECRET=a-very-long-random-secret-string
WEBHOOK_SECRET=this-is-a-secret
WEBHOOK_SECRET=dev-secret
WEBHOOK_SECRET=secret123
WEBHOOK_SECRET=password
WEBHOOK_SECRET=password123
WEBHOOK_SECRET=webhook-secret
WEBHOOK_SECRET=webhook_secret
WEBHOOK_SECRET=WEBHOOK_SECRET
WEBHOOK_SECRET=foobar
WEBHOOK_SECRET=generate-a-strong-secret
WEBHOOK_SECRET=generate with openssl rand -hex 32
WEBHOOK_SECRET=$(openssl rand -hex 32)
WEBHOOK_SECRET=replace-with-at-least-32-random-characters
WEBHOOK_SECRET=replace_with_secure_value
WEBHOOK_SECRET=<rotate-to-strong-random-key>
ENCRYPTION_KEY=your-64-character-hex-encryption-key-here
ENCRYPTION_KEY=your-encryption-key
ENCRYPTION_KEY=<64 hex characters>
ENCRYPTION_KEY=64-hex-characters-here
ENCRYPTION_KEY=change_this_to_a_64_character_hex_string
ENCRYPTION_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
ENCRYPTION_KEY=replace-with-64-hex-chars
ENCRYPTION_KEY=random-32-byte-key
ENCRYPTION_KEY=0xYourPrivateKey
ENCRYPTION_KEY=a-64-character-hex-string
SENTRY_DSN=https://<key>@sentry.io/<project>
SENTRY_DSN=https://examplePublicKey@o0.ingest.sentry.io/0
SENTRY_DSN=https://key@sentry.io/project
SENTRY_DSN=https://your-dsn@sentry.io/123
SENTRY_DSN=https://xxxxx@o123.ingest.sentry.io/456
SENTRY_DSN=https://public@sentry.example.com/1
SENTRY_DSN=your-sentry-dsn
ALLOWED_ORIGINS=https://your-frontend.com
ALLOWED_ORIGINS=http://localhost:3000,https://yourdomain.com
ALLOWED_ORIGINS=https://app.resume-works.net,https://example.com
ALLOWED_ORIGINS=["https://your-app.com"]
OPENAI_MODEL=your-model
OPENAI_MODEL=<model>
OPENAI_BASE_URL=https://your-resource.openai.azure.com
OPENAI_BASE_URL=https://RESOURCE.openai.azure.com
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
AWS_ACCESS_KEY_ID=AKIA...
AWS_ACCESS_KEY_ID=AKIAXXXXXXXXXXXXXXXX
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
AWS_SQS_URL=https://sqs.region.amazonaws.com/account/queue
AWS_ACCOUNT_ID=123456789012
S3_BUCKET=your-bucket-name
S3_BUCKET=<bucket>
GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxx
GITHUB_TOKEN=ghp_your-github-token-here
GITHUB_TOKEN=github_pat_...
GITHUB_TOKEN=token
CHAT_BOT_TOKEN=xoxb-your-token
CHAT_BOT_TOKEN=xoxb-...
CHAT_BOT_TOKEN=xoxb-xxxx-xxxx-xxxx
PAYMENT_SECRET_KEY=sk_test_...
PAYMENT_SECRET_KEY=sk_live_xxx
SMS_ACCOUNT_SID=ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
MAIL_API_KEY=SG.xxxxxxxxxxxx
MAIL_API_KEY=SG.
POST_API_KEY=key-...
BLOB_TOKEN=vercel_blob_rw_...
GA_ID=G-XXXXXXXXXX
SMS_FROM=<sms-phone>
SECRET_KEY=CHANGE_ME_RUN_SCRIPT_TO_GENERATE
R2_ENDPOINT=https://YOUR_ACCOUNT_ID.r2.cloudflarestorage.com
HF_TOKEN=hf_...
EMAIL_USER=your-email@gmail.com
EMAIL_USER=your.email@gmail.com
EMAIL_USER=youremail@gmail.com
EMAIL_USER=you@gmail.com
DB_USERNAME=db_username
EMAIL_FROM=noreply@example.com
EMAIL_FROM=Worker <noreply@yourdomain.com>
EMAIL_FROM=noreply@yourcompany.com
GOOGLE_APPLICATION_CREDENTIALS=/path/to/credentials.json
GOOGLE_APPLICATION_CREDENTIALS=path/to/your/key.json
SERVER_IP=xxx.xxx.xxx.xxx
SERVER_IP=x.x.x.x
SERVER_IP=your.server.ip.address
PHONE=+1XXXXXXXXXX
AUTH_HEADER_VALUE=Bearer <token>
AUTH_HEADER_VALUE=Bearer ***
APP_DOMAIN=yourdomain.com
APP_DOMAIN=domain.com
APP_DOMAIN=example.org
JWT_SECRET=eyJhbGciOiJIUzI1NiJ9.e30.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c
JWT_SECRET=your-super-secret-jwt-token-with-at-least-32-characters-long
JWT_SECRET=super-secret-jwt-token-with-at-least-32-characters-long
JWT_SECRET=this_key_is_insecure_and_should_be_updated
JWT_SECRET=django-insecure-change-before-you-deploy-it
JWT_SECRET=Please update this secret before use
JWT_SECRET=x
JWT_SECRET=ab
JWT_SECRET=-1
JWT_SECRET=minioadmin
JWT_SECRET=fake_secret
JWT_SECRET=sk_fake_signing_secret
GITHUB_TOKEN=fake_token
ANYTHING=fake_api_key
S3_BUCKET=s3_bucket
CKAN_DB=ckan_db
CKAN_DB=ckan-db
ADMINS=USER_ID_1,USER_ID_2
ADMINS=["USER_ID_1", "USER_ID_2"]
ADMINS={"admins": ["CHAT_ID_1"], "limit": 3}
ADMINS=USER_1
GOOGLE_APPLICATION_CREDENTIALS=PATH_TO_CREDENTIALS
GOOGLE_APPLICATION_CREDENTIALS=/PATH_TO_KEY.json
GOOGLE_APPLICATION_CREDENTIALS=path-to-your-file.json
API_URL=https://{host}/v1
API_URL=https://{tenant}.resume-works.net/v1
REDIS_URL=redis://{HOST}:6379/0
REDIS_URL=redis://:{password}@cache.resume-works.net/0
COMPANY=ExampleCorp
COMPANY=Example Company
COMPANY=Example Corp Ltd
S3_BUCKET=example-bucket-name
SUPABASE_KEY=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24ifQ.aa
SUPABASE_KEY=eyJhbGciOiJIUzI1NiJ9.ewogICJyb2xlIjogImFub24iLAogICJpc3MiOiAic3VwYWJhc2UtZGVtbyIKfQ.aa
""".strip().splitlines()

REAL = """
OPENAI_MODEL=gpt-4o
OPENAI_MODEL=gpt-4o-mini
OPENAI_MODEL=gpt-4.1-2025-04-14
OPENAI_MODEL=gpt-3.5-turbo-16k-0613
OPENAI_MODEL=o4-mini
LAYER_MODE=hidden
LAYER_MODE=masked
LOG_POLICY=filtered
LAYER_NAMES=hidden_1,hidden_2
HEADER_SEPARATOR=**
BUCKET_NAME=redacted-documents-archive1
OPENAI_MODEL=ft:gpt-4o-mini-2024-07-18:acme::A1b2C3d4
ANTHROPIC_MODEL=claude-sonnet-4-20250514
ANTHROPIC_MODEL=anthropic/claude-3.5-sonnet
ANTHROPIC_MODEL=us.anthropic.claude-3-5-sonnet-20241022-v2:0
GEMINI_MODEL=gemini-2.0-flash
GEMINI_MODEL=models/gemini-1.5-pro-latest
EMBEDDING_MODEL=text-embedding-3-small
EMBEDDING_MODEL=text-embedding-ada-002
EMBEDDING_MODEL=BAAI/bge-m3
EMBEDDING_MODEL=sentence-transformers/all-MiniLM-L6-v2
EMBEDDING_MODEL=jhgan/ko-sroberta-multitask
LLM_MODEL=deepseek-chat
LLM_MODEL=mlx-community/Qwen3.5-9B-MLX-8bit
LLM_MODEL=llama3.2:latest
LLM_MODEL=mistralai/Mixtral-8x7B-Instruct-v0.1
REDIS_URL=redis://localhost:6379/0
REDIS_URL=redis://localhost:6379
REDIS_URL=redis://127.0.0.1:6379/0
REDIS_URL=redis://redis:6379/0
REDIS_URL=redis://cache:6379
REDIS_URL=unix:///run/redis/redis.sock?db=0
REDIS_URL=rediss://worker:niRratqCDra4BLdhwhQrZVbj@cache.resume-works.net:6380/0
REDIS_URL=redis://:zdyk6cQ9EvFJneMfyYtd@10.20.0.5:6379/0
REDIS_URL=rediss://default:AXxx8Qk2PzL0vXxX3@eu1-fit-mole-31337.upstash.io:6379
REDIS_URL=redis://[fe80::1]:6379/0
REDIS_URL=redis://[::1]:6379/0
REDIS_URL=redis://redis-master.default.svc.cluster.local:6379
REDIS_URL=redis-sentinel://sentinel-0:26379,sentinel-1:26379/mymaster
DATABASE_URL=postgresql://postgres:postgres@localhost:5432/app
DATABASE_URL=postgresql://postgres:password@localhost:5432/app
DATABASE_URL=postgres://postgres:@db:5432/postgres
DATABASE_URL=postgresql+asyncpg://app:Xk29vTq8Lm@db.resume-works.net:5432/app?sslmode=verify-full
DATABASE_URL=mysql://root:root@127.0.0.1:3306/app
DATABASE_URL=sqlite:///data/app.db
DATABASE_URL=mongodb+srv://resume:7tGkPq2Zs@cluster0.bqlcjok.mongodb.net/?retryWrites=true&w=majority
DATABASE_URL=mongodb://a:Kq81zP@h1:27017,h2:27017/db?authMechanism=SCRAM-SHA-256&replicaSet=rs0
DATABASE_URL=mysql://app:Yt7dK0p@db/app?ssl_cert_reqs=CERT_NONE&ssl-mode=REQUIRED&m=VERIFY_CA
CELERY_BROKER_URL=amqp://guest:guest@localhost:5672/
CELERY_BROKER_URL=amqp://guest:guest@rabbitmq:5672//
SUPABASE_URL=https://kqzvdmxhrtpw.supabase.co
SUPABASE_URL=http://localhost:54321
SUPABASE_URL=http://kong:8000
SUPABASE_SERVICE_ROLE_KEY=svc_Svw4jgUXJ89bzjZpvdpQ2rmToQh7P2pbStDGezYfMMmV
SUPABASE_SERVICE_ROLE_KEY=sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz
SUPABASE_SERVICE_ROLE_KEY=eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.q8Zk3vXxV0pLw2TnYb5RcJd7
OPENAI_API_KEY=oai_zubSMknJxdnPeFn7XWcJvfpn7Zw37ZcBbPduLJTcGU2rHaMh
OPENAI_API_KEY=sk-proj-T3BlbkFJxxQ2vN8wLk4ZpYr7DsHtGb1CmXj6Uf
OPENAI_API_KEY=sk-aB3xxxD9kLmN2pQ7rS5tU8vW1yZ4cE6fG
OPENAI_API_KEY=Q2hhbmdlIGlzIGdvb2Q2Ml9xWnA3
OPENAI_API_KEY=NONE
OPENAI_API_KEY=none
OPENAI_API_KEY=null
OPENAI_API_KEY=stub
OPENAI_API_KEY=fake
OPENAI_API_KEY=fake-key
OPENAI_API_KEY=ollama
OPENAI_API_KEY=dummy
OPENAI_API_KEY=dummy-local-key
OPENAI_API_KEY=lm-studio
OPENAI_API_KEY=EMPTY
OPENAI_API_KEY=not-needed
OPENAI_API_KEY=no-key-required
OPENAI_API_KEY=unused
OPENAI_API_KEY=test
OPENAI_API_KEY=${OPENAI_API_KEY}
OPENAI_API_KEY={{ .Env.OPENAI_API_KEY }}
OPENAI_API_KEY=op://vault/openai/credential
OPENAI_API_KEY=vault:secret/data/openai#key
ANTHROPIC_API_KEY=ant_ofPvYsqzLsou89cwsDQg7WtE6qdsdwTBgRXRfBPkkcR55bnopCanjnJp5tBB
GEMINI_API_KEY=gem_UP78fvRLybKMJng6tWFHtqdTEQUFHaRP2
GEMINI_API_KEY=AIzaSyD8k2Lq9xxPz0vTn4WmBc7RfYh3JgUe6Ks
WEBHOOK_SECRET=ic5PktQezyisSBtwH9fsCw5BHHHRYDNPW9ogSekK
WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
WEBHOOK_SECRET=correct-horse-battery-staple
WEBHOOK_SECRET=Tr0ub4dor&3
WEBHOOK_SECRET=b8f!x-here-Z7q
ENCRYPTION_KEY=911d31690a8ff606eb0ecc1be9f51f7f7c0fa631639aae99aca8f3b30ad77224
ENCRYPTION_KEY=0000000000000000000000000000000000000000000000000000000000000000
ENCRYPTION_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
ENCRYPTION_KEY=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ENCRYPTION_KEY=9560c2be070d44c9c80f1573eea856fe71a08b99454647de89e806bc52842f9g
WEBHOOK_URL=https://app.resume-works.net/api/webhooks/worker
WEBHOOK_URL=http://localhost:3000/api/webhook
WEBHOOK_URL=https://hooks.chat-works.net/services/TQWERTYUI/BZXCVBNMA/kq81zPvTn4WmBc7RfYh3JgUe
WEBHOOK_URL=https://hooks.chat-works.net/services/T02K9QX7B/B05XXQ1ZZ/u7Gk2PqZsVxx
WEBHOOK_URL=https://api.resume-works.net/v1/know-your-customer
WEBHOOK_URL=https://resume-works.net/docs/start-here
WEBHOOK_URL=https://u12345.your-storagebox.de/inbox
WEBHOOK_URL=https://www123.your-server.de/hook
WEBHOOK_URL=https://fsn1.your-objectstorage.com/bucket
WEBHOOK_URL=https://resume-works.net/API/V2/Callback
WEBHOOK_URL=https://worker:t8Zk3vQp@hooks.resume-works.net/in
WEBHOOK_URL=https://jsonplaceholder.typicode.com/posts
WEBHOOK_URL=https://youtube.com/watch?v=dQw4w9WgXcQ
WEBHOOK_URL=https://examples.resume-works.net/hook
WEBHOOK_URL=HTTPS://APP.RESUME-WORKS.NET/HOOK
WEBHOOK_URL=https://jenkins.resume-works.net/job/DEPLOY_PROJECT/build
WEBHOOK_URL=https://resume-works.net/in?project=PROJECT&name=JOB_NAME
DATABASE_URL=mysql+pymysql://svc:q7Zk9@db.resume-works.net/ERP_DB
DATABASE_URL=snowflake://svc:q7Zk9@ab12345.eu-central-1/CRM_DB/PUBLIC?warehouse=ETL&role=ETL_USER
DATABASE_URL=oracle+oracledb://HR_USER:q7Zk9@db.resume-works.net:1521/?service_name=HOST
DATABASE_URL=mssql://svc:q7Zk9@ERP-DB:1433/erp
REDIS_URL=REDIS_URL=rediss://worker:q7Zk9@cache.resume-works.net:6380/0
DATABASE_URL=DATABASE_URL=postgresql+asyncpg://app:q7Zk@db.resume-works.net/app
DATABASE_URL=export DATABASE_URL="postgresql://app:q7Zk@db.resume-works.net/app"
WEBHOOK_URL=https://exchangeme.resume-works.net
WEBHOOK_URL=https://project.resume-works.net/hook
WEBHOOK_URL=https://account.resume-works.net/USER_UPLOADS/
ALLOWED_ORIGINS=https://app.resume-works.net
ALLOWED_ORIGINS=https://staging.resume-works.net,https://app.resume-works.net
ALLOWED_ORIGINS=http://localhost:3000,http://127.0.0.1:5173
ALLOWED_ORIGINS=*
ALLOWED_ORIGINS=["https://app.resume-works.net", "https://resume-works.net"]
ALLOWED_ORIGINS=https://*.resume-works.net
QUEUES=fast,slow,process,parse
QUEUES=["fast", "slow"]
QUEUES=[]
QUEUES=insert_job,replace_job
QUEUES=get-access-token
ENV=production
ENV=staging
DEBUG=false
DEBUG=debug
LOG_LEVEL=INFO
ROOT_LOG_LEVEL=NOTSET
LOG_FORMAT=json
LOG_FORMAT=%(asctime)s %(levelname)s [%(name)s] %(message)s
LOG_FORMAT=<green>{time}</green> | <level>{level}</level> | {message}
LOG_FORMAT={runtime} {level} {message}
IMAGE_NAME=worker-{runtime}
IMAGE_NAME=registry.resume-works.net/worker:1.4.2
PATH_TEMPLATE=/data/{year}/{month}
CRON=*/5 * * * *
CRON=0 3 * * 1-5
CRON=* * * * *
CRON=@daily
BRAND_COLOR=#363636
BRAND_COLOR=#fff
EMAIL_FROM=Name <a@b.c>
EMAIL_FROM=Resume Works <no-reply@resume-works.net>
EMAIL_FROM=no-reply@resume-works.net
EMAIL_FROM=<no-reply@resume-works.net>
SYSTEM_PROMPT=You are an AI assistant that reads resumes. Answer in Korean.
SYSTEM_PROMPT=Think step by step. Put your answer inside <answer> tags.
SYSTEM_PROMPT=Use the metric system
SYSTEM_PROMPT=You may change this later, if your manager agrees; replace commas by dots.
BANNER=click here
BANNER=click-here
BANNER=Loading...
BANNER=Please wait...
BANNER=Enter your password
BANNER=Your friendly neighbourhood worker
BANNER=We are here
BANNER=youtube.com
BANNER=youth
BANNER=Yours sincerely
BANNER=<b>Hello</b>
BANNER=Hello<br>World
BANNER=Who? What? Where?
BANNER=Where is it?
BANNER=C'est votre choix
BANNER=여러분 환영합니다
BANNER=5 < 6 and 7 > 3
IF_EXISTS=replace
IF_EXISTS=replace_all
ON_CONFLICT=insert
DBT_STRATEGY=insert_overwrite
MODE=change-data-capture
FEATURES=change_stream,price_change_in_percent
METRIC=rate-change-on-day
TZ=Asia/Seoul
LANG=ko_KR.UTF-8
CURRENCY=KRW
COUNTRY=XK
SIZE=XL
SIZES=XS,S,M,L,XL,XXL
ROMAN=XXI
PREFIX=xx
REGION=ap-northeast-2
HOST=0.0.0.0
HOST=localhost
PORT=8080
VERSION=1.x
VERSION=>=3.11,<4
TIMEOUT=30
RATIO=0.85
NUMBERS=30,60
GLOB=**/*.py
GLOB=data/**/*.json
GO_PACKAGES=./...
GO_PACKAGES=github.com/resume/worker/...
GIT_RANGE=main...topic
GIT_RANGE=v1.2...v1.3
MODULE=__main__
MODULE=workerctl.settings:Settings
PATTERN=^(?P<year>[0-9]{4})-(?P<month>[0-9]{2})$
PATTERN=(?<year>x)
REDIS_DB=redis_cache
POSTGRES=postgres
POSTGRES_USER=postgres
USER=user
TEST=test
REDIS_HOST=redis
SSL_MODE=REQUIRED
SCHEDULE=<5m
API_KEY_HEADER=X-API-KEY
API_KEY_HEADER=x-api-key
TOKEN_TYPE=bearer
TOKEN_PREFIX=sk-
TOKEN_COOKIE=access_token
SECRET_NAME=my-secret
PASSWORD_FIELD=password
KEY_FILE=/run/secrets/encryption_key
AUTH_TYPE=api-key
USERNAME_CLAIM=username
PRIVATE_KEY=-----BEGIN PRIVATE KEY-----
SSH_KEY=b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt
CHAT_ID=<@123456>
MENTION=<!here>
LOGO=/img/placeholder.png
LOGO=https://via.placeholder.com/150
SITE=https://movies.xxx/list
ALPHABET=abcdefghijklmnopqrstuvwxyz0123456789
SEPARATOR=-
SEPARATOR=--
SEPARATOR=_
FLAGS=--verbose --here
UUID=193bfd5b-1a4a-4c8b-bc06-7ec7c4cfc66a
CKAN_DB=ckandb
MYSQL_DB=MySQLDB
DB_PASSWORD=fake-password
DB_PASSWORD=이력서열람2024!
SSH_KEY=採用2026キー
SIGNING_SALT=採用2026
APP_NAME=todo-api
APP_NAME=Todo-App
DB_DATABASE=todo_app
QUEUES=todo_items,fixme-bot
WEBHOOK_SECRET=fake
DATASET=fake_news
API_URL=https://resume-works.net/users/{user_id}
API_URL=https://resume-works.net/{version}/jobs?id={id}
REDIS_URL=redis://:${REDIS_PASSWORD}@cache.resume-works.net/0
REDIS_URL=redis://:$REDIS_PASSWORD@cache.resume-works.net/0
API_URL=https://{{ host }}/v1
ALLOW_EMPTY_PASSWORD=yes
REQUIRE_PASSWORD=1
DISABLE_PASSWORD=0
SHOW_PASSWORD=on
QUEUES=QUEUE_1,QUEUE_2
LEVELS=A_1,B_2
MODE=EXAMPLE_MODE_1
TITLE=Example of a good resume
WEBHOOK_SECRET=do-not-feed-the-penguins
WEBHOOK_SECRET=never-gonna-give-you-up
SITE=https://resume-works.net/the-path-to-success
""".strip().splitlines()
REAL += [
    "WEBHOOK_URL=https://resume-works.net/tell-your-friends",  # wording: test data
    "SYSTEM_PROMPT=tell your friends",  # wording: test data
    "SYSTEM_PROMPT=Do what you are told and do it here",  # wording: test data
]

SECRETS = frozenset(
    """
    OPENAI_API_KEY GEMINI_API_KEY ANTHROPIC_API_KEY SUPABASE_SERVICE_ROLE_KEY ENCRYPTION_KEY
    WEBHOOK_SECRET WEBHOOK_URL REDIS_URL DATABASE_URL SENTRY_DSN GITHUB_TOKEN CHAT_BOT_TOKEN
    PAYMENT_SECRET_KEY MAIL_API_KEY HF_TOKEN JWT_SECRET AWS_SECRET_ACCESS_KEY SSH_KEY
    PRIVATE_KEY API_KEY_HEADER TOKEN_TYPE TOKEN_PREFIX TOKEN_COOKIE SECRET_NAME PASSWORD_FIELD
    KEY_FILE SUPABASE_KEY DB_PASSWORD ALLOW_EMPTY_PASSWORD REQUIRE_PASSWORD DISABLE_PASSWORD
    SHOW_PASSWORD SIGNING_SALT
    """.split()
)


@pytest.mark.parametrize("line", PLACEHOLDERS)
def test_a_placeholder_is_found(line: str) -> None:
    """
    The text of a template that takes the place of a value is a placeholder.
    """
    name, _, value = line.partition("=")

    assert is_placeholder(value, name, secret=name in SECRETS)


@pytest.mark.parametrize("line", REAL)
def test_a_working_value_is_left_alone(line: str) -> None:
    """
    A value that only resembles a placeholder is not one.
    """
    name, _, value = line.partition("=")

    assert not is_placeholder(value, name, secret=name in SECRETS)


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize(
    "value", ["your-key", "<key>", "sk-...", "changeme", "https://your-app.io", "xxxx"]
)
def test_most_rules_hold_for_any_variable(value: str, secret: bool) -> None:
    """
    Most placeholders are recognized whatever the variable is called, and even if it is public.
    """
    assert is_placeholder(value, "ANYTHING", secret=secret)


@pytest.mark.parametrize("value", ["my-secret-key", "supersecret", "password", "secret", "abc123"])
def test_some_words_are_placeholders_only_in_a_secret(value: str) -> None:
    """
    A generic word can be the value of a public variable.
    """
    assert is_placeholder(value, "WEBHOOK_SECRET", secret=True)
    assert not is_placeholder(value, "CATEGORY", secret=False)


@pytest.mark.parametrize("value", ["", " ", '""', "\t\n", "''"])
def test_an_empty_value_is_not_a_placeholder(value: str) -> None:
    """
    An empty value is a missing one, which is another finding.
    """
    assert not is_placeholder(value, "WEBHOOK_SECRET", secret=True)


def test_random_secrets_are_left_alone() -> None:
    """
    None of 20 000 random keys in common alphabets is taken for a placeholder.
    """
    rng = random.Random(20260101)
    letters = string.ascii_letters + string.digits

    def base62(length: int) -> str:
        return "".join(rng.choices(letters, k=length))

    makers = (
        lambda: base62(rng.randint(16, 64)),
        lambda: f"sk-{base62(48)}",
        lambda: f"sk-ant-api03-{base64.urlsafe_b64encode(rng.randbytes(70)).decode()}",
        lambda: f"AIzaSy{base64.urlsafe_b64encode(rng.randbytes(24)).decode()}",
        lambda: f"ghp_{base62(36)}",
        lambda: f"whsec_{base64.b64encode(rng.randbytes(24)).decode()}",
        lambda: f"xoxb-{rng.randint(10**11, 10**12)}-{base62(24)}",
        lambda: base64.b64encode(rng.randbytes(rng.randint(12, 96))).decode(),
        lambda: base64.urlsafe_b64encode(rng.randbytes(rng.randint(12, 96))).decode(),
        lambda: rng.randbytes(rng.randint(8, 64)).hex(),
        lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        lambda: "".join(rng.choices(string.printable[:94], k=rng.randint(12, 40))),
        lambda: f"rediss://u{base62(4)}:{base62(24)}@{base62(8).lower()}.resume-works.net:6380/0",
        lambda: (
            f"https://hooks.chat-works.net/services/T{base62(9).upper()}/B{base62(9).upper()}/x"
        ),
        lambda: f"https://{rng.randbytes(16).hex()}@o{rng.randint(1, 10**6)}.ingest.sentry.io/9",
    )
    secrets = [makers[number % len(makers)]() for number in range(20_000)]

    assert [s for s in secrets if is_placeholder(s, "WEBHOOK_SECRET", secret=True)] == []


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "x", " ", "-", "_", ".", "*", "<", "<a", "[", "[a", "://", "://a", "a@", "A_", "A-"),
        *("your", "your-", "yourkey", "replace_", "change-in-", "insert ", "://A.", "a here"),
        *("…", "?", "!", "0", "xX", "be-", "to-be", "example.", "\uac00", "\0"),
    ],
)
def test_the_time_is_linear(unit: str) -> None:
    """
    Whatever a value contains, checking the longest one takes milliseconds.
    """
    values = [unit * (LENGTH_LIMIT // len(unit)), "your" + unit * LENGTH_LIMIT + "!"]
    start = time.process_time()
    for value in values:
        is_placeholder(value, "WEBHOOK_SECRET", secret=True)
        is_placeholder(value + " ", "S" * LENGTH_LIMIT, secret=True)

    assert time.process_time() - start < 0.5


def test_characters_after_the_limit_are_not_read() -> None:
    """
    Only the first characters of a value are checked, so a huge value costs nothing.
    """
    assert not is_placeholder("a b " * LENGTH_LIMIT + "your-key", "BANNER")
