// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_session_info with processes=true: the sessions, and then the programs in them.

using System.Collections.Generic;
using System.Threading.Tasks;

namespace ansible_collections.winops.rds.plugins.module_utils._session_processes
{
using _calls;
using _json;
using _processes;
using _report;
using _run;
using _session_info;
using _sessions;

public sealed class ProcessesReport : EngineReport
{
	public List<ServerProcesses> processes;
}

public sealed class ServerProcesses
{
	public List<RunningProcess> running;
	public List<LostSession> lost;
	public CallReport error;
}

public sealed class RunningProcess
{
	public uint session;
	public string name;
	public uint pid;
	public uint memory_bytes;
	public uint threads;
	public bool of_person;
}

public sealed class LostSession
{
	public uint id;
	public CallReport error;
}

// A thread that lists the programs of one server.
sealed class Look
{
	const uint AnySession = 0xFFFFFFFE; // wtsapi32.h: WTS_ANY_SESSION
	const int LookMilliseconds = 20;

	readonly object gate = new object();
	readonly CallWatch watch;
	readonly ServerReport about;
	readonly Task task;
	ServerProcesses found; // null: not known yet

	internal Look(ServerReport about)
	{
		this.about = about;
		watch = new CallWatch(gate);
		if (about.sessions.Count > 0)
			task = Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning);
	}

	void Work()
	{
		lock (gate)
			using (var host = new SessionHost(new Server(about.server), watch))
				try
				{
					host.Open();
					found = List(host);
				}
				catch (WindowsException error)
				{
					found = Found(error);
				}
				catch (GivenUpException)
				{
				}
	}

	// The sessions are queried after the programs were listed, so these are not those of a later owner of an ID.
	ServerProcesses List(SessionHost host)
	{
		ServerProcesses listed = Found();
		listed.running = Processes.Read(host, AnySession, all => all
			.FindAll(info => about.sessions.Exists(session => session.id == info.SessionId))
			.ConvertAll(info => new RunningProcess
			{
				session = info.SessionId,
				name = Memory.Text(info.pProcessName),
				pid = info.ProcessId,
				memory_bytes = info.WorkingSetSize,
				threads = info.NumberOfThreads,
				of_person = Processes.IsPerson(info.pUserSid),
			}));
		foreach (SessionReport session in about.sessions)
		{
			try
			{
				if (host.Query(session.id).Info.LogonTime != session.logon_time)
					listed.lost.Add(new LostSession { id = session.id });
			}
			catch (WindowsException error)
			{
				// One that is on its way out, or stuck there, has its ID still.
				if (error.Code != Win32Error.ERROR_CTX_CLOSE_PENDING)
					listed.lost.Add(new LostSession { id = session.id, error = error.SaysSessionIsGone ? null : CallReport.Of(error) });
			}
		}
		return listed;
	}

	static ServerProcesses Found(WindowsException error = null)
	{
		return new ServerProcesses { running = new List<RunningProcess>(), lost = new List<LostSession>(), error = CallReport.Of(error) };
	}

	internal ServerProcesses Await(long timeout)
	{
		if (task == null)
			return Found();
		while (Task.WaitAny(new[] { task }, LookMilliseconds) < 0)
			lock (gate)
				if (watch.HasLasted(timeout))
				{
					watch.GivenUp = true;
					return found ?? Found(new WindowsException(watch.Calling, null));
				}
		task.GetAwaiter().GetResult();
		return found;
	}
}

public static class Engine
{
	public static string Run(string request)
	{
		return Json.Answer<SessionInfoRequest>(request, read => WithProcesses(Runner.Run(read, new Listing()), read.server_timeout_ms));
	}

	static ProcessesReport WithProcesses(EngineReport report, long timeout)
	{
		List<Look> looks = report.servers.ConvertAll(server => new Look(server));
		return new ProcessesReport
		{
			servers = report.servers,
			unknown_exclusions = report.unknown_exclusions,
			foreign_record = report.foreign_record,
			error = report.error,
			processes = looks.ConvertAll(look => look.Await(timeout)),
		};
	}
}
}
