"""What fetch.py does when things go wrong, against a server on this machine. Run by `cargo xtask test`."""

import base64
import hashlib
import http.server
import io
import os
import tempfile
import threading
import unittest
import zipfile
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import fetch


def wheel_bytes():
    """A wheel of about two megabytes that does not compress."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("torch/lib/libc10.so", os.urandom(2 << 20))
        archive.writestr("torch/include/a/b.h", "int f();")
        archive.writestr("torch/version.py", "not wanted")
    return buffer.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """An index of one wheel that can send too little, ignore ranges, and ask for a password."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.limit, self.ranges, self.asked, self.secrets = content, None, True, [], []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.secrets.append(self.headers.get("Authorization"))
        if self.path == "/simple/torch/":
            return self.answer(200, b'<a href="../../files/torch-1.whl#sha256=0">torch-1.whl</a>')
        if self.path != "/files/torch-1.whl":
            return self.answer(404, b"")
        asked = self.headers.get("Range")
        server.asked.append(asked)
        start = int(asked[len("bytes=") : -1]) if asked and server.ranges else 0
        if start >= len(server.content):
            return self.answer(416, b"")
        self.answer(206 if asked and server.ranges else 200, server.content[start:], server.limit)

    def answer(self, status, body, limit=None):
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:limit])


class Fetching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.content = wheel_bytes()
        self.server = Server(self.content)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.settings = {"index-url": f"http://127.0.0.1:{self.server.server_port}/simple"}
        for patch in (mock.patch("time.sleep"), mock.patch.object(fetch, "pip_settings", lambda: self.settings)):
            patch.start()
            self.addCleanup(patch.stop)
        self.part = self.folder / "downloads" / "torch-1.whl.part"
        self.part.parent.mkdir()

    def install(self, folders=()):
        into = self.folder / "into"
        into.mkdir(exist_ok=True)
        wheel = {
            "project": "torch",
            "file": "torch-1.whl",
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "keep": [["torch/include/", "include/"], ["torch/lib/libc10.so", "lib/libc10.so"]],
        }
        with redirect_stdout(io.StringIO()):
            fetch.install({"downloads": str(self.part.parent), "folders": list(folders), "into": str(into), "needs": 1, "wheels": [wheel]})
        return sorted(str(path.relative_to(into)) for path in into.rglob("*") if path.is_file())

    def test_only_wanted_files_are_unpacked(self):
        self.assertEqual(self.install(), ["include/a/b.h", "lib/libc10.so"])
        self.assertEqual(self.server.asked, [None])

    def test_an_interrupted_download_continues(self):
        self.part.write_bytes(self.content[:1000])
        self.install()
        self.assertEqual(self.server.asked, ["bytes=1000-"])

    def test_a_dropped_connection_continues(self):
        self.server.limit = 1 << 20
        self.install()
        self.assertEqual(len(self.server.asked), 3)

    def test_a_connection_without_progress_ends_with_a_problem(self):
        self.server.limit = 0
        with self.assertRaisesRegex(fetch.Problem, "closed early"):
            self.install()
        self.assertEqual(len(self.server.asked), fetch.FAILURES)

    def test_a_server_without_ranges_starts_again(self):
        self.server.ranges = False
        self.part.write_bytes(self.content[:1000])
        self.install()

    def test_a_damaged_part_starts_again(self):
        self.part.write_bytes(b"x" * 1000)
        self.install()
        self.assertEqual(self.server.asked, ["bytes=1000-", None])

    def test_a_part_that_is_too_long_starts_again(self):
        self.part.write_bytes(self.content + b"x")
        self.install()

    def test_a_whole_part_is_taken(self):
        self.part.write_bytes(self.content)
        self.install()
        self.assertEqual(self.server.asked, [f"bytes={len(self.content)}-"])

    def test_another_file_is_refused_and_not_kept(self):
        self.server.content = b"something else"
        with self.assertRaisesRegex(fetch.Problem, "is not the pinned file"):
            self.install()
        self.assertEqual(list(self.part.parent.iterdir()), [])

    def test_a_wheel_on_this_machine_needs_no_network(self):
        (self.folder / "torch-1.whl").write_bytes(self.content)
        self.settings = None
        self.install([str(self.folder)])
        self.assertEqual(self.server.asked, [])

    def test_a_wrong_wheel_on_this_machine_is_passed_over(self):
        (self.folder / "torch-1.whl").write_bytes(b"x")
        self.settings["find-links"] = str(self.folder)
        self.install()
        self.assertEqual(self.server.asked, [None])

    def test_an_absent_wheel_names_the_pages(self):
        self.settings = {"index-url": self.settings["index-url"] + "/nothing"}
        with self.assertRaisesRegex(fetch.Problem, "/simple/nothing/torch/: HTTP Error 404"):
            self.install()

    def test_no_index_is_respected(self):
        self.settings["no-index"] = "true"
        with self.assertRaisesRegex(fetch.Problem, "names no index"):
            self.install()

    def test_credentials_travel_in_a_header(self):
        self.settings["index-url"] = self.settings["index-url"].replace("//", "//me:a%20b@")
        self.install()
        self.assertEqual(set(self.server.secrets), {"Basic " + base64.b64encode(b"me:a b").decode()})

    def test_a_full_disk_is_seen_before_the_download(self):
        with mock.patch("shutil.disk_usage", return_value=mock.Mock(free=0)):
            with self.assertRaisesRegex(fetch.Problem, "XDG_CACHE_HOME"):
                self.install()
        self.assertEqual(self.server.asked, [])


if __name__ == "__main__":
    unittest.main()
