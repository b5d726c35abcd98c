"""
Running the services: `python -m resume_worker.services DIRECTORY`, whose files the storage serves.

The keys come from the environment. The process prints its URL, and exits when its standard input is
closed, so it never outlives the process that started it.
"""

import os
import sys
import threading
from pathlib import Path

from .server import Keys, Server, Services


def main() -> None:
    """
    Serve until standard input is closed.
    """
    keys = Keys(
        os.environ["OPENAI_API_KEY"],
        os.environ["SUPABASE_SERVICE_ROLE_KEY"],
        os.environ["WEBHOOK_SECRET"],
    )
    server = Server(Services(Path(sys.argv[1]), keys))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.url, flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
