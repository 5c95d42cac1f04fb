"""`duly policy …` and `duly template …`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from mailer import settings
from mailer.cli.context import InputRefused, guarded
from mailer.cli.opened import data_folder
from mailer.cli.output import Output, OutputOption, say, show
from mailer.cli.telling import tell
from mailer.flows.policies import Policies
from mailer.flows.policy_files import load_policies, load_policy
from mailer.reminders.policy import Policy, describe
from mailer.reminders.steps import CallTask, LetterTask
from mailer.rendering.catalogue import copy_template, list_templates
from mailer.rendering.check import check_templates
from mailer.rendering.environment import TemplateProblem
from mailer.rendering.renderer import Renderer
from mailer.settings import SettingsError

policy_app = typer.Typer(no_args_is_help=True)
template_app = typer.Typer(no_args_is_help=True)
NameOrFile = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A policy's name, or a TOML file.")]


def register(app: typer.Typer) -> None:
    """Add the two nouns to the command tree."""
    app.add_typer(policy_app, name="policy")
    app.add_typer(template_app, name="template")


@policy_app.command("list")
def list_policies(output: OutputOption = Output.TABLE) -> None:
    """List the policies; yours override the shipped ones. Example: duly policy list"""
    found = guarded(_policies)
    own = {path.stem for path in (data_folder() / "policies").glob("*.toml")}
    tags: dict[str, list[str]] = {}
    for tag, name in found.assignments.items():
        tags.setdefault(name, []).append(tag)
    rows = [
        {
            "policy": policy.name,
            "version": policy.version,
            "from": "yours" if name in own else "shipped",
            "steps": len(policy.steps),
            "used_for": ", ".join((["everybody else"] if name == found.default else []) + tags.get(name, [])),
        }
        for name, policy in sorted(found.by_name.items())
    ]
    show(rows, output, columns=("policy", "version", "from", "steps", "used_for"), empty="")


@policy_app.command("show")
def show_policy(name: NameOrFile, output: OutputOption = Output.TABLE) -> None:
    """Show a policy in plain words. Example: duly policy show standard"""
    policy = guarded(lambda: _named(name))
    words = describe(policy)
    row = {"policy": policy.name, "version": policy.version, "words": list(words)}
    tell(output, row, f"{policy.name}@{policy.version}", *(f"  {line}" for line in words))


@policy_app.command("check")
def check_policy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file; it need not be in place yet.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a policy file and that its templates exist. Example: duly policy check policies/strict.toml"""
    policy = guarded(lambda: _from_file(file))
    if missing := guarded(lambda: _missing_templates(policy)):
        guarded(lambda: _refuse(f"{file}: {'; '.join(missing)}: see `duly template list`"))
    row = {"file": str(file), "policy": policy.name, "version": policy.version, "ok": True}
    place = data_folder() / "policies" / file.name
    there = file.resolve() == place.resolve()
    tell(
        output,
        row,
        f"{file} is a policy of {len(policy.steps)} steps",
        *([] if there else [f"to use it: cp {file} {place}"]),
    )


@policy_app.command("diff")
def diff(one: NameOrFile, other: NameOrFile, output: OutputOption = Output.TABLE) -> None:
    """Show in plain words what differs between two policies. Example: duly policy diff standard my.toml"""
    before, after = guarded(lambda: (_named(one), _named(other)))
    changed = [line for line in difflib.ndiff(describe(before), describe(after)) if line.startswith(("- ", "+ "))]
    row = {
        "removed": [line[2:] for line in changed if line.startswith("- ")],
        "added": [line[2:] for line in changed if line.startswith("+ ")],
    }
    tell(output, row, *(changed or ["they say the same"]))


@template_app.command("list")
def list_all(
    *,
    layouts: Annotated[bool, typer.Option("--layouts", help="The layouts that others build on, too.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the templates and whose they are. Example: duly template list"""
    rows = [
        {
            "template": f"{one.template.group}/{one.template.name}",
            "language": one.template.language,
            "from": one.origin,
        }
        for one in list_templates(_own_templates())
        if layouts or not one.template.is_layout
    ]
    show(rows, output, columns=("template", "language", "from"), empty="")


@template_app.command("copy")
def copy(
    template: Annotated[str, typer.Argument(metavar="GROUP/NAME", help="Such as reminders/friendly.")],
    language: Annotated[str, typer.Option(help="Such as en or de; a new one starts with the English words.")] = "en",
    output: OutputOption = Output.TABLE,
) -> None:
    """Copy a template to your data folder, to change it there. Example: duly template copy reminders/friendly"""
    group, _, name = template.rpartition("/")
    written = guarded(lambda: copy_template(group or "reminders", name, language, _own_templates()))
    row = {"files": [str(path) for path in written]}
    tell(output, row, *(str(path) for path in written), "change them, then run `duly template check`")


@template_app.command("check")
def check_all(output: OutputOption = Output.TABLE) -> None:
    """Render every template with sample values, and say what is wrong. Example: duly template check"""
    problems = guarded(lambda: check_templates(Renderer(_own_templates())))
    many = sum(not one.template.is_layout for one in list_templates(_own_templates()))
    if problems and output is Output.TABLE:
        for problem in problems:
            say(problem)
        guarded(lambda: _refuse(f"{len(problems)} problems: mend these files below {_own_templates()}"))
    tell(output, {"ok": not problems, "problems": list(problems)}, f"all {many} templates can be used")
    if problems:
        raise typer.Exit(2)


def _own_templates() -> Path:
    return data_folder() / "templates"


def _policies() -> Policies:
    return load_policies(settings.load(data_folder()))


def _named(said: str) -> Policy:
    """Return the policy of a file when it looks like one, else of that name."""
    return _from_file(Path(said)) if said.endswith(".toml") or "/" in said else _policies().named(said)


def _from_file(file: Path) -> Policy:
    try:
        return load_policy(file)
    except SettingsError as problem:
        raise InputRefused(str(problem)) from problem
    except OSError as problem:
        raise InputRefused(f"{file} cannot be read: {problem.strerror}") from problem


def _missing_templates(policy: Policy) -> list[str]:
    """Return the templates that the policy names and that cannot be rendered in any language."""
    renderer = Renderer(_own_templates())
    missing = []
    for step in policy.steps:
        if isinstance(step, CallTask):
            continue
        group = "letters" if isinstance(step, LetterTask) else "reminders"
        try:
            renderer.language_for(group, step.template, "en")
        except TemplateProblem:
            missing.append(f"step {step.id!r}: there is no template {group}/{step.template}")
    return missing


def _refuse(why: str) -> None:
    raise InputRefused(why)
