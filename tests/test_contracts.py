"""Each import contract keeps what it promises: the tree as it is passes, and an import that breaks it is found."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("workers", "campaigns", "schemas")
CONTRACTS = [
    each["id"] for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]

FORBIDDEN_IMPORTS = {
    "direction": {
        "schemas.event": "campaigns.errors",
        "campaigns.cli.app": "workers.up",
        "campaigns.runtime": "workers.broker",
    },
    "inside": {
        "campaigns.report.tallies": "campaigns.cli.output",
        "campaigns.ledger.chunks": "campaigns.lifecycle.find",
        "campaigns.simulator.fate": "campaigns.web.app",
        "campaigns.pages": "campaigns.lanes",
        "campaigns.settings": "campaigns.log",
    },
    "providers": {
        "campaigns.providers.meta.errors": "campaigns.providers.orbit.errors",
        "campaigns.providers.wait": "campaigns.providers.answer",
    },
    "pure": {
        "campaigns.audience.rules": "campaigns.runtime",
        "campaigns.template.grammar": "httpx",
        "campaigns.policy.limits": "redis",
        "campaigns.plan.turns": "campaigns.providers.protocol",
    },
    "pure-storage": {
        "campaigns.policy.limits": "sqlalchemy",
        "campaigns.plan.turns": "sqlite3",
    },
    "wire": {
        "campaigns.providers.orbit.body": "httpx_aiohttp",
        "campaigns.providers.pace": "campaigns.settings",
    },
    "simulator": {
        "campaigns.simulator.graph": "campaigns.providers.meta.errors",
        "campaigns.simulator.books": "schemas.delivery",
    },
    "jobs": {
        "campaigns.lifecycle.launch": "dramatiq",
        "schemas.chunk": "dramatiq.broker",
    },
    "web": {
        "workers.up": "fastapi",
        "campaigns.report.document": "nicegui",
        "campaigns.simulator.server": "fastapi",
    },
    "verbs": {
        "campaigns.cli.output": "campaigns.ledger.chunks",
        "campaigns.web.app": "campaigns.ledger",
    },
}
"""Contract → module → an import that it must not have."""

UNNAMED_CONCEPTS = {
    "inside": "campaigns/helpers.py",
    "providers": "campaigns/providers/third.py",
}
"""Contract → a file whose place nobody has named."""


@pytest.fixture
def tree(tmp_path):
    """Return a copy of the three packages, without what Python compiled."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def lint(tree, *contracts):
    """Check `tree` in a process of its own: the linter finds packages where the interpreter would."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    limits = [word for contract in contracts for word in ("--contract", contract)]
    options = ["--config", ROOT / "pyproject.toml", "--no-logo", "--no-cache", *limits]
    done = subprocess.run(
        [*command, *options], cwd=tree, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done


def plant(tree, module, imported):
    """Put an import inside a function of `module`, where it is as much of one as at the top."""
    path = tree / module.replace(".", "/")
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    file.write_text(f"{file.read_text()}\n\ndef planted():\n    import {imported}\n")


def test_the_tree_keeps_every_contract(tree):
    done = lint(tree)
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout, done.stdout


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_planted_import_is_found(contract, tree):
    planted = FORBIDDEN_IMPORTS[contract]
    for module, imported in planted.items():
        plant(tree, module, imported)
    done = lint(tree, contract)
    assert done.returncode == 1
    found = set(re.findall(r"([\w.]+) -> ([\w.]+) \(l\.\d+", done.stdout))
    for module, imported in planted.items():
        known = imported if imported.split(".")[0] in PACKAGES else imported.split(".")[0]
        assert (module, known) in found, done.stdout


@pytest.mark.parametrize("contract", UNNAMED_CONCEPTS)
def test_a_module_without_a_place_is_found(contract, tree):
    file = UNNAMED_CONCEPTS[contract]
    (tree / file).touch()
    done = lint(tree, contract)
    assert done.returncode == 1
    assert Path(file).stem in done.stdout
