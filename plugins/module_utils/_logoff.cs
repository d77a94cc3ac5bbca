// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logoff.

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._logoff
{
using _report;
using _run;
using _sessions;
using _trace;

public sealed class LogoffRequest : TracedRequest
{
	public long timeout_ms;
	public long? max_parallel;
}

static class NativeMethods
{
	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSLogoffSession(IntPtr hServer, uint SessionId, bool bWait);
}

class Logoff : Act
{
	internal Logoff(LogoffRequest request)
	{
		TimeoutMilliseconds = request.timeout_ms;
		MostAtOnce = request.max_parallel;
	}

	internal override string Planned { get { return "would_log_off"; } }

	internal override void Do(SessionHost host, SelectedSession selected, Session now)
	{
		RequestLogoff(host, now.Id);
		selected.Accepted = true;
		selected.Awaited = TimeoutMilliseconds > 0;
		if (!selected.Awaited)
			selected.Settle("requested");
	}

	// Returns at once, before the session has gone.
	protected static void RequestLogoff(SessionHost host, uint id)
	{
		host.Call("WTSLogoffSession", server => NativeMethods.WTSLogoffSession(server, id, false));
	}

	protected override string Gone { get { return "logged_off"; } }
}

public static class Engine
{
	public static string Run(string request)
	{
		return TracedRunner.Answer<LogoffRequest>(request, read => new Logoff(read));
	}
}
}
