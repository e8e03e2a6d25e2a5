"""Runs the image as GitHub's runner does: documented mounts, inputs by name, the workspace of another user.

Inputs, defaults and arguments are read from action.yml, so that nothing is repeated here.
"""

import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import yaml

IMAGE = sys.argv[1]
ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
TOKEN = "ghs_harnessharnessharnessharnessharnes"
PASSING = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>"
FAILING = (
    "<testsuite name='s' tests='1'><testcase classname='c' name='breaks'>"
    "<failure message='::error::x&#10;##[set-output]'/></testcase></testsuite>"
)


def git(workspace, *arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        command + list(arguments), cwd=workspace, check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    ).stdout.strip()


class Job:
    """A pull request's job: a checkout of its merge commit with depth 2, owned by the runner's user."""

    def __init__(self, folder, reports):
        self.folder = Path(folder)
        origin = self.folder / "origin"
        origin.mkdir()
        git(origin, "init", "-q")
        (origin / ".gitignore").write_text("*.xml\n*.info\n")
        (origin / "a.py").write_text("a = 1\nb = 2\nc = 3\n")
        git(origin, "add", "-A")
        git(origin, "commit", "-q", "-m", "base")
        self.base = git(origin, "rev-parse", "HEAD")
        git(origin, "checkout", "-q", "-b", "change")
        (origin / "a.py").write_text("a = 1\nb = 20\nc = 3\n")
        git(origin, "commit", "-q", "-a", "-m", "change")
        self.head = git(origin, "rev-parse", "HEAD")
        git(origin, "checkout", "-q", "main")
        git(origin, "merge", "-q", "--no-ff", "-m", "merge", "change")
        self.sha = git(origin, "rev-parse", "HEAD")
        self.workspace = self.folder / "workspace"
        self.workspace.mkdir()
        git(self.workspace, "init", "-q")
        git(self.workspace, "remote", "add", "origin", f"file://{origin}")
        git(self.workspace, "fetch", "-q", "--depth=2", "origin", f"+{self.sha}:refs/remotes/pull/7/merge")
        git(self.workspace, "checkout", "-q", "--detach", self.sha)
        for name, text in reports.items():
            (self.workspace / name).write_text(text)
        for name in ("home", "workflow", "file_commands"):
            (self.folder / name).mkdir()
        for name in ("output", "summary", "env", "path", "state"):
            (self.folder / "file_commands" / name).write_text("")
        event = {
            "action": "opened", "number": 7, "repository": {"default_branch": "main"},
            "pull_request": {"base": {"ref": "main", "sha": self.base}, "head": {"ref": "change", "sha": self.head}},
        }
        (self.folder / "workflow" / "event.json").write_text(json.dumps(event))
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, 1001, 118, follow_symlinks=False)

    def run(self, inputs=None, network="none", **variables):
        inputs = inputs or {}
        assert set(inputs) <= set(ACTION["inputs"]), "an input that action.yml does not have"
        environment = {
            "CI": "true", "GITHUB_ACTIONS": "true", "HOME": "/github/home",
            "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/payments",
            "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "test", "GITHUB_BASE_REF": "main",
            "GITHUB_SHA": self.sha, "RUNNER_OS": "Linux", "RUNNER_WORKSPACE": "/home/runner/work/payments",
            "GITHUB_OUTPUT": "/github/file_commands/output", "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
            "GITHUB_ENV": "/github/file_commands/env", "GITHUB_PATH": "/github/file_commands/path",
            "GITHUB_STATE": "/github/file_commands/state", **variables,
        }
        known = {"${{ github.run_id }}": "77", "${{ github.token }}": TOKEN, "${{ github.api_url }}": "https://api.invalid"}
        for name, field in ACTION["inputs"].items():
            default = known.get(field["default"], field["default"])
            environment["INPUT_" + name.upper().replace(" ", "_")] = inputs.get(name, default)
        command = ["podman", "run", "--rm", f"--network={network}", "--workdir", "/github/workspace"]
        for name in ("home", "workflow", "file_commands", "workspace"):
            command += ["-v", f"{self.folder / name}:/github/{name}"]
        for name, value in environment.items():
            command += ["-e", f"{name}={value}"]
        begin = time.perf_counter()
        done = subprocess.run(command + [IMAGE, *ACTION["runs"]["args"]], capture_output=True, text=True, check=False)
        self.seconds = time.perf_counter() - begin
        self.log = done.stdout + done.stderr
        self.status = done.returncode
        self.outputs = self.read_outputs()
        self.summary = (self.folder / "file_commands" / "summary").read_text()
        everything = self.log + self.summary + json.dumps(self.outputs)
        assert TOKEN not in everything, "the token leaks"
        for line in self.log.splitlines():
            assert "##[" not in line, line
            assert not line.lstrip().startswith("::") or "title=Tollgate" in line, line
        for name in ("env", "path", "state"):
            assert (self.folder / "file_commands" / name).read_text() == ""
        return self

    def read_outputs(self):
        lines = iter((self.folder / "file_commands" / "output").read_text().splitlines())
        outputs = {}
        for line in lines:
            name, delimiter = line.split("<<")
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            outputs[name] = "\n".join(value)
        return outputs

    def expect(self, status, verdict):
        assert (self.status, self.outputs.get("verdict")) == (status, verdict), (self.status, self.outputs, self.log)
        return self


def job(reports):
    folder = tempfile.mkdtemp(prefix="tollgate-harness-")
    os.chmod(folder, 0o755)
    return Job(folder, reports)


class GitHub(http.server.BaseHTTPRequestHandler):
    """Lists one artifact per leg and sends downloads on to a store that must not see the token."""

    artifacts = {}
    tokens_at_the_store = []

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/repos/acme/payments/actions/runs/77/artifacts":
            listed = [
                {"id": number, "name": name, "expired": False, "size_in_bytes": len(data),
                 "digest": "sha256:" + hashlib.sha256(data).hexdigest()}
                for number, (name, data) in self.artifacts.items()
            ]
            self.reply(200, json.dumps({"total_count": len(listed), "artifacts": listed}).encode())
        elif path.endswith("/zip"):
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self.reply(401, b"{}")
                return
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/store/{path.split('/')[-2]}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.startswith("/store/"):
            self.tokens_at_the_store.append(self.headers.get("Authorization"))
            self.reply(200, self.artifacts[int(path.split("/")[-1])][1])
        else:
            self.reply(404, b"{}")

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def collected_by_the_action(gate):
    """A leg packs its reports with `stage: collect`; the gate job reads what it uploaded."""
    leg = job({"junit.xml": FAILING}).run({"stage": "collect", "steps": '{"unit": {"outcome": "failure"}}'})
    assert leg.status == 0 and leg.summary == "", leg.log
    folder = leg.workspace / leg.outputs["collected"]
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert all(os.stat(path).st_mode & 0o004 for path in folder.rglob("*")), "the next step runs as another user"
    GitHub.artifacts[4] = ("reports-collected-a1", packed(files))
    judged = job({}).run(gate, network="host").expect(1, "needs-changes")
    assert "breaks" in judged.log, judged.log
    GitHub.artifacts.pop(4)
    print("a leg that packs with `stage: collect`: exits 0, and the gate job finds its failing test")


def main():
    passing = job({"junit.xml": PASSING}).run({"steps": '{"test": {"outcome": "success"}}'}).expect(0, "passed")
    assert "not forgery-proof" in passing.summary
    assert "actions/runs/77" in passing.log.strip().splitlines()[-1], passing.log
    assert (passing.workspace / passing.outputs["json"]).stat().st_size > 0
    print(f"a workspace of another user, in a shallow clone: passed (whole container: {passing.seconds * 1000:.0f} ms)")

    failing = job({"junit.xml": FAILING}).run().expect(1, "needs-changes")
    assert failing.log.lstrip().startswith("::error title=Tollgate::Needs changes"), failing.log
    print("a failing test with commands in its message: needs changes, outputs written before the exit")

    coverage = "SF:/home/runner/work/payments/payments/a.py\nDA:1,1\nDA:2,1\nDA:3,1\nend_of_record\n"
    mapped = job({"junit.xml": PASSING, "lcov.info": coverage}).run().expect(0, "passed")
    assert "100" in mapped.summary, mapped.summary
    print("paths of the host in a coverage report: mapped to the workspace")

    compile_error = job({}).run({"steps": '{"build": {"outcome": "failure"}}'})
    assert compile_error.status in (1, 3) and "build" in compile_error.summary, compile_error.log
    print(f"a build that failed before any report: {compile_error.outputs['verdict']}")

    link = job({})
    os.symlink("/proc/self/environ", link.workspace / "TEST-environ.xml")
    link.run().expect(3, "no-verdict")
    print("a symlink to /proc/self/environ: no verdict, nothing leaked")

    job({"junit.xml": PASSING}).run(GITHUB_EVENT_NAME="issue_comment").expect(2, "no-verdict")
    assert job({"junit.xml": PASSING}).run(GITHUB_OUTPUT="/github/none").status == 2
    print("an unknown event, a missing output file: coded errors")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gate = {
        "artifacts": "reports-*", "github-api-url": f"http://127.0.0.1:{server.server_port}",
        "needs": '{"test": {"result": "success", "outputs": {}}}',
    }
    GitHub.artifacts = {
        1: ("reports-linux-a1", packed({"junit.xml": FAILING})),
        2: ("reports-linux-a2", packed({"junit.xml": PASSING})),
        3: ("reports-mac-a1", packed({"junit.xml": PASSING.replace("works", "also works")})),
    }
    job({}).run(gate, network="host").expect(0, "passed")
    collected_by_the_action(gate)
    GitHub.artifacts[3] = ("reports-mac-a1", packed({"../evil.xml": PASSING}))
    job({}).run(gate, network="host").expect(3, "no-verdict")
    cancelled = dict(gate, needs='{"test": {"result": "cancelled", "outputs": {}}}')
    GitHub.artifacts.pop(3)
    job({}).run(cancelled, network="host").expect(3, "no-verdict")
    GitHub.artifacts[1] = ("reports-linux-a3", packed({"junit.xml": FAILING}))
    stopped = dict(gate, needs='{"test": {"result": "failure"}, "e2e": {"result": "cancelled"}}')
    victim = job({}).run(stopped, network="host").expect(1, "needs-changes")
    assert "e2e" not in victim.log, victim.log
    print("a leg that was stopped because another one failed: a consequence, not a gap")
    assert GitHub.tokens_at_the_store and not any(GitHub.tokens_at_the_store)
    print("a gate job over artifacts: newest attempt passes, hostile archive and cancelled leg are no verdict")


main()
