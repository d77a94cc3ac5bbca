// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_logoff with on_timeout=terminate.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using ansible_collections.winops.rds.plugins.module_utils._logoff;
using ansible_collections.winops.rds.plugins.module_utils._report;
using ansible_collections.winops.rds.plugins.module_utils._run;
using ansible_collections.winops.rds.plugins.module_utils._sessions;
using ansible_collections.winops.rds.plugins.module_utils._win32;

namespace ansible_collections.winops.rds.plugins.module_utils._logoff_terminate
{
	internal static class Native
	{
		[StructLayout(LayoutKind.Sequential)]
		internal struct WTS_PROCESS_INFOW
		{
			public UInt32 SessionId;
			public UInt32 ProcessId;
			public IntPtr pProcessName;
			public IntPtr pUserSid;
		}

		internal enum WTS_TYPE_CLASS
		{
			WTSTypeProcessInfoLevel0 = 0,
		}
	}

	internal static class NativeMethods
	{
		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSEnumerateProcessesExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 SessionID, out IntPtr ppProcessInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSTerminateProcess(IntPtr hServer, UInt32 ProcessId, UInt32 ExitCode);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSFreeMemoryExW(
			Native.WTS_TYPE_CLASS WTSTypeClass, IntPtr pMemory, UInt32 NumberOfEntries);
	}

	internal sealed class LogoffOrTerminate : Logoff
	{
		internal LogoffOrTerminate(LogoffRequest request) : base(request)
		{
		}

		// Ends the processes that keep a session from ending, and gives it its time once more.
		internal override void Press(SessionHost host, SelectedSession selected)
		{
			if (selected.Ended.Count > 0)
				return;
			List<ProcessReport> processes = Enumerate(host, selected.Session.Id);
			// Asked after they were listed: so they are not those of somebody who has the ID now.
			if (selected.Session.IsAnotherLogon(host.Query(selected.Session.Id)))
			{
				SettleGone(selected);
				return;
			}
			foreach (ProcessReport process in processes)
			{
				try
				{
					host.Call("WTSTerminateProcess", server => NativeMethods.WTSTerminateProcess(server, process.id, 1));
					selected.Ended.Add(process);
				}
				catch (WindowsException)
				{
					// It has ended by itself, or nobody may end it; whether the session goes is what counts.
				}
			}
			if (selected.Ended.Count > 0)
			{
				selected.Accepted = true;
				selected.Deadline = selected.Elapsed.ElapsedMilliseconds + TimeoutMilliseconds;
			}
		}

		// The processes of people in a session. Those of the system (csrss.exe, winlogon.exe, dwm.exe) run under its own
		// accounts, and Windows ends them itself, or stops with an error if somebody else does.
		private static List<ProcessReport> Enumerate(SessionHost host, UInt32 id)
		{
			UInt32 level = 0, count = 0;
			IntPtr buffer = IntPtr.Zero;
			try
			{
				host.Call("WTSEnumerateProcessesEx", server => NativeMethods.WTSEnumerateProcessesExW(server, ref level, id, out buffer, out count));
				return Memory.Array<Native.WTS_PROCESS_INFOW>(buffer, count)
					.FindAll(info => info.SessionId == id && IsPerson(info.pUserSid))
					.ConvertAll(info => new ProcessReport { id = info.ProcessId, name = Memory.Text(info.pProcessName) });
			}
			finally
			{
				if (buffer != IntPtr.Zero)
					NativeMethods.WTSFreeMemoryExW(Native.WTS_TYPE_CLASS.WTSTypeProcessInfoLevel0, buffer, count);
			}
		}

		// Whether a SID is S-1-5-21-… (a domain's or a computer's account) or S-1-12-1-… (Microsoft Entra ID),
		// and not one of the system's own.
		private static bool IsPerson(IntPtr sid)
		{
			if (sid == IntPtr.Zero || Marshal.ReadByte(sid, 1) == 0)
				return false;
			int authority = Marshal.ReadByte(sid, 7), first = Marshal.ReadInt32(sid, 8);
			return (authority == 5 && first == 21) || (authority == 12 && first == 1);
		}
	}

	public static class Engine
	{
		// LogoffRequest in, EngineReport out, as JSON.
		public static string Run(string request)
		{
			return Runner.Answer<LogoffRequest>(request, read => new LogoffOrTerminate(read));
		}
	}
}
