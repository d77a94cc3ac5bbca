# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let a host enter maintenance, or exit it: the steps, and what is undone where one of them fails."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._engine.acts import FAILED, LIST, LOG_OFF, STAYED
from ..plugin_utils._engine.requests import LogoffRequest, SessionInfoRequest, milliseconds, request
from ..plugin_utils._grace import logoff, schedule
from ..plugin_utils._grace import options as grace_options
from ..plugin_utils._grace.host import TaskHost
from ..plugin_utils._grace.logoff import LogoffAction
from ..plugin_utils._grace.options import FAIL, LOGOFF, Grace
from ..plugin_utils._grace.period import END_PAUSES
from ..plugin_utils._launch.action import ConnectionLost, NotKnown
from ..plugin_utils._launch.failed import TaskFailed
from ..plugin_utils._logon_mode import modes
from ..plugin_utils._logon_mode.maintenance import maintenance_of, opening_command
from ..plugin_utils._maintenance import sentences
from ..plugin_utils._maintenance.engine import MaintenanceReport, MaintenanceRequest
from ..plugin_utils._options.durations import Duration
from ..plugin_utils._options.errors import OptionError
from ..plugin_utils._options.reason import checked_reason
from ..plugin_utils._options.selection import ARGUMENT_SPEC, Selection
from ..plugin_utils._result.records import Record
from ..plugin_utils._result.sentences import accounts_text, error_text
from ..plugin_utils._words.displayable import one_line

ENTERED = "entered"
PLANNED = "planned"
EXITED = "exited"
_STATE_WORDS = {
    **dict.fromkeys(("enter", "on", "yes", "true"), ENTERED),
    "plan": PLANNED,
    **dict.fromkeys(("exit", "off", "no", "false", "leave"), EXITED),
}
UNCHANGED = "unchanged"
PREVIOUS = "previous"
#: The modes of each state; the first is the default.
MODES = {
    ENTERED: ("drain", "drain_until_restart", "disabled", UNCHANGED),
    PLANNED: ("drain", "drain_until_restart", "disabled", UNCHANGED),
    EXITED: (PREVIOUS, "enabled"),
}
#: Which sessions may stay, and why. Whatever else selects sessions would narrow the proof that nobody is left.
WHO_MAY_STAY = ("exclude_users", "exclude_sessions", "unknown_exclusions")
_NOT_TAKEN = {
    spelling
    for name, option in ARGUMENT_SPEC.items()
    if name not in (*WHO_MAY_STAY, "idle_for")
    for spelling in (name, *option.get("aliases", ()))
} - {"state"}
#: Seconds. How long a host that is lost is waited for, to open it again.
PAUSES = END_PAUSES
LONGEST_CAUSE = 600  # characters
#: A variable of the role's own tasks: how the variables begin by which it takes the options.
_PREFIX = "_maintenance_prefix"
#: Results in a plan of those who are on, as long as nothing is done.
_STILL_ON = (LOG_OFF.planned, STAYED)


class NothingDone(TaskFailed):
    """The host was not closed."""


class OpenedMeanwhile(TaskFailed):
    """The host was closed, and is not any more."""


class ActionModule(LogoffAction):
    ARGUMENT_SPEC: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "state": {
            "type": "str",
            "choices": [ENTERED, PLANNED, EXITED],
            "required": True,
            "meant": _STATE_WORDS,
        },
        "mode": {
            "type": "str",
            "choices": [*dict.fromkeys(mode for state in MODES.values() for mode in state)],
            "meant": modes.mode_meant,
        },
        "keep_closed": {"type": "bool", "default": False},
        **{name: ARGUMENT_SPEC[name] for name in (*WHO_MAY_STAY, "idle_for")},
        **grace_options.ARGUMENT_SPEC,
        # A host with somebody on it is not in maintenance, so that leaving them is no choice.
        "at_deadline": {**grace_options.ARGUMENT_SPEC["at_deadline"], "choices": [LOGOFF, FAIL]},
        **logoff.ARGUMENT_SPEC,
        "timeout": {"type": Duration("give no session the time to log off")},
    }

    #: The role omits what it is not given: this may be said for a whole play, and spares somebody, or tells why.
    NOT_OMITTED: ClassVar[Sequence[str]] = ("idle_for", "reason")

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        prefix = self._task.vars.get(_PREFIX)
        if prefix and result.get("failed"):
            result["msg"] += sentences.variables_text(result["msg"], [*self.ARGUMENT_SPEC], prefix, task_vars or {})
        elif prefix:
            # No variable tells the role of it.
            result["handlers_are_forced"] = bool(self._task.get_play().force_handlers)
        return result

    def validated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        # Those of module_defaults for the whole group come with the task's own.
        narrowing = sorted(given.keys() & _NOT_TAKEN)
        if narrowing:
            raise OptionError(
                f"{', '.join(narrowing)}: a host enters maintenance as a whole, so this module takes nothing that "
                "selects sessions or servers, also not from module_defaults. Say by exclude_users and exclude_sessions "
                "who may stay, and by the hosts of the play which hosts are meant"
            )
        return super().validated(given)

    def run_task(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["mode"] not in (None, *MODES[options["state"]]):
            raise OptionError(
                f"mode={options['mode']} is not for state={options['state']}; accepted are "
                f"{', '.join(MODES[options['state']])}"
            )
        if _PREFIX in self._task.vars:
            self._refuse_half_a_check_mode()
        self._options = options
        self._task_vars = task_vars
        self._reason = checked_reason(options)
        self._mode = options["mode"] or MODES[options["state"]][0]
        self._host = self.host_name(task_vars)
        self._command = opening_command(self._host, task_vars)
        return self._exit() if options["state"] == EXITED else self._enter()

    def _refuse_half_a_check_mode(self) -> None:
        """:raises OptionError: the tasks of the role are in check mode, and would notify handlers that are not."""
        play = self._task.get_play()
        handlers = [handler for block in play.handlers for handler in block.block if not handler.check_mode]
        if self._task.check_mode and not play.check_mode and handlers:
            raise OptionError(
                f"the role is in check mode, and handlers of the play are not, such as {handlers[0].get_name()!r}: "
                "they would be done for real, with users on the host. Let the whole play be in check mode (--check)"
            )

    # ---- entering

    def _enter(self) -> dict[str, Any]:
        options = self._options
        is_planned, check_mode = options["state"] == PLANNED, self._task.check_mode
        may_stay = {name: options[name] for name in WHO_MAY_STAY} | {"all": True}
        self._everybody = Selection.from_options(may_stay)
        self._selection = Selection.from_options({**may_stay, "idle_for": options["idle_for"]})
        self._grace = Grace.from_options(options)
        self._logoff = self.logoff_request(options, self._selection, check_mode=check_mode)
        plan = self._plan()
        self._planned = [record for record in plan["sessions"] if record["result"] == LOG_OFF.planned]
        tells = self._grace if self._grace and self._grace.message is not None and not is_planned else None
        close = MaintenanceRequest(
            check_mode=check_mode,
            enter=True,
            write_mode=not is_planned,
            keep_promise=self._logs_off_at_once,
            promise_ms=milliseconds(tells.seconds) if tells else 0,
            reason=self._reason,
            host=self._host,
            command=self._command,
            attempt=secrets.token_hex(8),
            trace=self._trace(options["state"]),
            **modes.REGISTRY.get(self._mode, {}),
        )
        try:
            if check_mode or is_planned:
                closing = self._launch(close)
                return self._told({**plan, **self._closed(closing), "remaining": plan["excluded"]}, closing)
            host = TaskHost(self, self._task_vars)
            with host.telling_if_interrupted(lambda: f"{self._host}: {self._stays_text}"):
                return self._close_and_empty(close, host)
        except NothingDone as refused:
            on = [record | {"result": LIST.planned} for record in plan["sessions"] if record["result"] in _STILL_ON]
            refused.result["remaining"] = [*on, *plan["excluded"]]
            raise

    @property
    def _logs_off_at_once(self) -> bool:
        return self._grace is None and bool(self._planned)

    def _plan(self) -> dict[str, Any]:
        """Return the result of the logoff in check mode.

        :raises TaskFailed: it could not succeed, or somebody would stay.
        """
        plan = self._log_off(replace(self._logoff, check_mode=True))
        protected = [record for record in plan["sessions"] if record["result"] == "protected"]
        nothing_done = {**plan, "changed": False}
        if plan.get("failed"):
            if not any(server["error"] for server in plan["servers"]):
                failing = [record for record in plan["sessions"] if record["result"] in FAILED]
                nothing_done["remaining"] = [*protected, *failing, *plan["excluded"]]
            raise TaskFailed(
                **{**nothing_done, "msg": f"Nothing was done here, as it could not succeed: {plan['msg']}"}
            )
        working = []
        if self._options["idle_for"] is not None:
            planned = {_logon(record) for record in plan["sessions"]}
            working = [record for record in self._left()["sessions"] if _logon(record) not in planned]
        if protected or working:
            msg = sentences.stays_text(protected, working, self._options["idle_for"])
            remaining = [*protected, *working, *plan["excluded"]]
            raise TaskFailed(**{**nothing_done, "remaining": remaining, "msg": msg})
        return plan

    def _close_and_empty(self, close: MaintenanceRequest, host: TaskHost) -> dict[str, Any]:
        """Close the host, log everybody off who may not stay, and look who is left. Where a step fails, undo it."""
        closing: MaintenanceReport | None = None
        self._done: dict[str, Any] = {}
        self._sessions_changed = False
        try:
            closing = self._launch(close)
            self._done = self._closed(closing)
            self._require_mode(closing)
            self._empty()
            if self._grace:
                self._require_still_closed(close)
        except NothingDone:
            raise
        except BaseException as error:
            if closing is None and not isinstance(error, (NotKnown, ConnectionLost)) and not self.is_timeout(error):
                raise  # the host was not closed
            if not isinstance(error, Exception) and not self.is_timeout(error):
                raise  # Ansible ends
            raise self._undone(error, close, closing, host) from None
        return self._told(self._done, closing)

    def _empty(self) -> None:
        """Log off, and look who is left.

        :raises TaskFailed: not everybody could be logged off, or somebody is left.
        """
        logged_off = self._log_off(self._logoff)
        self._sessions_changed = logged_off["changed"]
        self._done |= {**logged_off, "changed": self._done["changed"] or logged_off["changed"]}
        try:
            left = self._left()
        except Exception:
            if logged_off.get("failed"):
                raise TaskFailed(logged_off["msg"]) from None
            raise
        self._done["remaining"] = [*left["sessions"], *left["excluded"]]
        if logged_off.get("failed"):
            raise TaskFailed(logged_off["msg"])
        if left["sessions"]:
            raise TaskFailed(
                f"Still on: {accounts_text(left['sessions'])}. They have got on meanwhile, or were not to be logged "
                "off any more: run the task again, or name in exclude_users who may stay."
            )

    def _log_off(self, asked: LogoffRequest) -> dict[str, Any]:
        return self.log_off(asked, self._grace, self._options, self._task_vars)

    def _left(self) -> dict[str, Any]:
        """Return who is on; and who is on and may stay (``excluded``).

        :raises TaskFailed: the host does not tell.
        """
        asked = request(SessionInfoRequest, self._everybody, check_mode=True)
        left = self.session_result(self.run_look(asked, self._task_vars), asked, self._task_vars)
        if left.get("failed"):
            raise TaskFailed(f"who is on the host is not known: {left['msg']}")
        return left

    def _closed(self, report: MaintenanceReport) -> dict[str, Any]:
        """Return the result of the host's being closed.

        :raises NothingDone: it was not, and nothing is remembered there.
        """
        check_mode = self._task.check_mode
        previous, mode = modes.mode_of(report.before), modes.mode_of(report.after)
        if check_mode and self._mode != UNCHANGED and self._options["state"] == ENTERED:
            mode = self._mode
        maintenance = maintenance_of(report.record)
        was_in = maintenance_of(report.found) is not None and (report.went_on or check_mode)
        result = {
            "changed": bool(report.written) or not was_in or mode != previous,
            "previous_mode": previous,
            **modes.state_of(mode),
            "maintenance": maintenance,
            "error": sentences.error_result(report),
        }
        refusal = sentences.refusal_text(report, self._host)
        if refusal is None and maintenance is None:
            refusal = sentences.refused_text(report, "the host could not be closed to new logons, and is as it was")
        if refusal is None and self._logs_off_at_once and report.promised_ms:
            refusal = sentences.promise_refusal_text(report, self._planned)
        if refusal:
            raise NothingDone(**{**result, "changed": False, "msg": refusal})
        if self._grace and self._planned:
            text = sentences.promise_warning(report, self._grace.seconds)
            self.warn(f"{self._host}: {text}" if text else None)
        return result

    def _require_mode(self, report: MaintenanceReport) -> None:
        """:raises TaskFailed: the mode was not written, or something else has set it again."""
        refused = sentences.refused_text(report, "the host could not be closed to new logons")
        if refused:
            raise TaskFailed(refused)
        if self._mode not in (UNCHANGED, modes.mode_of(report.after)):
            raise TaskFailed(
                f"{self._mode} was written, and the logon mode is {sentences.mode_text(report)} Look for what else "
                "sets it: a policy, a script, a connection broker."
            )

    def _require_still_closed(self, close: MaintenanceRequest) -> None:
        """:raises OpenedMeanwhile: during the grace period the host was opened, by its restart, or by somebody."""
        now = self._launch(replace(close, check_mode=True))
        is_in, state = maintenance_of(now.record), modes.state_of(modes.mode_of(now.after))
        self._done |= {**state, "maintenance": is_in}
        if is_in is None or (self._mode != UNCHANGED and state["accepts_logons"] is not False):
            raise OpenedMeanwhile(
                "The host did not stay closed: somebody has opened it meanwhile, or a restart has ended "
                "drain_until_restart."
            )

    def _told(self, result: dict[str, Any], report: MaintenanceReport) -> dict[str, Any]:
        """Return the result of a host that is in maintenance, or would be, with its sentence."""
        check_mode = self._task.check_mode
        planned, waited_for = (
            [record for record in result["sessions"] if record["result"] == wanted]
            for wanted in (LOG_OFF.planned, STAYED)
        )
        if check_mode and self._options["state"] == ENTERED:
            result["changed"] = result["changed"] or bool(planned)
        if self._task.diff:
            result["diff"] = [modes.diff_of(result), result["diff"]]
        return {
            **result,
            "msg": " ".join(
                (
                    sentences.begun_text(report, is_planned=self._options["state"] == PLANNED, check_mode=check_mode),
                    *sentences.on_texts(planned, waited_for, result["remaining"]),
                    sentences.mode_meaning(result["mode"], check_mode=check_mode),
                )
            ),
        }

    # ---- where it fails

    def _undone(
        self, error: BaseException, close: MaintenanceRequest, closing: MaintenanceReport | None, host: TaskHost
    ) -> BaseException:
        """Open a host again that this task has closed. Return the failure, which says how the host is then."""
        timed_out = self.is_timeout(error)
        own = {**error.result} if isinstance(error, TaskFailed) else {}
        own.pop("deadline", None)  # a grace period was cut off before it; the role takes one that it is told for over
        in_doubt = self.in_doubt.may_change if timed_out and self.in_doubt else False
        self._sessions_changed |= bool(own.get("changed") or getattr(error, "may_have_changed", in_doubt))
        words = own.get("msg") or one_line(error, LONGEST_CAUSE)
        if timed_out:
            words = f"the task's keyword timeout ({self._task.timeout}s) ended it"
            own = {"timedout": {"period": self._task.timeout}}
        stays, report = self._stays_text, None
        # Who is on after the deadline is waited for by the next run: a host that lets users in again never empties.
        is_over = self._options["at_deadline"] == FAIL and "deadline" in self._done
        if isinstance(error, OpenedMeanwhile):
            stays, report = self._opened_again(close, host, is_known=True)
        elif self._options["keep_closed"] or is_over:
            pass
        elif closing is not None and closing.went_on:
            stays = f"The host was in maintenance before, and stays so. To open it: {self._command}"
        else:
            stays, report = self._opened_again(close, host, is_known=closing is not None)
        failed = {**self._done, **own, "changed": self._sessions_changed or report is None}
        if closing is None:
            failed["changed"] = report is None
        if report is not None:
            failed |= {**modes.state_of(modes.mode_of(report.after)), "maintenance": maintenance_of(report.record)}
        text = f"{words.rstrip('. ')}. {stays}"
        if isinstance(error, AnsibleConnectionFailure):
            lost = ConnectionLost(text)
            lost.may_have_changed = failed["changed"]
            return lost
        return TaskFailed(**{**failed, "msg": text})

    def _opened_again(
        self, close: MaintenanceRequest, host: TaskHost, *, is_known: bool
    ) -> tuple[str, MaintenanceReport | None]:
        """Return how the host is then, in words, and the report; None: it is not what it was before.

        :param is_known: whether the host has told that it was closed. Where not, it may still be about to be.
        """
        undo = replace(
            close,
            enter=False,
            drain_mode=None,
            winstations_disabled=None,
            keep_promise=False,
            promise_ms=0,
            reason=None,
            trace=self._trace(EXITED),
        )
        failure = ""
        for pause in (0.0 if is_known else PAUSES[0], *PAUSES):
            if pause:
                schedule.clock.sleep(pause)
            try:
                host.disconnect()
                host.connect()
                report = self._launch(undo)
            except Exception as error:  # connection plugins let the exceptions of their libraries through
                failure = one_line(error, LONGEST_CAUSE)
                continue
            if report.error:
                failure = error_text(sentences.error_result(report) or {})
                break
            if maintenance_of(report.record) is not None:
                return f"The host is in maintenance by another task, and stays so. To open it: {self._command}", report
            return f"The host is as it was before: its logon mode is {sentences.mode_text(report)}", report
        return f"{self._stays_text} (It could not be opened again: {failure})", None

    @property
    def _stays_text(self) -> str:
        return f"The host stays in maintenance, and may accept no new logons. To open it: {self._command}"

    # ---- exiting

    def _exit(self) -> dict[str, Any]:
        check_mode = self._task.check_mode
        values: dict[str, Any] = modes.REGISTRY[self._mode] if self._mode != PREVIOUS else {}
        asked = MaintenanceRequest(
            check_mode=check_mode, enter=False, host=self._host, command=self._command, trace=self._trace(EXITED)
        )
        try:
            report = self._launch(replace(asked, **values))
        except ConnectionLost:
            raise
        except AnsibleConnectionFailure as error:
            words = one_line(error, LONGEST_CAUSE).rstrip(". ")
            raise AnsibleConnectionFailure(f"{words}. The host may stay closed. To open it: {self._command}") from None
        mode = modes.mode_of(report.after)
        if check_mode and (found := maintenance_of(report.found)):
            mode = sentences.mode_after(report, found, self._mode if values else None)
        result = {
            "changed": report.found is not None and (check_mode or report.record is None or bool(report.written)),
            "previous_mode": modes.mode_of(report.before),
            **modes.state_of(mode),
            "maintenance": maintenance_of(report.record),
            "error": sentences.error_result(report),
        }
        refusal = sentences.refusal_text(report, self._host)
        if refusal:
            raise TaskFailed(**{**result, "changed": False, "msg": refusal})
        refused = sentences.refused_text(report, "the logon mode could not be set back")
        if refused:
            raise TaskFailed(
                **{**result, "msg": f"{refused} {sentences.still_text(report)}To open it: {self._command}"}
            )
        if self._task.diff:
            result["diff"] = modes.diff_of(result)
        result["msg"] = sentences.exit_text(report, result["mode"], check_mode=check_mode)
        self.say(result["msg"])
        if report.found is not None and mode != "enabled" and not check_mode:
            self.warn(f"{self._host} accepts no new logons: its logon mode is {sentences.mode_text(report)}")
        return result

    def _trace(self, state: str) -> str:
        return self.trace(self._reason, "written", state=state)

    def _launch(self, asked: MaintenanceRequest) -> MaintenanceReport:
        return self.launch(asked, self._task_vars)


def _logon(record: Record) -> tuple[Any, ...]:
    return record["id"], record["account"], record["logon_time"]
