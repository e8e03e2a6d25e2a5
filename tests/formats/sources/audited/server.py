"""Answers the questions of pip-audit (OSV), npm, pnpm, yarn and Composer with packages and advisories that we made up, on 127.0.0.1 only."""

import gzip
import io
import json
import tarfile
from http.server import BaseHTTPRequestHandler, HTTPServer

OSV = {
    "parcel-of-nothing": [
        {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"], "summary": "runs anything",
         "details": "Runs <anything> | @org. **Upgrade**.", "modified": "2026-01-02T00:00:00Z",
         "affected": [{"package": {"ecosystem": "PyPI", "name": "parcel-of-nothing"},
                       "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}]}]},
        {"id": "PYSEC-2026-2", "aliases": [], "summary": "no fix yet", "details": "No fix yet.",
         "modified": "2026-01-02T00:00:00Z",
         "affected": [{"package": {"ecosystem": "PyPI", "name": "parcel-of-nothing"},
                       "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]},
    ],
}
NPM = {
    "parcel-of-nothing": [
        {"id": 1, "url": "https://example.invalid/advisories/GHSA-aaaa-bbbb-cccc", "title": "Runs <anything> | @org",
         "severity": "critical", "vulnerable_versions": "<1.2.0", "cwe": ["CWE-94"],
         "cvss": {"score": 9.8, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
        {"id": 2, "url": "https://example.invalid/advisories/GHSA-dddd-eeee-ffff", "title": "Slow",
         "severity": "moderate", "vulnerable_versions": "<2.0.0", "cwe": [],
         "cvss": {"score": 0, "vectorString": None}},
    ],
}


def audits():
    """The answer of the older question, which yarn 1 and pnpm ask."""
    advisories, resolves = {}, []
    for name, found in NPM.items():
        for one in found:
            paths = [name, f"carrier>{name}"]
            advisories[str(one["id"])] = {
                **one, "module_name": name, "cves": [], "patched_versions": ">=1.2.0", "overview": one["title"],
                "recommendation": "Upgrade", "references": "", "access": "public", "created": "2026-01-02", "updated": "2026-01-02",
                "findings": [{"version": "1.0.0", "paths": paths}],
            }
            resolves += [{"id": one["id"], "path": path, "dev": False, "optional": False, "bundled": False} for path in paths]
    counts = {"info": 0, "low": 0, "moderate": 2, "high": 0, "critical": 2}
    actions = [{"action": "review", "module": "parcel-of-nothing", "resolves": resolves}]
    metadata = {"vulnerabilities": counts, "dependencies": 2, "devDependencies": 0, "optionalDependencies": 0, "totalDependencies": 2}
    return {"actions": actions, "advisories": advisories, "muted": [], "metadata": metadata}


def dist(name, version):
    return {"tarball": f"http://127.0.0.1:8765/npm/{name}/-/{name}-{version}.tgz"}


def tarball(path):
    """A package of nothing but its package.json."""
    name, version = path.rsplit("/", 1)[-1].removesuffix(".tgz").rsplit("-", 1)
    of = {"carrier": {"parcel-of-nothing": "^1.0.0"}}
    text = json.dumps({"name": name, "version": version, "dependencies": of.get(name, {})}).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return archive.getvalue()


# What Composer asks a repository for.
PHP = {"packages": [], "metadata-url": "/php/p2/%package%.json", "available-packages": ["acme/parcel"],
       "security-advisories": {"api-url": "http://127.0.0.1:8765/php/advisories", "metadata": False}}
PHP_PACKAGE = {"packages": {"acme/parcel": [{"name": "acme/parcel", "version": "1.0.0", "type": "metapackage"}]}}
PHP_ADVISORIES = {"advisories": {"acme/parcel": [
    {"advisoryId": "PKSA-aaaa-bbbb-cccc", "packageName": "acme/parcel", "remoteId": "acme/parcel/1", "title": "Runs <anything> | @org",
     "link": "https://example.invalid/1", "cve": "CVE-2026-0001", "affectedVersions": "<1.2.0", "source": "FriendsOfPHP/security-advisories",
     "reportedAt": "2026-01-02 00:00:00", "composerRepository": "https://example.invalid", "severity": "high",
     "sources": [{"name": "GitHub", "remoteId": "GHSA-aaaa-bbbb-cccc"}]}]}}


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.startswith("/php"):
            self.answer(PHP_ADVISORIES)
            return
        asked = json.loads(body)
        if self.path.startswith("/osv"):
            found = OSV.get(asked["package"]["name"])
            self.answer({"vulns": found} if found else {})
        elif self.path.startswith("/clean"):
            self.answer({})
        elif self.path.endswith("/audits"):
            self.answer(audits())
        else:
            self.answer({name: NPM[name] for name in asked if name in NPM})

    def do_GET(self):
        if self.path.endswith(".tgz"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(tarball(self.path))
        elif self.path.startswith("/php"):
            self.answer(PHP_PACKAGE if "/p2/" in self.path else PHP)
        elif self.path.endswith("/parcel-of-nothing"):
            versions = {version: {"name": "parcel-of-nothing", "version": version, "dist": dist("parcel-of-nothing", version)} for version in ("1.0.0", "2.1.0")}
            self.answer({"name": "parcel-of-nothing", "dist-tags": {"latest": "2.1.0"}, "versions": versions})
        elif self.path.endswith("/carrier"):
            versions = {"1.0.0": {"name": "carrier", "version": "1.0.0", "dependencies": {"parcel-of-nothing": "^1.0.0"}, "dist": dist("carrier", "1.0.0")}}
            self.answer({"name": "carrier", "dist-tags": {"latest": "1.0.0"}, "versions": versions})
        else:
            self.send_error(404)

    def answer(self, value):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", 8765), Answers).serve_forever()
