"""Follows a page of the documentation to the letter, in a new project in an empty folder.

A block that begins with a comment such as ``# bookings/models.py`` is that file (more of the
settings is put below what there is); ``anywhere.py`` is typed into a shell. A console block is run, line by line: ``manage.py`` as a
process, ``runserver`` as a server, ``curl`` as a request to it. A text or JSON block right
after it is what must come out, with ``…`` for whatever is different each time.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```([\w+]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"(?:# ([\w/]+\.py)|\{# ([\w/]+\.html) #\})\n")
SERVED = re.compile(r"http://127\.0\.0\.1:(\d+)/")


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is; empty where it is none."""
        match = FILE.match(self.text)
        return (match[1] or match[2]) if match else ""


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in their order. ``page`` is a path below ``docs``."""
    return [Block(*found) for found in FENCE.findall((DOCS / page).read_text())]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self):
        return json.loads(self.text)


@dataclass
class Site:
    """A project in a folder, and the shell of the person who follows the page."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    server: subprocess.Popen | None = None
    port: int = 0
    keys: list[str] = field(default_factory=list)  # raw keys, as they were shown
    said: str = ""  # what the last command printed

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SUPERUSER_PASSWORD": "secret",
        }

    # --- following a page

    def follow(self, blocks: list[Block]) -> None:
        """Do all that the blocks say, and compare what comes out with what they show."""
        for block in blocks:
            if block.language == "console":
                for line in block.text.replace("\\\n", "").splitlines():
                    self.type(line)
            elif block.file == "anywhere.py":
                self.shell(block.text)
            elif block.file:
                self.write(block)
            elif block.language in ("text", "json"):
                self.compare(block)

    def write(self, block: Block) -> None:
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() + "\n" if path.name == "settings.py" else ""
        path.write_text(before + block.text)

    def compare(self, block: Block) -> None:
        if block.language == "json":
            assert json.loads(self.said) == json.loads(block.text), self.said
            return
        pattern = ".*".join(map(re.escape, block.text.strip().split("…")))
        assert re.fullmatch(pattern, self.said.strip(), re.DOTALL), f"{self.said}\n{block.text}"

    def type(self, line: str) -> None:
        """One line of a console block."""
        word = line.split()[0]
        if name := re.fullmatch(r"([A-Z_]+)=(\w+)…", line):
            fitting = [key for key in self.keys if key.startswith(name[2])]
            self.variables[name[1]] = fitting[-1]
        elif word == "curl":
            self.said = self.curl(line)
            self.keep_keys(r'"raw_key":"(\w+)"')
        elif word in ("python", "django-admin"):
            self.command(shlex.split(line))
        else:
            assert word == "pip", f"nobody knows how to run {line!r}"

    def command(self, words: list[str]) -> str:
        words = ["-m", "django", *words[1:]] if words[0] == "django-admin" else words[1:]
        if words[1] == "runserver":
            self.serve()
            return ""
        if words[1] == "createsuperuser":
            words.append("--noinput")
        self.said = self.run(*words, fine=(0, 1) if "doctor" in words else (0,))
        self.keep_keys(r"raw_key: (\w+)")
        return self.said

    def keep_keys(self, shape: str) -> None:
        """Whoever sees a raw key keeps it, in the variable that the page names next."""
        self.keys += re.findall(shape, self.said)

    def run(self, *words: str, fine: tuple[int, ...] = (0,)) -> str:
        """What a Python process prints that must end with one of the statuses in ``fine``."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode in fine, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, code: str) -> str:
        """What code prints in the project."""
        return self.run("manage.py", "shell", "--verbosity", "0", "-c", code)

    # --- the server

    def serve(self) -> None:
        """Start ``runserver``, on a port that is free; returns once it answers."""
        self.server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", "127.0.0.1:0"],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for line in self.server.stdout:
            if found := SERVED.search(line):
                self.port = int(found[1])
                return
        raise AssertionError("runserver ended before it served")

    def stop(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
            self.server = None

    def ask(self, method, address, headers=None, body=None) -> Reply:
        """A request over HTTP, redirections not followed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, address, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()

    def call(self, method, address, key="", body=None, **headers) -> Reply:
        """A call of an API: JSON there and back."""
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.ask(
            method,
            address,
            {**sent, **headers},
            None if body is None else json.dumps(body),
        )

    def curl(self, line: str) -> str:
        """Make the request that a line of curl makes; gives what curl would print."""
        method, address, body, headers, show = "", "", None, {}, False
        words = iter(shlex.split(line)[1:])
        for word in words:
            if word == "-H":
                name, _, value = self.expand(next(words)).partition(": ")
                headers[name] = value
            elif word == "-d":
                more = next(words)
                body = more if body is None else f"{body}&{more}"
            elif word == "-X":
                method = next(words)
            elif word == "-i":
                show = True
            else:
                address = self.expand(word)
        path = urlsplit(address)
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        answer = self.ask(
            method or ("GET" if body is None else "POST"),
            path.path + (f"?{path.query}" if path.query else ""),
            headers,
            body,
        )
        return self.shown(answer) if show else answer.text

    def shown(self, answer: Reply) -> str:
        """The answer as the pages show it: of the headers ours only."""
        ours = [f"{k}: {v}" for k, v in answer.headers.items() if k in ("X-Mode", "X-Environment")]
        reason = {200: "OK", 201: "Created", 401: "Unauthorized", 403: "Forbidden"}
        first = f"HTTP/1.1 {answer.status} {reason.get(answer.status, '')}"
        return "\n".join([first, *ours, "", answer.text])

    def expand(self, text: str) -> str:
        """The shell's variables put in."""
        return re.sub(r"\$([A-Z_]+)", lambda name: self.variables[name[1]], text)
