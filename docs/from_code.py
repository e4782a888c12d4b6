"""Directives that write the reference of the command line and of the settings from the code itself.

``cli-reference`` walks the click group, ``settings-reference`` the fields of ``Settings``. A command, an option or
a setting without a word of explanation raises `Undocumented`, which breaks the build and a test.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective


class Undocumented(SphinxError):
    """Something that users can give has no explanation."""

    category = "Undocumented"


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The command with its path, and all commands below it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")


def command_rst(path: str, command: click.Command) -> list[str]:
    """One command as reStructuredText: usage, help, arguments and options."""
    if not (command.help or "").strip():
        raise Undocumented(f"the command {path!r} has no help")
    context = click.Context(command, info_name=path)
    lines = [path, "-" * len(path), "", f".. program:: {path}", "", "::", ""]
    lines += [f"    {line}" for line in command.get_usage(context).removeprefix("Usage: ").splitlines()]
    # \b keeps click from wrapping a paragraph; here its lines are kept as a block.
    for paragraph in inspect.cleandoc(command.help or "").replace("\f", "").split("\n\n"):
        kept = paragraph.startswith("\b\n")
        body = [escaped(line) for line in paragraph.removeprefix("\b\n").splitlines()]
        lines += ["", *([f"| {line}" for line in body] if kept else body)]
    lines += [""]
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            lines += option_rst(path, parameter, context)
    return [*lines, ""]


def option_rst(path: str, option: click.Option, context: click.Context) -> list[str]:
    """One option as reStructuredText."""
    if not (option.help or "").strip():
        raise Undocumented(f"the option {option.opts[-1]} of {path!r} has no help")
    value = "" if option.is_flag or option.count else f" <{option.make_metavar(context).strip('<>[]').lower()}>"
    names = ", ".join(f"{name}{value}" for name in (*option.opts, *option.secondary_opts))
    default = f" Default: ``{option.default}``." if option.show_default else ""
    return [f".. option:: {names}", "", f"    {escaped(' '.join((option.help or '').split()))}{default}", ""]


def escaped(text: str) -> str:
    """Text that reStructuredText takes as it stands."""
    return text.replace("\\", "\\\\").replace("*", r"\*").replace("`", r"\`").replace("|", r"\|").replace("_ ", r"\_ ")


def cli_rst() -> list[str]:
    """The whole command line."""
    from faultmaven_lib.cli import main

    return [line for path, command in commands(main, "faultmaven") for line in command_rst(path, command)]


def settings_rst() -> list[str]:
    """All settings: the variable, its type and default, and what it does."""
    from faultmaven_lib.settings import Settings

    said = ModuleAnalyzer.for_module("faultmaven_lib.settings").find_attr_docs()
    lines: list[str] = []
    for name, field in Settings.model_fields.items():
        explanation = " ".join(said.get(("Settings", name), [])).strip()
        if not explanation:
            raise Undocumented(f"the setting {name} has no docstring below it")
        kind = getattr(field.annotation, "__name__", str(field.annotation)).rsplit(".", 1)[-1]
        # A default that is computed depends on who asks; its docstring says what it is.
        default = "" if field.default_factory or field.default is None else f", default ``{field.default}``"
        lines += [f".. envvar:: FAULTMAVEN_{name.upper()}", "", f"    {explanation}", ""]
        lines += [f"    ``{kind}``{default}", ""]
    return lines


class CommandLine(SphinxDirective):
    """``.. cli-reference::``."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(cli_rst()), allow_section_headings=True)


class SettingsList(SphinxDirective):
    """``.. settings-reference::``."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(settings_rst()))


def without_routing(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave out the methods for metadata routing that scikit-learn adds to every estimator."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.connect("autodoc-skip-member", without_routing)
    app.add_directive("cli-reference", CommandLine)
    app.add_directive("settings-reference", SettingsList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
