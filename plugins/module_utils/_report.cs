// SPDX-License-Identifier: GPL-3.0-or-later

// What an engine reports. What the members mean is said in plugin_utils/_engine/report.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace ansible_collections.winops.rds.plugins.module_utils._report
{
using _calls;
using _selection;
using _sessions;

public class EngineReport
{
	public List<ServerReport> servers;
	public List<UnknownExclusion> unknown_exclusions;
	public ForeignRecord foreign_record;
	public CallReport error;
	public CallReport logged;
}

public sealed class UnknownExclusion
{
	public int position;
	public int use;
	public string name;
}

public sealed class ForeignRecord
{
	public string server;
	public List<string> computers;
}

public sealed class ServerReport
{
	public string server;
	public string computer_name;
	public string alias_of;
	public List<string> found;
	public List<SessionReport> sessions;
	public List<SessionReport> excluded;
	public List<string> spared;
	public long current_time;
	public CallReport error;
	public string crash;
}

public sealed class SessionReport
{
	public string logon;
	public uint id;
	public string name;
	public string user;
	public string domain;
	public int state;
	public int? protocol;
	public string client_name;
	public string client_address;
	public bool? locked;
	public long logon_time;
	public long connect_time;
	public long disconnect_time;
	public long last_input_time;
	public long current_time;
	public uint incoming_bytes;
	public uint outgoing_bytes;
	public List<string> matched_by;
	public string result;
	public bool accepted;
	public uint? answer;
	public CallReport error;
	public long elapsed_ms;
	public List<ProcessReport> ended_processes;
}

public sealed class ProcessReport
{
	public uint id;
	public string name;
}

// A selected session and what became of it.
sealed class SelectedSession
{
	internal Session Session;
	internal Client Client = new Client();
	internal readonly List<string> MatchedBy = new List<string>();
	internal string Result;  // null: not settled yet
	internal WindowsException Error;
	internal bool Attempted; // it was asked for; Windows may not have answered
	internal bool Accepted { get; set; }
	internal bool Awaited;   // it is going, or busy and worth another try
	internal bool Busy;
	internal bool WasOverdue { get; set; } // what else can be done for an overdue session has been done
	internal bool IsLeaving; // Windows told no more of it than its list: it has no logon time
	internal uint? Answer { get; set; }
	internal readonly Stopwatch Elapsed = new Stopwatch();
	internal long Deadline;  // milliseconds of Elapsed
	internal readonly List<ProcessReport> Ended = new List<ProcessReport>();

	internal bool IsOverdue { get { return Elapsed.ElapsedMilliseconds >= Deadline; } }

	internal void Settle(string result, WindowsException error = null)
	{
		Result = result;
		Error = error;
		Awaited = false;
		Elapsed.Stop();
	}

	internal void Fail(WindowsException error)
	{
		Settle(error.SaysDenied ? "denied" : "failed", error);
	}

	// No answer came, or nobody is left to wait for one.
	internal void GiveUp(WindowsException unanswered)
	{
		Settle(Attempted || Accepted ? "timed_out" : "failed", unanswered);
	}

	internal SessionReport Report(Server server)
	{
		Native.WTSINFOEX_LEVEL1_W info = Session.Info;
		return new SessionReport
		{
			logon = Logon.Key(server, Session),
			id = Session.Id,
			name = info.WinStationName,
			user = Session.User,
			domain = Session.Domain,
			state = info.SessionState,
			protocol = Client.Protocol,
			client_name = Client.Name,
			client_address = Client.Address == null ? null : Client.Address.ToString(),
			locked = server.IsLocked(Session),
			logon_time = info.LogonTime,
			connect_time = info.ConnectTime,
			disconnect_time = info.DisconnectTime,
			last_input_time = info.LastInputTime,
			current_time = info.CurrentTime,
			incoming_bytes = info.IncomingBytes,
			outgoing_bytes = info.OutgoingBytes,
			matched_by = MatchedBy,
			result = Result,
			accepted = Accepted,
			answer = Answer,
			error = CallReport.Of(Error),
			elapsed_ms = Elapsed.ElapsedMilliseconds,
			ended_processes = Ended,
		};
	}
}
}
