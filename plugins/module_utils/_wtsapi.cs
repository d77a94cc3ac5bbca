// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The part of the WTS API that tells of sessions, as it is declared in wtsapi32.h, and what else tells of their host.

using System;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._wtsapi
{
static class Native
{
	[StructLayout(LayoutKind.Sequential)]
	internal struct WTS_SESSION_INFO_1W
	{
		public UInt32 ExecEnvId;
		public Int32 State;
		public UInt32 SessionId;
		public IntPtr pSessionName;
		public IntPtr pHostName;
		public IntPtr pUserName;
		public IntPtr pDomainName;
		public IntPtr pFarmName;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	internal struct WTSINFOEX_LEVEL1_W
	{
		public UInt32 SessionId;
		public Int32 SessionState;
		public Int32 SessionFlags;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 33)] public string WinStationName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)] public string UserName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 18)] public string DomainName;
		public Int64 LogonTime;
		public Int64 ConnectTime;
		public Int64 DisconnectTime;
		public Int64 LastInputTime;
		public Int64 CurrentTime;
		public UInt32 IncomingBytes;
		public UInt32 OutgoingBytes;
		public UInt32 IncomingFrames;
		public UInt32 OutgoingFrames;
		public UInt32 IncomingCompressedBytes;
		public UInt32 OutgoingCompressedBytes;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	internal struct WTSINFOEXW
	{
		public UInt32 Level;
		public WTSINFOEX_LEVEL1_W Data; // a union in C, with this one member
	}

	[StructLayout(LayoutKind.Sequential)]
	internal struct WTS_CLIENT_ADDRESS
	{
		public UInt32 AddressFamily;
		[MarshalAs(UnmanagedType.ByValArray, SizeConst = 20)] public byte[] Address;
	}

	[StructLayout(LayoutKind.Sequential)]
	internal struct WKSTA_INFO_100
	{
		public UInt32 PlatformId;
		public IntPtr ComputerName;
		public IntPtr LanGroup;
		public UInt32 VersionMajor;
		public UInt32 VersionMinor;
	}

	internal enum WTS_INFO_CLASS
	{
		WTSClientName = 10,
		WTSClientAddress = 14,
		WTSClientProtocolType = 16,
		WTSSessionInfoEx = 25,
	}

	internal enum WTS_TYPE_CLASS
	{
		WTSTypeProcessInfoLevel0 = 0,
		WTSTypeSessionInfoLevel1 = 2,
	}
}

static class NativeMethods
{
	[DllImport("kernel32.dll")]
	internal static extern UInt32 WTSGetActiveConsoleSessionId();

	[DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern Int32 NetWkstaGetInfo(string servername, UInt32 level, out IntPtr bufptr);

	[DllImport("netapi32.dll")]
	internal static extern Int32 NetApiBufferFree(IntPtr Buffer);

	[DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern IntPtr WTSOpenServerExW(string pServerName);

	[DllImport("wtsapi32.dll")]
	internal static extern void WTSCloseServer(IntPtr hServer);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSEnumerateSessionsExW(
		IntPtr hServer, ref UInt32 pLevel, UInt32 Filter, out IntPtr ppSessionInfo, out UInt32 pCount);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSQuerySessionInformationW(
		IntPtr hServer, UInt32 SessionId, Native.WTS_INFO_CLASS WTSInfoClass,
		out IntPtr ppBuffer, out UInt32 pBytesReturned);

	[DllImport("wtsapi32.dll")]
	internal static extern void WTSFreeMemory(IntPtr pMemory);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSFreeMemoryExW(
		Native.WTS_TYPE_CLASS WTSTypeClass, IntPtr pMemory, UInt32 NumberOfEntries);
}
}
