"""Fetches pinned wheels and unpacks the wanted parts of them. Run by `cargo xtask setup`, with a request on standard input.

Why not `pip download`: it starts a broken download of half a gigabyte again from zero, and it resolves for the Python that
happens to run it. pip still decides where to look: index, find-links, proxy and certificates are read from its configuration.
Standard library only. The request is one line of JSON (see fetch.rs):

    downloads  folder for whole and partial wheels        into    folder to unpack to
    folders    local folders to search first              needs   bytes that must be free on the disk
    wheels     [{project, file, sha256, keep: [[prefix in the wheel, prefix below `into`], ...]}, ...]
"""

import ast
import hashlib
import html.parser
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

BLOCK = 1 << 20
TIMEOUT = 60  # seconds without a byte
FAILURES = 3  # in a row, without any progress between them


class Problem(Exception):
    """Something to tell the user in a line or two."""


class Progress:
    """Bytes, rate and time left: one line rewritten on a terminal, a line every few seconds in a log."""

    def __init__(self, label, total, done=0):
        self.label, self.total, self.done = label, total, done
        self.first, self.began = done, time.monotonic()
        self.shown = self.began
        self.terminal = sys.stdout.isatty()

    def advance(self, count):
        self.done += count
        now = time.monotonic()
        if now - self.shown >= (0.1 if self.terminal else 5.0):
            self.shown = now
            self.show(now)

    def show(self, now, end=""):
        rate = (self.done - self.first) / max(now - self.began, 1e-3)
        text = f"  {self.label}: {self.done / 1e6:.1f} of {self.total / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s"
        if rate and not end:
            left = int((self.total - self.done) / rate)
            text += f", {left // 60}:{left % 60:02} left"
        if self.terminal:
            print(f"\r{text}\033[K", end=end, flush=True)
        else:
            print(text, flush=True)

    def finish(self):
        self.show(time.monotonic(), end="\n")


class Links(html.parser.HTMLParser):
    """The targets of the anchors of an index page."""

    def __init__(self):
        super().__init__()
        self.targets = []

    def handle_starttag(self, tag, attributes):
        target = dict(attributes).get("href")
        if tag == "a" and target:
            self.targets.append(target)


class Source:
    """Where pip would look for a wheel, and the way it would get there."""

    def __init__(self):
        settings = pip_settings()
        self.pages = [link for link in words(settings, "find-links") if "://" in link and not link.startswith("file:")]
        self.folders = [local(link) for link in words(settings, "find-links") if link not in self.pages]
        self.indexes = []
        if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
            self.indexes = [settings.get("index-url") or default_index(), *words(settings, "extra-index-url")]
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        self.pages = [without_credentials(url, passwords) for url in self.pages]
        self.indexes = [without_credentials(url, passwords) for url in self.indexes]
        proxy = settings.get("proxy")
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None),
            urllib.request.HTTPSHandler(context=certificates(settings.get("cert"))),
            urllib.request.HTTPBasicAuthHandler(passwords),
        )

    def open(self, url, headers):
        return self.opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)

    def locate(self, wheel):
        """The address of a wheel: the first page that lists a file of this name."""
        pages = self.pages + [f"{index.rstrip('/')}/{wheel['project']}/" for index in self.indexes]
        reasons = []
        for page in pages:
            try:
                targets = attempts(lambda page=page: self.listing(page))
            except (OSError, http.client.HTTPException, ValueError) as error:
                reasons.append(f"{page}: {error}")
                continue
            for target in targets:
                url = urllib.parse.urljoin(page, target)
                if urllib.parse.unquote(urllib.parse.urlsplit(url).path).rsplit("/", 1)[-1] == wheel["file"]:
                    return urllib.parse.urldefrag(url).url
            reasons.append(f"{page}: does not list it")
        raise Problem(f"{wheel['file']} was not found\n" + "\n".join(f"  {reason}" for reason in reasons or ["pip's configuration names no index"]))

    def listing(self, page):
        kind = "application/vnd.pypi.simple.v1+json"
        with self.open(page, {"Accept": f"{kind}, text/html;q=0.1"}) as answer:
            text = answer.read().decode()
            if answer.headers.get_content_type() == kind:
                return [entry["url"] for entry in json.loads(text)["files"]]
        links = Links()
        links.feed(text)
        return links.targets


def pip_settings():
    """pip's effective configuration: a command's section goes before [global], the environment before both."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    if listed.returncode:
        raise Problem(f"`{sys.executable} -m pip` does not work: {listed.stderr.strip()}")
    ranks = {"global": 1, "install": 2, "download": 3, ":env:": 4}
    settings, chosen = {}, {}
    for line in listed.stdout.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        rank = ranks.get(section, 0)
        if separator and rank > chosen.get(name, 0):
            settings[name], chosen[name] = str(ast.literal_eval(value)), rank
    return settings


def words(settings, name):
    return settings.get(name, "").split()


def local(link):
    return Path(urllib.request.url2pathname(urllib.parse.urlsplit(link).path) if link.startswith("file:") else link)


def default_index():
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        raise Problem("this pip does not say which index it uses; set PIP_INDEX_URL") from None
    return PyPI.simple_url


def certificates(bundle):
    """pip's configured bundle; else the system's (OpenSSL reads SSL_CERT_FILE itself) together with the ones inside pip."""
    context = ssl.create_default_context(cafile=bundle)
    if not bundle:
        try:
            from pip._vendor import certifi

            context.load_verify_locations(certifi.where())
        except (ImportError, OSError):
            pass  # a distribution's pip comes without them and relies on the system's, as we then do
    return context


def without_credentials(url, passwords):
    """urllib wants user and password beside the address, not in it."""
    parts = urllib.parse.urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    if parts.username is None:
        return url
    secret = (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
    passwords.add_password(None, f"{parts.scheme}://{place}/", *secret, is_authenticated=True)
    return parts._replace(netloc=place).geturl()


def attempts(action):
    for failure in range(1, FAILURES + 1):
        try:
            return action()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if failure == FAILURES:
                raise
            time.sleep(failure)


def digest(path):
    state = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()


def present(wheel, folders):
    """A copy of the wheel that is already on this machine, if its content is the pinned one."""
    for folder in folders:
        path = folder / wheel["file"]
        if path.is_file():
            if digest(path) == wheel["sha256"]:
                return path
            print(f"  {path} is not the pinned file (its sha256 differs); looking further", flush=True)
    return None


def continue_download(source, url, part, label):
    """Appends to `part` until the server has no more to give."""
    failures = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        done = have
        try:
            with source.open(url, {"Range": f"bytes={have}-"} if have else {}) as answer:
                if have and answer.status != http.client.PARTIAL_CONTENT:
                    have = 0  # a server without ranges sends everything again
                total = have + int(answer.headers["Content-Length"])
                progress = Progress(label, total, have)
                done = have
                with open(part, "ab" if have else "wb") as file:
                    while block := answer.read(BLOCK):
                        file.write(block)
                        done += len(block)
                        progress.advance(len(block))
            progress.finish()
            if done >= total:
                return
            reason = "the connection closed early"
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing after what we have; the checksum decides whether that is the file
            if error.code < 500 and error.code not in (408, 429):
                raise Problem(f"{url}: {error}") from None
            reason = error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = error
        now = part.stat().st_size if part.exists() else 0
        failures = 0 if now > have else failures + 1
        if failures == FAILURES:
            raise Problem(f"{url}: {reason}\n  {now / 1e6:.1f} MB are kept; the next set-up continues from there")
        print(f"\n  {reason}; trying again", flush=True)
        time.sleep(1 + failures)


def download(source, wheel, downloads, label):
    """The wheel in `downloads`, continued from `.part` where an earlier run was interrupted."""
    whole, part = downloads / wheel["file"], downloads / (wheel["file"] + ".part")
    url = source.locate(wheel)
    while True:
        resumed = part.exists()
        if resumed:
            print(f"  {label}: continuing after {part.stat().st_size / 1e6:.1f} MB", flush=True)
        continue_download(source, url, part, label)
        found = digest(part)
        if found == wheel["sha256"]:
            part.rename(whole)
            return whole
        part.unlink()
        if not resumed:
            raise Problem(f"{url} is not the pinned file:\n  expected sha256 {wheel['sha256']}\n  received sha256 {found}")
        print(f"  {label}: the continued file is damaged (its sha256 differs); starting it again", flush=True)


def obtain(wheel, request, source, label):
    downloads = Path(request["downloads"])
    path = present(wheel, [downloads, *map(Path, request["folders"])])
    if path is None:
        if not source:
            source.append(Source())  # asked only when something is missing: pip itself is optional
        path = present(wheel, source[0].folders) or download(source[0], wheel, downloads, label)
    print(f"  {label}: {path} has the pinned sha256", flush=True)
    return path


def unpack(archive, wheel, into, progress):
    for entry, target in wanted(archive, wheel):
        path = into / target
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as data, open(path, "wb") as file:
            while block := data.read(BLOCK):
                file.write(block)
                progress.advance(len(block))


def wanted(archive, wheel):
    for entry in archive.infolist():
        for prefix, target in wheel["keep"]:
            if entry.filename.startswith(prefix) and not entry.is_dir():
                yield entry, target + entry.filename[len(prefix) :]


def install(request):
    into, downloads, wheels = Path(request["into"]), Path(request["downloads"]), request["wheels"]
    downloads.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(into.parent).free
    needs = request["needs"] - sum(path.stat().st_size for path in downloads.iterdir())
    if free < needs:
        raise Problem(f"{into.parent} has {free / 1e9:.1f} GB free and {needs / 1e9:.1f} GB are needed; XDG_CACHE_HOME moves it")
    source = []
    paths = [obtain(wheel, request, source, f"[{i}/{len(wheels)}] {wheel['project']}") for i, wheel in enumerate(wheels, 1)]
    archives = [zipfile.ZipFile(path) for path in paths]
    parts = list(zip(archives, wheels))
    progress = Progress("unpacking", sum(entry.file_size for part in parts for entry, _ in wanted(*part)))
    for archive, wheel in parts:
        unpack(archive, wheel, into, progress)
    progress.finish()
    os.sync()  # ten thousand headers: one sync of the disk, not ten thousand of files


def die_with_parent():
    """The parent holds a lock on these folders and our standard input: when it ends, however, we must end too."""
    sys.stdin.read()
    os._exit(1)


def main():
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=die_with_parent, daemon=True).start()
    try:
        install(request)
    except Problem as problem:
        return f"\n{problem}"
    except OSError as error:
        return f"\n{error}"
    except KeyboardInterrupt:
        return "\ninterrupted; the next set-up continues from here"
    return 0


if __name__ == "__main__":
    sys.exit(main())
