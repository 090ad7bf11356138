"""Metrics of workflows for real: ``ruleengine run`` serves what its workflows tell."""

import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.process_kit import end, place, wait_for
from tests.local.sandboxes import require_sandbox
from tests.web.test_metrics_page import free_port

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: measured}
spec:
  entrypoint: main
  metrics:
    prometheus:
    - {name: running, help: Runs., gauge: {realtime: true, value: "{{workflow.duration}}"}}
  templates:
  - name: main
    steps:
    - - {name: quick, template: quick}
    - - {name: slow, template: slow}
  - name: quick
    metrics:
      prometheus:
      - name: ends
        help: Ends.
        labels: [{key: status, value: "{{status}}"}]
        counter: {value: "1"}
    container: {image: alpine, command: ["true"]}
  - name: slow
    container: {image: alpine, command: [sleep, "600"]}
"""

pytestmark = pytest.mark.slow


def scraped(port: int) -> str:
    """Return the page that a scrape gets; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
            text: str = reply.read().decode()
    except (urllib.error.URLError, OSError):
        return ""
    return text


def test_a_run_serves_what_ended_and_what_goes_on(tmp_path: Path) -> None:
    """What was told outlives the run; what goes on is shown by who drives only."""
    require_sandbox()
    port = free_port()
    with place(tmp_path, {"pipelines/measured.yaml": WORKFLOW}) as made:
        made.start()
        child = made.spawn("run", "--metrics-port", str(port), errors=subprocess.PIPE)
        try:
            told = 'argo_workflows_ends_total{status="Succeeded"} 1.0'
            assert wait_for(lambda: told in scraped(port), 60)
            assert "argo_workflows_running " in scraped(port)
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=30)
        finally:
            end(child)
        assert scraped(port) == ""
        kept = made.call("pipeline", "metrics").output
        assert told in kept
        assert "argo_workflows_running" not in kept
