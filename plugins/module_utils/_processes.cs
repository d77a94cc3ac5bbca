// SPDX-License-Identifier: GPL-3.0-or-later

// The programs that run on a server.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._processes
{
using _calls;
using _sessions;

static class Native
{
	[StructLayout(LayoutKind.Sequential)]
	internal struct WTS_PROCESS_INFO_EXW
	{
		public uint SessionId;
		public uint ProcessId;
		public IntPtr pProcessName;
		public IntPtr pUserSid;
		public uint NumberOfThreads;
		public uint HandleCount;
		public uint PagefileUsage;
		public uint PeakPagefileUsage;
		public uint WorkingSetSize;
		public uint PeakWorkingSetSize;
		public long UserTime;
		public long KernelTime;
	}
}

static class NativeMethods
{
	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSEnumerateProcessesExW(
		IntPtr hServer, ref uint pLevel, uint SessionID, out IntPtr ppProcessInfo, out uint pCount);
}

static class Processes
{
	// Their texts and SIDs are there only while they are read.
	internal static List<T> Read<T>(SessionHost host, uint session, Converter<List<Native.WTS_PROCESS_INFO_EXW>, List<T>> read)
	{
		uint level = 1, count = 0;
		IntPtr buffer = IntPtr.Zero;
		try
		{
			host.Call("WTSEnumerateProcessesEx", server => NativeMethods.WTSEnumerateProcessesExW(server, ref level, session, out buffer, out count));
			return read(Memory.Array<Native.WTS_PROCESS_INFO_EXW>(buffer, count));
		}
		finally
		{
			if (buffer != IntPtr.Zero)
				_sessions.NativeMethods.WTSFreeMemoryExW(_sessions.Native.WTS_TYPE_CLASS.WTSTypeProcessInfoLevel1, buffer, count);
		}
	}

	// Whether a SID is S-1-5-21-… (a domain's or a computer's account) or S-1-12-1-… (Microsoft Entra ID),
	// and not one of the system's own.
	internal static bool IsPerson(IntPtr sid)
	{
		if (sid == IntPtr.Zero || Marshal.ReadByte(sid, 1) == 0)
			return false;
		int authority = Marshal.ReadByte(sid, 7), first = Marshal.ReadInt32(sid, 8);
		return (authority == 5 && first == 21) || (authority == 12 && first == 1);
	}
}
}
