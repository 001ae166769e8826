"""Starts the whole platform on free ports of this machine, and stops it again.

    python tests/integration/harness.py

serves the platform until it is interrupted and prints one line of JSON first: the URL of each
service and the administrator's credentials. In tests: `with Platform() as platform: ...`.

What the services stand on is chosen by the environment:

- `TEST_POSTGRES_URL` (`postgresql://user:password@host/db`, the user may create databases): every
  service gets a database of its own there, dropped at the end. Without it: SQLite files.
- `TEST_REDIS_URL`: the Redis of the carts. Without it: `memory://`.
- `TEST_EVENTS_URL` (`amqp://...`): the broker. Without it: that Redis, or else a temporary folder.

One platform at a time can use a broker: the queues have the names of the services.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = (
    "user-management",
    "product-catalog",
    "shopping-cart",
    "payment-processing",
    "order-management",
    "inventory",
)
START_SECONDS = 60.0
STOP_SECONDS = 10.0
TAIL_LINES = 40

# The services' own settings must not leak in from the shell of whoever runs the tests.
OURS = {
    *("JWT_SECRET", "DATABASE_URL", "EVENTS_URL", "LOG_LEVEL", "ADMIN_EMAIL", "ADMIN_PASSWORD"),
    *("MEDIA_DIR", "REDIS_URL", "CART_TTL_SECONDS", "CATALOG_URL", "CART_URL", "ORDERS_URL"),
    *("PAYMENT_GATEWAY", "STRIPE_API_KEY", "STRIPE_API_URL"),
}


class PlatformError(RuntimeError):
    """A service did not start, or died."""


class Platform:
    """The six services as processes of their own, each with its own database."""

    def __init__(self) -> None:
        self.jwt_secret = secrets.token_urlsafe(48)
        self.admin_email = "admin@example.com"
        self.admin_password = secrets.token_urlsafe(16)
        self.urls: dict[str, str] = {}
        self._run = secrets.token_hex(4)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._databases: list[str] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "Platform":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts every service and waits until all of them answer."""
        self._folder = tempfile.TemporaryDirectory(prefix="platform-")
        ports = free_ports(len(SERVICES))
        self.urls = {
            name: f"http://127.0.0.1:{port}" for name, port in zip(SERVICES, ports, strict=True)
        }
        for name, port in zip(SERVICES, ports, strict=True):
            command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
            command += ["--host", "127.0.0.1", "--port", str(port)]
            with self.log(name).open("wb") as log:
                # Not a session of its own: whoever kills our process group gets the services too.
                self._processes[name] = subprocess.Popen(
                    command,
                    cwd=PROJECT / "services" / name,
                    env=self._environment(name),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        deadline = time.monotonic() + START_SECONDS
        for name in SERVICES:
            self._wait_until_healthy(name, deadline)

    def stop(self) -> None:
        """Ends every service, then removes databases and files."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self._drop_databases()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def check(self) -> None:
        """Raises with the end of its log when a service has died."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise PlatformError(
                    f"{name} ended with {process.returncode}; its log ends:\n{self.tail(name)}"
                )

    def log(self, name: str) -> Path:
        return self._path(f"{name}.log")

    def tail(self, name: str) -> str:
        """The last lines a service logged."""
        lines = self.log(name).read_text(errors="replace").splitlines()
        return "\n".join(f"  {name} | {line}" for line in lines[-TAIL_LINES:])

    def describe(self) -> dict[str, object]:
        """What a client has to know."""
        admin = {"email": self.admin_email, "password": self.admin_password}
        return {"urls": self.urls, "admin": admin}

    def _wait_until_healthy(self, name: str, deadline: float) -> None:
        while True:
            self.check()
            try:
                with urllib.request.urlopen(f"{self.urls[name]}/health", timeout=2) as answer:
                    if json.load(answer).get("status") == "ok":
                        return
            except (urllib.error.URLError, OSError, ValueError):
                pass
            if time.monotonic() > deadline:
                raise PlatformError(f"{name} is not healthy; its log ends:\n{self.tail(name)}")
            time.sleep(0.05)

    def _environment(self, name: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if key not in OURS}
        return inherited | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "JWT_SECRET": self.jwt_secret,
            "DATABASE_URL": self._database_url(name) if name != "shopping-cart" else "sqlite://",
            "EVENTS_URL": self._events_url(),
            "LOG_LEVEL": "INFO",
            "ADMIN_EMAIL": self.admin_email,
            "ADMIN_PASSWORD": self.admin_password,
            "MEDIA_DIR": str(self._path("media")),
            "REDIS_URL": os.environ.get("TEST_REDIS_URL") or "memory://",
            "CATALOG_URL": self.urls["product-catalog"],
            "CART_URL": self.urls["shopping-cart"],
            "ORDERS_URL": self.urls["order-management"],
            "PAYMENT_GATEWAY": "sandbox",
        }

    def _events_url(self) -> str:
        chosen = os.environ.get("TEST_EVENTS_URL") or os.environ.get("TEST_REDIS_URL")
        return chosen or f"filesystem://{self._path('events')}"

    def _database_url(self, name: str) -> str:
        server = os.environ.get("TEST_POSTGRES_URL")
        if not server:
            return f"sqlite:///{self._path(f'{name}.db')}"
        database = f"{name.replace('-', '_')}_{self._run}"
        self._execute(f'CREATE DATABASE "{database}"')
        self._databases.append(database)
        return urlsplit(server)._replace(scheme="postgresql+psycopg", path=f"/{database}").geturl()

    def _drop_databases(self) -> None:
        while self._databases:
            self._execute(f'DROP DATABASE IF EXISTS "{self._databases.pop()}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        import psycopg  # only with PostgreSQL

        with psycopg.connect(os.environ["TEST_POSTGRES_URL"], autocommit=True) as connection:
            connection.execute(statement)

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise PlatformError("the platform is not started")
        return Path(self._folder.name) / name


def free_ports(count: int) -> list[int]:
    """Different free ports: all are held until the last one is found."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def main() -> None:
    """Serves until SIGINT or SIGTERM; ends with an error when a service dies."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    try:
        with Platform() as platform:
            print(json.dumps(platform.describe()), flush=True)
            while not asked.wait(1.0):
                platform.check()
    except PlatformError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
