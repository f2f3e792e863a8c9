"""The command line: loads only the command that is called, so that no floor imports upward."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

import click

from paidan.errors import PaidanError

GROUP = "paidan.commands"
EXTRAS = {"train": "train", "serve": "serve"}


@dataclass(frozen=True)
class Context:
    """What every command gets: the workspace folder."""

    home: Path


class Commands(click.Group):
    """Finds commands among the installed entry points and loads the one that is called."""

    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(self._points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        point = self._points().get(cmd_name)
        if point is None:
            return None
        try:
            command = point.load()
        except ModuleNotFoundError as error:
            extra = EXTRAS.get(point.value.split(".", 1)[0])
            if extra is None or (error.name or "").split(".")[0] in ("paidan", "train", "serve"):
                raise
            raise click.ClickException(
                f"`paidan {cmd_name}` needs {error.name}, which is not installed. Install paidan[{extra}]"
            ) from None
        if not isinstance(command, click.Command):
            raise click.ClickException(f"the entry point of `{cmd_name}` is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            try:
                command = self.get_command(ctx, name)
            except click.ClickException as error:
                rows.append((name, f"({error.message})"))
                continue
            rows.append((name, command.get_short_help_str(80) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("paidan"), prog_name="paidan")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="PAIDAN_HOME",
    help="The workspace folder; default: the current one.",
)
@click.pass_context
def cli(ctx: click.Context, home: Path | None) -> None:
    """派单: reads a Chinese customer message and says which desk must answer it, by when, and how sure it is.

    Example: paidan --home ~/acme status
    """
    ctx.obj = Context((home or Path.cwd()).resolve())


def main() -> None:
    """Entry point of the console script: a person's mistake is a sentence and exit code 1, never a trace."""
    # Quiet by the user's wish of privacy: MLflow would report home at import.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        # Without standalone mode click returns the code of `ctx.exit(code)` instead of leaving.
        code = cli(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except PaidanError as error:
        click.echo(f"paidan: {error}", err=True)
        sys.exit(1)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\npaidan: stopped. Nothing that was finished is lost.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
