// SPDX-License-Identifier: GPL-3.0-or-later

// What an act on sessions leaves in the event log.

using System;
using System.Collections.Generic;

namespace ansible_collections.winops.rds.plugins.module_utils._trace
{
using _accounts;
using _calls;
using _event_log;
using _json;
using _report;
using _run;

public class TracedRequest : EngineRequest
{
	public string trace;
	public bool trace_names;
}

static class TracedRunner
{
	internal static string Answer<TRequest>(string request, Func<TRequest, Act> act) where TRequest : TracedRequest
	{
		return Json.Answer<TRequest>(request, read =>
		{
			EngineReport report = Runner.Run(read, act(read));
			report.logged = EventLog.Write(read.trace, Changes(report, read.trace_names), read.server_timeout_ms);
			return report;
		});
	}

	static IEnumerable<object> Changes(EngineReport report, bool withNames)
	{
		foreach (ServerReport server in report.servers)
			foreach (SessionReport session in server.sessions.FindAll(each => each.accepted))
				yield return new Dictionary<string, object>
				{
					{ "server", server.server },
					{ "id", session.id },
					{ "account", withNames ? SidOrName(server.server, session.domain + "\\" + session.user) : null },
					{ "result", session.result },
				};
	}

	static string SidOrName(string server, string name)
	{
		try
		{
			return Account.Find(name, server.Length > 0 ? server : null).Sid ?? name;
		}
		catch (WindowsException)
		{
			return name;
		}
	}
}
}
