// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_disconnect.

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._disconnect
{
using _calls;
using _report;
using _run;
using _sessions;
using _trace;

public sealed class DisconnectRequest : TracedRequest
{
	public long timeout_ms;
}

static class NativeMethods
{
	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSDisconnectSession(IntPtr hServer, uint SessionId, bool bWait);
}

sealed class Disconnection : Act
{
	internal Disconnection(DisconnectRequest request)
	{
		TimeoutMilliseconds = request.timeout_ms;
	}

	internal override string Planned { get { return "would_disconnect"; } }

	internal override string AlreadyDone(Session session)
	{
		return session.IsDisconnected ? "already_disconnected" : null;
	}

	internal override void Do(SessionHost host, SelectedSession selected, Session now)
	{
		try
		{
			host.Call("WTSDisconnectSession", server => NativeMethods.WTSDisconnectSession(server, now.Id, false));
		}
		catch (WindowsException)
		{
			// Whether Windows makes an error of it that the user has just left is not documented.
			if (!HasLeft(host, now))
				throw;
			selected.Settle("already_disconnected");
			return;
		}
		selected.Accepted = true;
		selected.Awaited = true;
	}

	static bool HasLeft(SessionHost host, Session session)
	{
		try
		{
			Session now = host.Query(session.Id);
			return now.IsDisconnected && session.IsSameLogon(now);
		}
		catch (WindowsException)
		{
			return false;
		}
	}

	internal override string Done(Session now)
	{
		return now.IsDisconnected ? "disconnected" : null;
	}
}

public static class Engine
{
	public static string Run(string request)
	{
		return TracedRunner.Answer<DisconnectRequest>(request, read => new Disconnection(read));
	}
}
}
