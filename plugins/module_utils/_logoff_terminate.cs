// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logoff with on_timeout=terminate.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._logoff_terminate
{
using _calls;
using _logoff;
using _processes;
using _report;
using _run;
using _sessions;
using _trace;

static class NativeMethods
{
	[DllImport("kernel32.dll", SetLastError = true)]
	internal static extern IntPtr OpenProcess(uint dwDesiredAccess, bool bInheritHandle, uint dwProcessId);

	[DllImport("kernel32.dll", SetLastError = true)]
	internal static extern bool ProcessIdToSessionId(uint dwProcessId, out uint pSessionId);

	[DllImport("kernel32.dll", SetLastError = true)]
	internal static extern bool GetProcessTimes(
		IntPtr hProcess, out long lpCreationTime, out long lpExitTime, out long lpKernelTime, out long lpUserTime);

	[DllImport("kernel32.dll", SetLastError = true)]
	internal static extern bool TerminateProcess(IntPtr hProcess, uint uExitCode);

	[DllImport("kernel32.dll", SetLastError = true)]
	internal static extern bool CloseHandle(IntPtr hObject);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSTerminateProcess(IntPtr hServer, uint ProcessId, uint ExitCode);
}

sealed class LogoffOrTerminate : Logoff
{
	const uint PROCESS_TERMINATE = 0x1;
	const uint PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;

	internal LogoffOrTerminate(LogoffRequest request) : base(request)
	{
	}

	// Ends the processes that keep a session from ending, once, and gives it its time once more.
	internal override bool OnOverdue(SessionHost host, SelectedSession selected)
	{
		if (selected.WasOverdue)
			return false;
		selected.WasOverdue = true;
		long listed = DateTime.UtcNow.ToFileTimeUtc();
		List<ProcessReport> processes = Enumerate(host, selected.Session.Id);
		// The session is queried after its processes were listed, so these are not those of a later owner of the ID.
		if (!IsStillThere(host, selected))
		{
			SettleGone(selected);
			return false;
		}
		foreach (ProcessReport process in processes)
		{
			try
			{
				if (host.Server.IsLocal ? EndHere(host, process.id, selected.Session.Id, listed) : EndThere(host, process, selected.Session.Id))
					selected.Ended.Add(process);
			}
			catch (WindowsException)
			{
				// The process has ended by itself, or may not be ended. The result depends only on whether the session goes.
			}
		}
		if (selected.Ended.Count == 0)
			return false;
		if (!selected.Accepted && !selected.Busy)
			AskAgain(host, selected);
		selected.Accepted = true;
		selected.Deadline = selected.Elapsed.ElapsedMilliseconds + TimeoutMilliseconds;
		return true;
	}

	// A session that is on its way out, or stuck there, cannot be queried and is only in the list.
	static bool IsStillThere(SessionHost host, SelectedSession selected)
	{
		Session now;
		try
		{
			now = host.Query(selected.Session.Id);
		}
		catch (WindowsException error)
		{
			if (error.Code != Win32Error.ERROR_CTX_CLOSE_PENDING)
				throw;
			now = host.Enumerate().Find(session => session.Id == selected.Session.Id);
		}
		return now != null && !selected.Session.IsAnotherLogon(now);
	}

	static void AskAgain(SessionHost host, SelectedSession selected)
	{
		try
		{
			if (IsStillThere(host, selected))
				RequestLogoff(host, selected.Session.Id);
		}
		catch (WindowsException)
		{
			// The session is awaited as before, since it may end although its processes could not be listed.
		}
	}

	// By a handle, which stays that of one process: its ID may be another's by now, and in another session.
	static bool EndHere(SessionHost host, uint id, uint sessionId, long listed)
	{
		IntPtr process = IntPtr.Zero;
		try
		{
			uint session = 0;
			long created = 0, ignored;
			host.Call("OpenProcess", server => (process = NativeMethods.OpenProcess(
				PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, false, id)) != IntPtr.Zero);
			host.Call("GetProcessTimes", server => NativeMethods.GetProcessTimes(process, out created, out ignored, out ignored, out ignored));
			host.Call("ProcessIdToSessionId", server => NativeMethods.ProcessIdToSessionId(id, out session));
			if (session != sessionId || created > listed)
				return false;
			host.Call("TerminateProcess", server => NativeMethods.TerminateProcess(process, 1));
			return true;
		}
		finally
		{
			if (process != IntPtr.Zero)
				NativeMethods.CloseHandle(process);
		}
	}

	// There are no handles to the processes of another server, so it is looked for once more just before.
	static bool EndThere(SessionHost host, ProcessReport process, uint sessionId)
	{
		if (!Enumerate(host, sessionId).Exists(now => now.id == process.id && now.name == process.name))
			return false;
		host.Call("WTSTerminateProcess", server => NativeMethods.WTSTerminateProcess(server, process.id, 1));
		return true;
	}

	// The processes of people in a session. Those of the system (csrss.exe, winlogon.exe, dwm.exe) run under its own
	// accounts, and Windows ends them itself, or stops with an error if somebody else does.
	static List<ProcessReport> Enumerate(SessionHost host, uint id)
	{
		return Processes.Read(host, id, all => all
			.FindAll(info => info.SessionId == id && Processes.IsPerson(info.pUserSid))
			.ConvertAll(info => new ProcessReport { id = info.ProcessId, name = Memory.Text(info.pProcessName) }));
	}
}

public static class Engine
{
	public static string Run(string request)
	{
		return TracedRunner.Answer<LogoffRequest>(request, read => new LogoffOrTerminate(read));
	}
}
}
