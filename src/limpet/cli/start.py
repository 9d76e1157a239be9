"""`limpet start`: check everything, then run the session, in the background unless told otherwise."""

from __future__ import annotations

import logging
from pathlib import Path

from limpet.auth.modules.system import SystemModuleEnv
from limpet.cli.logs import open_log, set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import print_error, print_warnings
from limpet.config.credentials import environment_variables, scrubbed_environment, variables_of_modules
from limpet.config.options import GeneralOptions, Options
from limpet.errors import ConfigError, ExitCode, LimpetError
from limpet.server import daemon, sessiondir
from limpet.server.listeners import ListenPlan, PlanContext, plan_listeners
from limpet.server.main import SessionPlan, run_session
from limpet.server.session_options import auth_values, check_session, display_number
from limpet.server.setup import listener_setup
from limpet.values import Secret

log = logging.getLogger("limpet.cli.start")


def run(invocation: Invocation) -> int:
    """Start a session; returns when it is ready (in the background) or over (`--daemon=no`)."""
    options = invocation.options
    # until it is clear what must not be logged: warnings about files, for the terminal
    set_up_logging(GeneralOptions(), invocation.environment.secrets())
    number = display_number(invocation.arguments[0] if invocation.arguments else "")
    check_session(options.session)
    hidden = variables_of_modules(auth_values(options))
    modules = SystemModuleEnv(environment_variables(), base=Path.cwd(), hidden=hidden)
    context = PlanContext(
        environment=invocation.environment, modules=modules, base=Path.cwd(), command=("limpet", *invocation.words)
    )
    listen = plan_listeners(options, context)
    for listener in listen.listeners:
        # now, where the user can see what is wrong, and before anything runs
        listener_setup(listener, context.base, invocation.environment)
    print_warnings(listen.warnings)
    plan = SessionPlan(
        options=options,
        listen=listen,
        environment=invocation.environment,
        children=scrubbed_environment(drop={*hidden, "WAYLAND_DISPLAY", "XAUTHORITY"}, add=dict(options.session.env)),
        modules=modules,
        base=context.base,
        command=("limpet", *invocation.words),
        number=number,
    )
    secrets = _secrets(listen, invocation)
    return _in_background(plan, secrets) if options.session.daemon else _in_foreground(plan, secrets)


def _in_foreground(plan: SessionPlan, secrets: list[Secret]) -> int:
    set_up_logging(plan.options.general, secrets, level=logging.INFO)

    def ready(lines: tuple[str, ...]) -> None:
        if plan.options.general.log_file:
            _log(lines)
        for line in lines:
            print(f"limpet: {line}", flush=True)

    try:
        run_session(plan, sessiondir.create(plan.environment), ready)
    except OSError as error:
        raise _unusable(error) from error
    return 0


def _in_background(plan: SessionPlan, secrets: list[Secret]) -> int:
    end = daemon.detach()
    if isinstance(end, daemon.Report):
        return _told(end)
    redirected = False
    try:
        if plan.options.general.log_file:
            open_log(Path(plan.options.general.log_file)).close()  # whether it can be written, while nothing is there
        folder = sessiondir.create(plan.environment)
        where = plan.options.general.log_file or str(folder.log)
        daemon.redirect(Path(where))
        redirected = True
        set_up_logging(plan.options.general, secrets, level=logging.INFO, dated=True)

        def ready(lines: tuple[str, ...]) -> None:
            _log(lines)
            end.tell(daemon.Report((*lines, f"log: {where}")))

        run_session(plan, folder, ready)
    except (LimpetError, OSError) as caught:
        error = caught if isinstance(caught, LimpetError) else _unusable(caught)
        if redirected:  # before, the terminal would have it twice
            log.error("%s", error)  # noqa: TRY400 - an expected error: its text says all, a traceback would hide it
        end.tell(daemon.report_of(error))
        return int(error.exit_code)
    except Exception as caught:
        # nobody reads a background process's traceback but in its log
        log.exception("internal error")
        what = f"internal error: {type(caught).__name__}"
        end.tell(daemon.Report(error=what, hint="--daemon=no shows more", exit_code=int(ExitCode.INTERNAL_ERROR)))
        return int(ExitCode.INTERNAL_ERROR)
    return 0


def _log(lines: tuple[str, ...]) -> None:
    for line in lines:
        log.info("%s", line)


def _unusable(error: OSError) -> ConfigError:
    """The disk is full, a file cannot be written: nothing that a traceback would explain better."""
    where = f"{error.filename}: " if error.filename else ""
    return ConfigError(
        f"the session cannot run: {where}{error.strerror or error}",
        hint="$XDG_RUNTIME_DIR, /tmp and the log's directory need room and must be writable",
        exit_code=ExitCode.IO_ERROR,
    )


def _told(report: daemon.Report) -> int:
    for line in report.lines:
        print(f"limpet: {line}")
    if report.error:
        error = LimpetError(report.error, hint=report.hint)
        print_error(error)
    return report.exit_code


def _secrets(listen: ListenPlan, invocation: Invocation) -> list[Secret]:
    keys = [plan.aes.key for plan in listen.listeners if plan.aes is not None and plan.aes.key]
    values = [
        Secret(value.encode("utf-8", "surrogateescape"))
        for plan in listen.listeners
        for spec in plan.auth
        for name, value in spec.options.items()
        if name == "value"
    ]
    return [*keys, *values, *_option_secrets(invocation.options), *invocation.environment.secrets()]


def _option_secrets(options: Options) -> list[Secret]:
    return [secret for secret in (options.encryption.keydata, options.tls.key_password) if secret is not None]
