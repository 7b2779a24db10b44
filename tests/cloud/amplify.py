"""The part of Amplify's API that the commands use, as a server on loopback. It keeps apps, deployments and uploads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

REGION_ARN = "arn:aws:amplify:us-east-1:123456789012:apps/"


@dataclass
class Amplify:
    """Apps by id. refusal: the error that a start answers with. status: how a job ends. page: what /shop answers."""

    url: str = ""
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    refusal: str = ""
    status: str = "SUCCEED"
    environment: dict[str, str] = field(default_factory=dict)
    page: str = ""
    is_denied: bool = False
    header_policies: dict[str, str] = field(default_factory=dict)

    def add(self, app_id: str, name: str, tags: dict[str, str]) -> None:
        self.apps[app_id] = {
            "appId": app_id,
            "appArn": REGION_ARN + app_id,
            "name": name,
            "tags": tags,
            "platform": "WEB_COMPUTE",
            "defaultDomain": f"{app_id}.amplifyapp.com",
            "createTime": 0,
            "updateTime": 0,
            "environmentVariables": {},
            "enableBranchAutoBuild": False,
            "enableBasicAuth": False,
            "description": "",
            "repository": "",
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Return status and body of an answer."""
        match [method, *[unquote(part) for part in path.strip("/").split("/")]]:
            case _ if self.is_denied:
                return 403, {"__type": "AccessDeniedException", "message": "not authorized"}
            case ["GET", "apps"]:
                return 200, {"apps": list(self.apps.values())}
            case ["GET", "apps", app, "domains"] if app in self.apps:
                return 200, {"domainAssociations": []}
            case ["DELETE", "apps", app] if app in self.apps:
                return 200, {"app": self.apps.pop(app)}
            case ["GET", "apps", app] if app in self.apps:
                return 200, {"app": self.apps[app]}
            case ["GET", "apps", app, "branches", branch] if app in self.apps:
                return 200, {"branch": self._branch(branch)}
            case ["GET", "shop"]:
                return 200, self.page
            case ["POST", "apps", app, "branches", _, "deployments"] if app in self.apps:
                return 200, {"jobId": "7", "fileUploadUrls": {}, "zipUploadUrl": f"{self.url}/upload/7"}
            case ["PUT", "upload", job]:
                self.uploads[job] = body
                return 200, {}
            case ["POST", "apps", app, "branches", branch, "deployments", "start"] if app in self.apps:
                if self.refusal:
                    return 400, {"__type": "BadRequestException", "message": self.refusal}
                job = json.loads(body)["jobId"]
                self.started.append(job)
                return 200, {"jobSummary": self._summary(branch, job, "PENDING")}
            case ["GET", "apps", app, "branches", branch, "jobs", job] if app in self.apps:
                step = {
                    "stepName": "DEPLOY",
                    "startTime": 0,
                    "endTime": 0,
                    "status": self.status,
                    "statusReason": "why",
                }
                return 200, {"job": {"summary": self._summary(branch, job, self.status), "steps": [step]}}
        return 404, {"__type": "NotFoundException", "message": f"{method} {path}"}

    def _branch(self, name: str) -> dict[str, Any]:
        return {
            "branchArn": f"{REGION_ARN}x/branches/{name}",
            "branchName": name,
            "description": "",
            "stage": "PRODUCTION",
            "displayName": name,
            "enableNotification": False,
            "createTime": 0,
            "updateTime": 0,
            "environmentVariables": self.environment,
            "enableAutoBuild": False,
            "customDomains": [],
            "framework": "Next.js - SSR",
            "activeJobId": "0",
            "totalNumberOfJobs": "0",
            "enableBasicAuth": False,
            "ttl": "5",
            "enablePullRequestPreview": False,
        }

    def _summary(self, branch: str, job: str, status: str) -> dict[str, Any]:
        return {
            "jobArn": f"{REGION_ARN}x/branches/{branch}/jobs/{job}",
            "jobId": job,
            "commitId": "",
            "commitMessage": "",
            "commitTime": 0,
            "startTime": 0,
            "status": status,
            "jobType": "MANUAL",
        }


@contextmanager
def running_amplify() -> Iterator[Amplify]:
    state = Amplify()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = state.answer(self.command, urlsplit(self.path).path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status >= 400:
                self.send_header("x-amzn-ErrorType", answer["__type"])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
