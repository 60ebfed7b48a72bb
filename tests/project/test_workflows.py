"""The workflows of .github: valid, in order, with the least permissions, and for staging alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emulator.isolation import refuse_names_of_production
from emulator.shipping import targets
from tests.workflows.document import FOLDER, ROOT, Workflow, load
from tests.workflows.expressions import Refused, evaluate, filled, inserted
from tests.workflows.run import CHECKOUT

NAMES = sorted(path.name for path in FOLDER.iterdir())
PAGE = (ROOT / "docs" / "workflows.md").read_text()
CONTEXTS = {
    "github": {"event_name": "push", "ref_name": "develop"},
    "vars": {"EMPTY": "", "PLACE": "it's here"},
}


@pytest.fixture(params=NAMES)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    return load(request.param)


def program(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this interpreter's environment, without a network."""
    command = [str(Path(sys.executable).parent / name), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def named(workflow: Workflow, context: str) -> set[str]:
    """The names of `vars` or `secrets` that a workflow uses."""
    found = (expression for text in workflow.texts() for expression in inserted(text))
    return {expression.removeprefix(f"{context}.") for expression in found if expression.startswith(context)}


def documented(kind: str) -> set[str]:
    """The names of this kind in the table of docs/workflows.md."""
    return {
        name for name, found in re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE) if found == kind
    }


def test_there_are_two() -> None:
    assert NAMES == ["ci.yml", "staging.yml"]


def test_they_are_valid_by_the_published_schema() -> None:
    files = [str(FOLDER / name) for name in NAMES]

    done = program("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_would_see_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "staging.yml"
    wrong.write_text((FOLDER / "staging.yml").read_text().replace("needs: test", "neds: test"))

    done = program("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(wrong))

    assert done.returncode == 1


def test_an_audit_finds_nothing() -> None:
    done = program("zizmor", "--offline", "--persona=pedantic", "--no-progress", str(FOLDER))

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_audit_would_see_a_command_that_a_stranger_can_fill(tmp_path: Path) -> None:
    wrong = tmp_path / "staging.yml"
    wrong.write_text((FOLDER / "staging.yml").read_text().replace('--to "$TO"', "--to ${{ inputs.to }}"))

    done = program("zizmor", "--offline", "--no-progress", str(wrong))

    assert done.returncode != 0
    assert "template-injection" in done.stdout


@pytest.mark.parametrize(
    ("branch", "starts"),
    [
        ("develop", True),
        ("v1", True),
        ("v2.3-rc", True),
        ("feature/x", False),
        ("v1/x", False),
        ("main", False),
    ],
)
def test_staging_starts_on_develop_and_version_branches(branch: str, starts: bool) -> None:
    assert load("staging.yml").starts_on_push(branch) is starts


def test_ci_starts_on_the_same_branches_besides_others() -> None:
    assert [load("ci.yml").starts_on_push(branch) for branch in ("develop", "v1", "main", "feature")] == [
        True,
        True,
        True,
        False,
    ]


def test_staging_tests_before_it_deploys_and_deploys_before_it_looks() -> None:
    jobs = load("staging.yml").jobs

    assert {name: list(job.needs) for name, job in jobs.items()} == {
        "test": [],
        "deploy-api": ["test"],
        "deploy-worker": ["deploy-api"],
        "deploy-frontend": ["deploy-worker"],
        "smoke-test": ["deploy-frontend"],
        "rollback": [],
    }


def test_a_push_deploys_and_a_hand_rolls_back() -> None:
    workflow = load("staging.yml")
    conditions = {name: job.body["if"] for name, job in workflow.jobs.items() if "if" in job.body}

    assert set(workflow.triggers) == {"push", "workflow_dispatch"}
    assert set(workflow.triggers["workflow_dispatch"]["inputs"]) == {"to"}
    assert conditions == {
        "test": "github.event_name == 'push'",
        "rollback": "github.event_name == 'workflow_dispatch'",
    }


def test_nothing_is_permitted_but_to_read(workflow: Workflow) -> None:
    assert workflow.body["permissions"] == {}
    assert [job.body["permissions"] for job in workflow.jobs.values()] == [{"contents": "read"}] * len(
        workflow.jobs
    )


def test_the_one_action_is_pinned_and_leaves_no_token_behind(workflow: Workflow) -> None:
    uses = [step for job in workflow.jobs.values() for step in job.steps if "uses" in step]
    comments = re.findall(r"uses: (\S+) # (v[\d.]+)", workflow.path.read_text())

    assert {step["uses"] for step in uses} == {CHECKOUT}
    assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", CHECKOUT)
    assert comments == [(CHECKOUT, "v5.0.0")] * len(uses)
    assert {step["with"]["persist-credentials"] for step in uses} == {False}


def test_deployments_never_overlap_and_none_is_broken_off() -> None:
    workflow = load("staging.yml")

    assert workflow.body["concurrency"] == {"group": "staging", "cancel-in-progress": False}
    assert [name for name, job in workflow.jobs.items() if "concurrency" in job.body] == []


def test_every_job_has_an_end(workflow: Workflow) -> None:
    assert all(0 < job.body["timeout-minutes"] <= 60 for job in workflow.jobs.values())


def test_every_step_is_one_command(workflow: Workflow) -> None:
    commands = [command for job in workflow.jobs.values() for command in job.commands]

    assert commands
    assert [one for one in commands if re.search(r"[;&|\n]|\$\(|`", one.strip())] == []


def test_no_expression_stands_in_a_command(workflow: Workflow) -> None:
    assert [one for job in workflow.jobs.values() for one in job.commands if inserted(one)] == []


def test_every_target_is_staging() -> None:
    jobs = load("staging.yml").jobs
    deploying = {name: job for name, job in jobs.items() if name != "test"}

    assert {job.body["environment"] for job in deploying.values()} == {"staging"}
    assert {tuple(job.body["runs-on"]) for job in deploying.values()} == {("self-hosted", "clipnet-staging")}
    assert "environment" not in jobs["test"].body
    assert targets.ENVIRONMENT == "staging"


def test_nothing_of_production_is_named(workflow: Workflow) -> None:
    text = workflow.path.read_text()

    refuse_names_of_production({str(number): one for number, one in enumerate(workflow.texts())})
    assert [word for word in ("production", "prod_", "--prod", "clipnet.ai") if word in text.lower()] == []


def test_every_address_id_and_token_comes_from_outside() -> None:
    given = {
        name: value
        for job in load("staging.yml").jobs.values()
        for env in (job.body.get("env", {}), *(step.get("env", {}) for step in job.steps))
        for name, value in env.items()
    }
    secrets = {name for name, value in given.items() if str(value).startswith("${{ secrets.")}

    assert secrets == {"RAILWAY_TOKEN", "VERCEL_TOKEN"}
    assert [name for name, value in given.items() if not inserted(str(value))] == []
    assert {*targets.RAILWAY, *targets.VERCEL} <= set(given)


def test_secrets_are_given_to_single_steps_only() -> None:
    jobs = load("staging.yml").jobs.values()

    assert "secrets." not in yaml.safe_dump([job.body.get("env", {}) for job in jobs])


@pytest.mark.parametrize(("context", "kind"), [("secrets", "secret"), ("vars", "variable")])
def test_what_must_be_given_is_documented(context: str, kind: str) -> None:
    assert named(load("staging.yml"), context) == documented(kind)
    assert named(load("ci.yml"), context) == set()


def test_every_command_of_ours_in_the_page_exists() -> None:
    from emulator.cli.ship import command

    assert set(re.findall(r"`ship (\w+)", PAGE)) == set(command.commands)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event_name == 'push'", True),
        ("github.event_name == 'PUSH'", True),
        ("github.event_name != 'push'", False),
        ("!(github.event_name == 'push')", False),
        ("github.event_name == 'push' && github.ref_name == 'main'", False),
        ("github.event_name == 'x' || github.ref_name == 'develop'", True),
        ("vars.EMPTY || 'other'", "other"),
        ("vars.PLACE && 'there'", "there"),
        ("vars.PLACE == 'it''s here'", True),
        ("true == false", False),
    ],
)
def test_expressions_are_evaluated_as_github_does(expression: str, value: object) -> None:
    assert evaluate(expression, CONTEXTS) == value


@pytest.mark.parametrize(
    "expression",
    [
        "always()",
        "startsWith(github.ref_name, 'v')",
        "vars.UNKNOWN",
        "runner.os == 'Linux'",
        "github.ref_name == true",
        "github.ref_name > 'a'",
        "(github.ref_name",
        "github.ref_name 'develop'",
        "",
        "github.ref_name ==",
    ],
)
def test_what_the_evaluator_does_not_know_it_refuses(expression: str) -> None:
    with pytest.raises(Refused):
        evaluate(expression, CONTEXTS)


def test_expressions_are_filled_into_texts() -> None:
    assert filled("at ${{ vars.PLACE }}${{vars.EMPTY}}!", CONTEXTS) == "at it's here!"
