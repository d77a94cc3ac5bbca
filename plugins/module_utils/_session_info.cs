// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_session_info, which only looks.

namespace ansible_collections.winops.rds.plugins.module_utils._session_info
{
using _report;
using _run;
using _sessions;

public sealed class SessionInfoRequest : EngineRequest
{
}

sealed class Listing : Act
{
	internal override string Planned { get { return "listed"; } }

	internal override bool OnlyLooks { get { return true; } }

	internal override void Do(SessionHost host, SelectedSession selected, Session now)
	{
	}
}

public static class Engine
{
	public static string Run(string request)
	{
		return Runner.Answer<SessionInfoRequest>(request, read => new Listing());
	}
}
}
