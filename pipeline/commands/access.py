"""Say from the command line who may come in, by API keys and logins, and see what visitors reported."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.commands.arguments import make_command_parser
from pipeline.commands.draw import BAD_INPUT, DONE, ENGINE, USAGE
from pipeline.errors import CroquisError, SettingError, StoreError
from pipeline.settings import Settings, add_setting_options, read_given_settings
from pipeline.store.keeper import Keeper
from pipeline.store.logins import Logins

if TYPE_CHECKING:
    from pipeline.store.history import History
    from pipeline.store.tables import ApiKey

DESCRIPTION = "Say who may come in. Where the store lies, CROQUIS_USER_DIR and CROQUIS_DATABASE say, as for the app."
EXIT_CODES = """exit codes:
  0  done
  2  usage: an option, or a setting of the machine, is wrong
  3  there is no such key or name, or one that is there already
  4  the store cannot be opened"""
SHOWN_ONCE = "This key is shown once; Croquis keeps its hash alone. Programs send it as Authorization: Bearer KEY."
ACTIONS = {  # name -> (argument, what it does)
    "add-key": ("NAME", "make an API key of that name and print it"),
    "keys": ("", "list the API keys"),
    "revoke-key": ("NAME", "let an API key work no more"),
    "add-login": ("NAME", "let somebody log in (CROQUIS_LOGIN=file), with a password that is asked for"),
    "logins": ("", "list who may log in"),
    "remove-login": ("NAME", "let somebody log in no more"),
    "reports": ("", "list what visitors reported and where the pictures lie, those that are not closed"),
    "undrawn": ("", "list the pictures that were accepted and never drawn, and why"),
    "close-report": ("NUMBER", "note that a report is dealt with; its picture goes with the last of its reports"),
}


def run_access(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do what the command line asks for; return the exit code."""
    try:
        given, settings = read_access_arguments(arguments, environment)
    except SettingError as error:
        return _fail(error, USAGE)
    try:
        with closing(Keeper(settings, str)) as keeper:
            list_actions(keeper, Logins(settings.logins_file))[given.action](getattr(given, "name", ""))
    except StoreError as error:
        return _fail(error, BAD_INPUT)
    except (CroquisError, OSError) as error:
        return _fail(error, ENGINE)
    return DONE


def read_access_arguments(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[argparse.Namespace, Settings]:
    """Read the command line. Raises SettingError, SystemExit for --help."""
    parser = make_command_parser("access", DESCRIPTION, EXIT_CODES)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (argument, meaning) in ACTIONS.items():
        action = actions.add_parser(name, help=meaning, description=f"{meaning[:1].upper()}{meaning[1:]}.")
        if argument:
            action.add_argument("name", metavar=argument)
        add_setting_options(action.add_argument_group("the machine"))
    given = parser.parse_args(list(arguments))
    return given, read_given_settings(given, environment)


def list_actions(keeper: Keeper, logins: Logins) -> Mapping[str, Callable[[str], None]]:
    """List what each action does with its argument."""

    def add_key(name: str) -> None:
        print(keeper.open().keys.make(name), flush=True)
        print(SHOWN_ONCE, file=sys.stderr)

    def revoke_key(name: str) -> None:
        keeper.open().keys.revoke(name)

    def add_login(name: str) -> None:
        logins.add(name, _ask_password())

    def list_logins(_: str) -> None:
        print(*logins.list_names(), sep="\n")

    def list_keys(_: str) -> None:
        _print_keys(keeper.open().keys.list_all())

    def list_reports(_: str) -> None:
        _print_reports(keeper.open())

    def list_undrawn(_: str) -> None:
        _print_undrawn(keeper.open())

    def close_report(number: str) -> None:
        _close_report(keeper.open(), number)

    return {
        "add-key": add_key,
        "keys": list_keys,
        "revoke-key": revoke_key,
        "add-login": add_login,
        "logins": list_logins,
        "remove-login": logins.remove,
        "reports": list_reports,
        "undrawn": list_undrawn,
        "close-report": close_report,
    }


def _print_keys(keys: Sequence[ApiKey]) -> None:
    for key in keys:
        until = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "works"
        print(f"{key.name}\tmade {key.made_at:%Y-%m-%d %H:%M}\t{until}")


def _print_reports(history: History) -> None:
    for report in history.records.list_reports():
        words = " ".join(report.words.split())
        file = history.reported.locate(report.picture)
        print(f"{report.number}\t{report.at:%Y-%m-%d %H:%M}\t{report.reason}\t{file}")
        print(f"\t{words}" if words else "", end="\n" if words else "")


def _print_undrawn(history: History) -> None:
    for job in history.jobs.list_dead():
        print(f"{job['when']}\t{job['engine'] or 'not begun'}\t{job['request'][:16]}\t{'; '.join(job['why'])}")


def _close_report(history: History, number: str) -> None:
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise StoreError(f"A report has a number; {number[:40]!r} came.")
    history.reported.close(int(number))


def _ask_password() -> str:
    """Ask for a password on the terminal, unseen; where there is none, take the first line that comes."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _fail(error: Exception, code: int) -> int:
    print(str(error), file=sys.stderr)
    return code
