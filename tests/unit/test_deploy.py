"""The files of deploy/ are what systemd, Docker and Prefect take, and fit each other."""

import json
import os
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from planerka.settings import PROJECT
from tests import services

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
TEMPLATE = json.loads((DEPLOY / "kubernetes" / "job-template.json").read_text("utf-8"))
RUN = TEMPLATE["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
CLAIM, WORKER_DEPLOYMENT, *_ = yaml.safe_load_all((DEPLOY / "kubernetes" / "company.yaml").read_text("utf-8"))
WORKER = WORKER_DEPLOYMENT["spec"]["template"]["spec"]
MOST_EXPOSED = 20
"""Tenths, as systemd rates what a unit could do to its machine; up to 2.9 is its "OK"."""


def run(*command: object) -> tuple[int, str]:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_unit_without_a_word(unit, tmp_path):
    """With a stand-in for the program, which this machine need not have."""
    analyze = services.program("systemd-analyze", "systemd-analyze", "systemd")
    stand_in = tmp_path / "program"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    text = re.sub(r"/opt/planerka/\.venv/bin/\w+", str(stand_in), unit.read_text("utf-8"))
    (tmp_path / unit.name).write_text(text, "utf-8")
    assert (0, "") == run(analyze, "verify", tmp_path / unit.name)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_may_do_no_more_than_it_must(unit):
    analyze = services.program("systemd-analyze", "systemd-analyze", "systemd")
    exit_code, said = run(analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
    assert 0 == exit_code, said


def test_compose_takes_the_file(tmp_path):
    compose = services.program("docker-compose", "docker-compose", "docker-compose")
    assert (0, "") == run(compose, "--file", DEPLOY / "compose.yaml", "config", "--quiet")


def test_every_service_that_others_wait_for_says_when_it_is_ready():
    waits = [
        (name, other, how["condition"])
        for name, service in COMPOSE["services"].items()
        for other, how in service.get("depends_on", {}).items()
    ]
    healthy = {other for _, other, condition in waits if condition == "service_healthy"}
    assert healthy == {name for name in healthy if "healthcheck" in COMPOSE["services"][name]}
    assert ("worker", "deploy", "service_completed_successfully") in waits


def test_no_secret_stands_in_the_compose_file():
    """They are files; each that is named is given to somebody."""
    given = {name for service in COMPOSE["services"].values() for name in service.get("secrets", [])}
    assert given == set(COMPOSE["secrets"])
    written = [v for s in COMPOSE["services"].values() for k, v in s.get("environment", {}).items() if "PASSWORD" in k]
    assert ["/run/secrets/database_password"] == written


def test_the_entry_point_hands_secrets_on_and_leaves_empty_ones_out(tmp_path):
    (tmp_path / "PLANERKA_STORE").write_text("postgresql://a b'\"$c@d/e\n", "utf-8")
    (tmp_path / "PLANERKA_PHONE_KEY").write_text("", "utf-8")
    script = (DEPLOY / "entrypoint").read_text("utf-8").replace("/run/secrets", str(tmp_path))
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", "-c", script, "entrypoint", "env"], env=env, stdout=subprocess.PIPE, text=True)
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert ("postgresql://a b'\"$c@d/e", False) == (seen["PLANERKA_STORE"], "PLANERKA_PHONE_KEY" in seen)


def test_the_image_holds_everything_that_the_installation_reads():
    """What .dockerignore lets through: the packages, and every folder beside them that they open."""
    let_through = [line[1:] for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"]
    packages = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]["find"]
    opened = {
        name
        for package in ("planerka", "flows", "tasks", "expectations")
        for path in (PROJECT / package).rglob("*.py")
        for name in re.findall(r'PROJECT / "([\w.]+)"', path.read_text("utf-8"))
    }
    missing = [name for name in opened if name not in let_through]
    unpacked = [pattern for pattern in packages["include"] if not any(fnmatch(n, pattern) for n in let_through)]
    assert ([], []) == (missing, unpacked)
    assert [] == [name for name in let_through if not (PROJECT / name).exists()]


def test_the_dockerfile_copies_only_what_exists():
    copied = re.findall(r"^COPY (\S+) ", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert [] == [name for name in copied if not (PROJECT / name).exists()]


def test_the_entry_point_can_be_started():
    assert os.access(Path(DEPLOY / "entrypoint"), os.X_OK)


def test_the_job_template_asks_for_nothing_that_it_does_not_declare():
    asked = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(TEMPLATE["job_configuration"])))
    assert asked == set(TEMPLATE["variables"]["properties"])


@pytest.mark.parametrize("pod", [RUN, WORKER], ids=["run", "worker"])
def test_a_pod_has_the_company_in_the_folder_and_with_the_user_of_the_image(pod):
    """The worker too: what is typed in its shell, `planerka init .` first of all, is for the runs."""
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    (container,) = pod["containers"]
    assert [{"name": "company", "persistentVolumeClaim": {"claimName": CLAIM["metadata"]["name"]}}] == pod["volumes"]
    assert [{"name": "company", "mountPath": container["workingDir"]}] == container["volumeMounts"]
    assert f"WORKDIR {container['workingDir']}\n" in dockerfile
    assert f"--uid {pod['securityContext']['runAsUser']} " in dockerfile
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]


PAGES = {
    "docs/install.md": ("write the source into `company/planerka.toml`", "docker compose up --detach\n"),
    "docs/kubernetes.md": ("Write the source", "deploy --all"),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_source_is_written_before_anything_pulls(page):
    """A worker that found the settings of `init` would fill the database with the sample."""
    said, (written, begins) = (PROJECT / page).read_text("utf-8"), PAGES[page]
    assert (1, True) == (said.count(written), said.index(written) < said.index(begins))
