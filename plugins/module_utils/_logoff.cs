// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logoff.

using System;
using System.Runtime.InteropServices;
using ansible_collections.winops.rds.plugins.module_utils._report;
using ansible_collections.winops.rds.plugins.module_utils._run;
using ansible_collections.winops.rds.plugins.module_utils._sessions;

namespace ansible_collections.winops.rds.plugins.module_utils._logoff
{
	public sealed class LogoffRequest : EngineRequest
	{
		public Int64 timeout_ms;
		public Int64? max_parallel;
	}

	internal static class NativeMethods
	{
		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSLogoffSession(IntPtr hServer, UInt32 SessionId, bool bWait);
	}

	internal class Logoff : Act
	{
		internal Logoff(LogoffRequest request)
		{
			TimeoutMilliseconds = request.timeout_ms;
			MostAtOnce = request.max_parallel;
		}

		internal override string Planned
		{
			get { return "would_log_off"; }
		}

		internal override void Do(SessionHost host, SelectedSession selected, Session now)
		{
			host.Call("WTSLogoffSession", server => NativeMethods.WTSLogoffSession(server, now.Id, false));
			selected.Accepted = true;
			selected.Awaited = TimeoutMilliseconds > 0;
			if (!selected.Awaited)
				selected.Settle("requested");
		}

		protected override string Gone
		{
			get { return "logged_off"; }
		}
	}

	public static class Engine
	{
		// LogoffRequest in, EngineReport out, as JSON.
		public static string Run(string request)
		{
			return Runner.Answer<LogoffRequest>(request, read => new Logoff(read));
		}
	}
}
