# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One runspace pool: the messages of a client go in, those of PowerShell come out ([MS-PSRP], by psrpcore).

A pipeline here is one script, with text as its input and its output. ``exit`` and ``$host.SetShouldExit()`` reach the
client as a call of its host, as they do from Windows.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import psrpcore
from psrpcore.types import ErrorCategoryInfo, HostMethodIdentifier, NETException, add_note_property

#: With its envelope it stays below the 8192 bytes that every client accepts. (Windows sends up to 32768.)
_FRAGMENT_BYTES = 4096


class PoolError(ValueError):
    """What arrived is not PSRP."""


@dataclass(frozen=True)
class PipelineStarted:
    """Run this script."""

    pipeline_id: str
    script: str


@dataclass(frozen=True)
class PipelineRefused:
    """The pipeline is one that is not simulated."""

    pipeline_id: str
    reason: str


@dataclass(frozen=True)
class PipelineInput:
    """An object for the input of a pipeline, as text; None: the input has ended."""

    pipeline_id: str
    text: str | None


Event = PipelineStarted | PipelineRefused | PipelineInput

_SetsRunspaces = TypeVar("_SetsRunspaces", psrpcore.SetMaxRunspacesEvent, psrpcore.SetMinRunspacesEvent)


class _AnyCase(psrpcore.ServerRunspacePool):
    """PowerShell finds properties in any case; psrpcore wants ``ci`` as [MS-PSRP] 2.2.2.6 has it, and pypsrp writes
    ``CI``. For these two messages psrpcore has no public place to mend it.
    """

    def _process_SetMaxRunspaces(self, event: psrpcore.SetMaxRunspacesEvent) -> None:
        super()._process_SetMaxRunspaces(_with_call_id(event))

    def _process_SetMinRunspaces(self, event: psrpcore.SetMinRunspacesEvent) -> None:
        super()._process_SetMinRunspaces(_with_call_id(event))


def _with_call_id(event: _SetsRunspaces) -> _SetsRunspaces:
    properties = {prop.name.lower(): prop for prop in event._ps_object.PSObject.extended_properties}
    if properties["ci"].name != "ci":
        add_note_property(event._ps_object, "ci", properties["ci"].get_value(event._ps_object))
    return event


class RunspacePool:
    """A runspace pool that its client opens with these fragments.

    :raises PoolError: they do not open one.
    """

    def __init__(self, opening: bytes) -> None:
        self._pool = _AnyCase()
        self._outgoing: list[tuple[str, bytes]] = []
        self._written: defaultdict[tuple[str, str], bytearray] = defaultdict(bytearray)
        list(self.receive(opening))
        if self._pool.state != psrpcore.types.RunspacePoolState.Opened:
            raise PoolError("the first fragments do not open a runspace pool")

    def add_pipeline(self, pipeline_id: str) -> None:
        """Make a pipeline known, whose messages follow.

        :raises PoolError: the ID is no UUID.
        """
        try:
            psrpcore.ServerPipeline(self._pool, uuid.UUID(pipeline_id))
        except ValueError as error:
            raise PoolError(str(error)) from error

    def receive(self, fragments: bytes) -> Iterator[Event]:
        """Take what a client sent.

        :raises PoolError: it is not PSRP.
        """
        default = psrpcore.StreamType.default
        try:
            self._pool.receive_data(psrpcore.PSRPPayload(fragments, default, None))
            while (event := self._pool.next_event()) is not None:
                yield from self._translate(event)
        except Exception as error:  # psrpcore lets pass whatever reading a malformed message raises
            raise PoolError(f"{type(error).__name__}: {error}") from error

    def write(self, pipeline_id: str, stream: str, data: bytes) -> None:
        """Add to what a pipeline's program wrote to ``stdout`` or ``stderr``."""
        self._written[pipeline_id, stream] += data

    def finish(self, pipeline_id: str, exit_code: int) -> None:
        """End a pipeline with what its program wrote: a line of stdout is an object, one of stderr an error record."""
        pipeline = self._started(pipeline_id)
        for line in self._lines(pipeline_id, "stdout"):
            pipeline.write_output(line)
            self._collect()
        for line in self._lines(pipeline_id, "stderr"):
            _write_native_error(pipeline, line)
            self._collect()
        if exit_code:
            pipeline.host_call(HostMethodIdentifier.SetShouldExit, [exit_code])
            self._collect()
        pipeline.complete()
        self._collect()

    def stop(self, pipeline_id: str) -> None:
        """End a pipeline at its client's wish."""
        self._started(pipeline_id).stop()
        self._collect()

    def take_outgoing(self) -> list[tuple[str, bytes]]:
        """Return the fragments that nobody took yet, each with its pipeline's ID; ``""``: it is the pool's own."""
        taken, self._outgoing = self._outgoing, []
        return taken

    def _started(self, pipeline_id: str) -> psrpcore.ServerPipeline:
        pipeline = self._pool.pipeline_table[uuid.UUID(pipeline_id)]
        pipeline.start()
        self._pool.data_to_send()  # "running", which Windows does not send (recorded: pypsrp's tests)
        return pipeline

    def _lines(self, pipeline_id: str, stream: str) -> list[str]:
        text = self._written.pop((pipeline_id, stream), b"").decode(errors="replace").replace("\r\n", "\n")
        return text.removesuffix("\n").split("\n") if text else []

    def _collect(self) -> None:
        while (payload := self._pool.data_to_send(_FRAGMENT_BYTES)) is not None:
            pipeline_id = str(payload.pipeline_id).upper() if payload.pipeline_id else ""
            self._outgoing += ((pipeline_id, fragment) for fragment in _split(payload.data))

    def _translate(self, event: psrpcore.PSRPEvent[Any, Any]) -> Iterator[Event]:
        pipeline_id = str(event.pipeline_id).upper()
        match event:
            case psrpcore.CreatePipelineEvent():
                pipeline = event.pipeline
                commands = pipeline.commands
                if len(commands) == 1 and commands[0].is_script and not commands[0].parameters:
                    yield PipelineStarted(pipeline_id, commands[0].command_text)
                    if pipeline.no_input:
                        yield PipelineInput(pipeline_id, None)
                else:
                    yield PipelineRefused(
                        pipeline_id, "simulated is a pipeline of one script without arguments, and this is another one"
                    )
            case psrpcore.GetCommandMetadataEvent():
                yield PipelineRefused(pipeline_id, "the metadata of commands are not simulated")
            case psrpcore.PipelineInputEvent():
                yield PipelineInput(pipeline_id, str(event.data))
            case psrpcore.EndOfPipelineInputEvent():
                yield PipelineInput(pipeline_id, None)
            case psrpcore.GetAvailableRunspacesEvent():
                self._pool.runspace_availability_response(event.ci, self._pool.max_runspaces)
            # What PowerShell refuses: SetMinRunspaces and SetMaxRunspaces in
            # https://github.com/PowerShell/PowerShell/blob/master/src/System.Management.Automation/engine/hostifaces/RunspacePoolInternal.cs
            case psrpcore.SetMinRunspacesEvent():
                possible = 1 <= event.count <= self._pool.max_runspaces
                self._pool.runspace_availability_response(event.ci, possible)
            case psrpcore.SetMaxRunspacesEvent():
                possible = event.count >= max(1, self._pool.min_runspaces)
                self._pool.runspace_availability_response(event.ci, possible)
            case psrpcore.ResetRunspaceStateEvent():
                self._pool.runspace_availability_response(event.ci, True)
        self._collect()


def _split(fragments: bytes) -> Iterator[bytes]:
    """Fragments one by one: bytes 17 to 20 tell how long one is after its header of 21 ([MS-PSRP] 2.2.4)."""
    while fragments:
        size = 21 + int.from_bytes(fragments[17:21])
        yield fragments[:size]
        fragments = fragments[size:]


def _write_native_error(pipeline: psrpcore.ServerPipeline, line: str) -> None:
    """As Windows PowerShell makes of a line that a program writes to stderr: ansible-core's psrp connection plugin."""
    pipeline.write_error(
        NETException(Message=line),
        ErrorCategoryInfo(Reason="RemoteException", TargetName=line, TargetType="String"),
        target_object=line,
        fully_qualified_error_id="NativeCommandError",
    )
