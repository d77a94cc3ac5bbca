# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins that select sessions share: one launch of an engine, and the result that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ._engine.acts import LIST
from ._engine.report import Report, Session
from ._engine.requests import EngineRequest
from ._launch.failed import TaskFailed
from ._options.logons import Logon
from ._options.selection import Selection
from ._result.attempts import as_one, in_doubt, takes_newcomers
from ._result.records import (
    Error,
    Record,
    ServerRecords,
    gone_records,
    own_error,
    server_records,
    summarize,
    windows_error,
)
from ._result.sentences import (
    aliases_text,
    error_text,
    failure_reasons,
    failure_text,
    foreign_record_text,
    names_text,
    not_found_text,
    session_diff,
    session_text,
    spared_records_text,
    summary_text,
    unknown_exclusions_text,
    unused_patterns_texts,
    unused_sessions_texts,
)
from ._result.traced import TracedAction


def _unexplained(session: Session) -> Error:
    return own_error("Windows was not done in time", "Run the task again to see what became of the session.")


class SessionAction(TracedAction):
    """Base of the action plugins that select sessions."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if "sessions" in result and not result.get("failed"):
            self.say(result["msg"])
        return result

    def whom_to_act_on(self, options: Mapping[str, Any]) -> Selection:
        """Return whom a task means that changes sessions: whoever an earlier task has spared, which a record among its
        results says, is spared by it, too; and so is the console, unless this task may touch it.

        :raises OptionError: as :meth:`Selection.from_options`.
        """
        selection = Selection.from_options(options)
        logons = (one for one in selection.sessions if isinstance(one, Logon))
        spared = tuple(one for one in logons if one.was_spared or (one.was_protected and options["protect_console"]))
        self.warn(spared_records_text(spared))
        return replace(selection, exclude_sessions=(*selection.exclude_sessions, *spared))

    def run_engine(self, request: EngineRequest, task_vars: dict[str, Any]) -> Report:
        """Launch an engine of sessions on the target, once, and return its report.

        :raises NotKnown: the engine may have run, and no report came that can be read.
        :raises TaskFailed: nothing was touched: it was not launched, an account could not be looked up, or an exclusion
            means nobody.
        :raises AnsibleConnectionFailure: the host is not reached.
        """
        before = self.attempts
        asked = replace(
            request,
            logons=request.logons or in_doubt(before.report),
            exclude_logons=(*before.spared,),
            newcomers=request.newcomers and takes_newcomers(before.report, request),
        )
        report = self.launch(asked, task_vars)
        before.spared |= dict.fromkeys(logon for server in report.servers for logon in server.spared)
        if report.error:
            raise TaskFailed(
                f"an account could not be looked up, so nobody was touched: {error_text(windows_error(report.error))}"
            )
        if report.foreign_record:
            names = [server or self.host_name(task_vars) for server in request.servers]
            raise TaskFailed(foreign_record_text(report.foreign_record, names))
        if report.unknown_exclusions:
            raise TaskFailed(
                unknown_exclusions_text(
                    [(request.label(f"exclude_users:{each.position}")[1], each) for each in report.unknown_exclusions]
                )
            )
        return report

    def run_look(self, request: EngineRequest, task_vars: dict[str, Any]) -> Report:
        """As :meth:`run_engine`, without the sessions that have ended during the look."""
        report = self.run_engine(request, task_vars)
        servers = (
            replace(server, sessions=tuple(s for s in server.sessions if s.result != "already_gone"))
            for server in report.servers
        )
        return replace(report, servers=tuple(servers))

    def session_result(
        self,
        report: Report,
        request: EngineRequest,
        task_vars: Mapping[str, Any],
        explain: Callable[[Session], Error] = _unexplained,
        warnings: Mapping[str, int] | None = None,
        told: Mapping[str, Record] | None = None,
    ) -> dict[str, Any]:
        """Return the result of a task, which says itself whether it failed, and tell of each session with ``-v``.

        :param request: what was asked for in the first place.
        :param explain: says why a session timed out or failed, where Windows gave no error.
        :param warnings: how many warnings of the grace period each logon got.
        :param told: what else the record of a logon says.
        """
        if request.act is not LIST and not request.check_mode:
            self.attempts.report = report = as_one(self.attempts.report, report, request.act)
        servers = [
            server_records(server, request, self.host_name(task_vars), explain, warnings or {}, told)
            for server in report.servers
        ]
        self._say_each(servers)
        records = [record for server in servers for record in server.records]
        found = {match for server in servers for match in server.found}
        gone = gone_records(report, request, found)
        for record in gone:
            self.say(session_text(record))
        records += gone
        recorded = {str(logon) for logon in request.recorded.values()}
        not_found = [value for value in request.not_in(found, "sessions", "users") if value not in recorded]
        unused = request.not_in(found, "exclude_sessions", "exclude_users")
        if unused:
            self.say(f"exclusions that fitted no session: {names_text(unused)}")
        result: dict[str, Any] = {
            "changed": any(server.changed for server in servers),
            "sessions": records,
            "not_found": not_found,
            "excluded": [record for server in servers for record in server.excluded],
            "unused_exclusions": unused,
            "servers": [{"server": server.name, "error": server.error} for server in servers],
            "summary": summarize(records, request.act),
            "msg": summary_text(records, not_found),
        }
        if self._task.diff and request.act.done:
            result["diff"] = session_diff(records, request.act)
        reasons = failure_reasons(servers, records)
        # A server that could not be asked may have the session. The failure of that server is told instead.
        if not_found and request.must_be_found and not any(server.error for server in servers):
            names = names_text(not_found)
            reasons.append(f"not found: {names} (missing=fail). Check the names, or leave missing out.")
        if reasons:
            return {**result, "failed": True, "msg": failure_text(reasons, records, not_found)}
        several_hosts = len(task_vars.get("ansible_play_hosts_all", ())) > 1
        self.warn(aliases_text(report.servers))
        # Who is on somewhere is found there, which no host can tell of the others: the callback does, at the end.
        if missing := not_found_text(not_found, request.not_in(found, "sessions")):
            (self.say if several_hosts else self.warn)(missing)
        typed = [value for value in request.not_in(found, "exclude_sessions") if value not in recorded]
        unused_texts = unused_sessions_texts(typed, several_hosts)
        if request.check_mode:  # who looks first is to see it; each night it would be said in vain
            unused_texts += unused_patterns_texts(request.not_in(found, "exclude_users"), several_hosts)
        for text in unused_texts:
            self.warn(text)
        return result

    def nobody_result(self, request: EngineRequest, option: str) -> dict[str, Any]:
        """Return the result of a task that means nobody, for which no host is asked.

        :param request: what would have been asked.
        :param option: the empty list.
        """
        result: dict[str, Any] = {
            "changed": False,
            "sessions": [],
            "not_found": [],
            "excluded": [],
            "unused_exclusions": [],
            "servers": [],
            "summary": summarize([], request.act),
            "msg": f"Nobody was meant: {option} is an empty list.",
        }
        return {**result, "diff": session_diff([], request.act)} if self._task.diff and request.act.done else result

    def _say_each(self, servers: list[ServerRecords]) -> None:
        for server in servers:
            if server.error:
                self.say(f"{server.name}: {error_text(server.error)}")
        for records in ([server.records for server in servers], [server.excluded for server in servers]):
            for record in (record for of_server in records for record in of_server):
                self.say(session_text(record))
