// SPDX-License-Identifier: GPL-3.0-or-later

// Sessions, their clients and their host, and the calls that tell of them. Times are FILETIMEs (100 ns since 1601, UTC;
// 0 is unknown).

using System;
using System.Collections.Generic;
using System.Net;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._sessions
{
using _calls;

// As declared in wtsapi32.h and lmwksta.h.
static class Native
{
	[StructLayout(LayoutKind.Sequential)]
	internal struct WTS_SESSION_INFO_1W
	{
		public uint ExecEnvId;
		public int State;
		public uint SessionId;
		public IntPtr pSessionName;
		public IntPtr pHostName;
		public IntPtr pUserName;
		public IntPtr pDomainName;
		public IntPtr pFarmName;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	internal struct WTSINFOEX_LEVEL1_W
	{
		public uint SessionId;
		public int SessionState;
		public int SessionFlags;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 33)] public string WinStationName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 21)] public string UserName;
		[MarshalAs(UnmanagedType.ByValTStr, SizeConst = 18)] public string DomainName;
		public long LogonTime;
		public long ConnectTime;
		public long DisconnectTime;
		public long LastInputTime;
		public long CurrentTime;
		public uint IncomingBytes;
		public uint OutgoingBytes;
		public uint IncomingFrames;
		public uint OutgoingFrames;
		public uint IncomingCompressedBytes;
		public uint OutgoingCompressedBytes;
	}

	[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
	internal struct WTSINFOEXW
	{
		public uint Level;
		public WTSINFOEX_LEVEL1_W Data; // a union in C, with this one member
	}

	[StructLayout(LayoutKind.Sequential)]
	internal struct WTS_CLIENT_ADDRESS
	{
		public uint AddressFamily;
		[MarshalAs(UnmanagedType.ByValArray, SizeConst = 20)] public byte[] Address;
	}

	[StructLayout(LayoutKind.Sequential)]
	internal struct WKSTA_INFO_100
	{
		public uint PlatformId;
		public IntPtr ComputerName;
		public IntPtr LanGroup;
		public uint VersionMajor;
		public uint VersionMinor;
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
		WTSTypeProcessInfoLevel1 = 1,
		WTSTypeSessionInfoLevel1 = 2,
	}
}

static class NativeMethods
{
	[DllImport("kernel32.dll")]
	internal static extern uint WTSGetActiveConsoleSessionId();

	[DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
	internal static extern int NetWkstaGetInfo(string servername, uint level, out IntPtr bufptr);

	[DllImport("netapi32.dll")]
	internal static extern int NetApiBufferFree(IntPtr Buffer);

	[DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern IntPtr WTSOpenServerExW(string pServerName);

	[DllImport("wtsapi32.dll")]
	internal static extern void WTSCloseServer(IntPtr hServer);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSEnumerateSessionsExW(
		IntPtr hServer, ref uint pLevel, uint Filter, out IntPtr ppSessionInfo, out uint pCount);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSQuerySessionInformationW(
		IntPtr hServer, uint SessionId, Native.WTS_INFO_CLASS WTSInfoClass,
		out IntPtr ppBuffer, out uint pBytesReturned);

	[DllImport("wtsapi32.dll")]
	internal static extern void WTSFreeMemory(IntPtr pMemory);

	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSFreeMemoryExW(
		Native.WTS_TYPE_CLASS WTSTypeClass, IntPtr pMemory, uint NumberOfEntries);
}

static class Names
{
	// Some versions of Windows give names in upper case.
	internal static bool AreSame(string one, string other, int lengthCompared = Int32.MaxValue)
	{
		return String.Compare(one, 0, other, 0, lengthCompared, StringComparison.OrdinalIgnoreCase) == 0;
	}
}

// One session at one moment.
sealed class Session
{
	const int WTSDisconnected = 4;
	const int WTSListen = 6;
	const int WTSReset = 7;
	const int WTSDown = 8;
	const int WTSInit = 9;
	const uint FirstListenerId = 65536;
	internal const int FlagsUnknown = -1;
	const int LongestUserInInfo = 20;   // WTSINFOEX cuts names off there,
	const int LongestDomainInInfo = 17; // the enumeration does not

	internal uint Id;
	internal string User;
	internal string Domain;
	internal Native.WTSINFOEX_LEVEL1_W Info; // its names may be cut off
	internal bool IsListed; // and not asked about yet

	// Session 0 and a bare logon screen are "Disconnected" or "Connected", too.
	internal bool HasUser { get { return User.Length > 0 && !IsProtected; } }

	// It may have lost its user, or not have got one.
	internal bool IsBroken { get { return !IsProtected && (Info.SessionState == WTSReset || Info.SessionState == WTSDown || Info.SessionState == WTSInit); } }

	internal bool IsDisconnected { get { return Info.SessionState == WTSDisconnected; } }

	internal bool IsListener { get { return Info.SessionState == WTSListen || Id >= FirstListenerId; } }

	// Session 0 runs the services of Windows; a listener is no session.
	internal bool IsProtected { get { return Id == 0 || IsListener; } }

	internal bool IsSameAccount(Session other)
	{
		return Names.AreSame(User, other.User, LongestUserInInfo) && Names.AreSame(Domain, other.Domain, LongestDomainInInfo);
	}

	internal bool IsNamed(string name)
	{
		return Names.AreSame(Info.WinStationName, name);
	}

	internal void TakeFullNames(Session listed)
	{
		User = listed.User;
		Domain = listed.Domain;
	}

	internal bool IsSameLogon(Session other)
	{
		return Id == other.Id && IsSameAccount(other) && Info.LogonTime == other.Info.LogonTime;
	}

	// Somebody else's. A session that is being torn down loses its user and its times first.
	internal bool IsAnotherLogon(Session other)
	{
		return (other.User.Length > 0 && !IsSameAccount(other)) || (other.Info.LogonTime != 0 && Info.LogonTime != other.Info.LogonTime);
	}
}

// The client of a session; what Windows does not tell is null.
sealed class Client
{
	internal int? Protocol; // WTS_PROTOCOL_TYPE_*: 0 console, 1 ICA, 2 RDP
	internal string Name;
	internal IPAddress Address;
	internal WindowsException Refusal; // why not all of it is known; null: it is
}

// "" is the one that this runs on.
sealed class Server
{
	const int WTS_SESSIONSTATE_LOCK = 0;
	const int WTS_SESSIONSTATE_UNLOCK = 1;
	const int LongestComputerName = 15; // MAX_COMPUTERNAME_LENGTH, of what may be longer in DNS

	internal readonly string Name;
	internal string ComputerName = ""; // the domain of its local accounts; empty: Windows does not tell
	internal string Domain = ""; // that it has joined
	internal bool LockFlagsSwapped;
	internal long LatestTime = Int64.MaxValue; // that its clock can have reached
	internal long CurrentTime; // by the last session that was asked about; 0: none was

	internal Server(string name)
	{
		Name = name;
	}

	internal bool IsLocal { get { return Name.Length == 0; } }

	// Whether a record with this name may be of it. The first label of a DNS name is the computer's own name.
	internal bool IsCalled(string name)
	{
		return Names.AreSame(name, Name)
			|| (ComputerName.Length == 0 ? IsLocal : Names.AreSame(name.Split('.')[0], ComputerName, LongestComputerName));
	}

	internal readonly HashSet<string> DomainsSeen = new HashSet<string>(StringComparer.OrdinalIgnoreCase); // of its sessions

	internal bool HasDomain(string name)
	{
		return DomainsSeen.Contains(name) || Names.AreSame(ComputerName, name) || Names.AreSame(Domain, name);
	}

	// By two names.
	internal bool IsSameAs(Server other)
	{
		return this == other || (ComputerName.Length > 0
			&& Names.AreSame(ComputerName, other.ComputerName) && Names.AreSame(Domain, other.Domain));
	}

	// Null: Windows does not tell.
	internal bool? IsLocked(Session session)
	{
		bool isLocked = session.Info.SessionFlags == WTS_SESSIONSTATE_LOCK;
		bool isKnown = isLocked || session.Info.SessionFlags == WTS_SESSIONSTATE_UNLOCK;
		return isKnown ? isLocked != LockFlagsSwapped : (bool?)null;
	}
}

// The calls that one thread makes to a server, by a handle of its own.
sealed class SessionHost : IDisposable
{
	const int AF_INET = 2; // ws2def.h: Windows' numbers, not the platform's
	const int AF_INET6 = 23;

	readonly CallWatch watch;
	IntPtr handle = IntPtr.Zero; // WTS_CURRENT_SERVER_HANDLE

	internal readonly Server Server;

	internal SessionHost(Server server, CallWatch watch)
	{
		Server = server;
		this.watch = watch;
	}

	internal void Open()
	{
		if (!Server.IsLocal)
			watch.Call("WTSOpenServerEx", () => (handle = NativeMethods.WTSOpenServerExW(Server.Name)) != IntPtr.Zero);
	}

	// A call like any other, which may hang.
	public void Dispose()
	{
		if (handle != IntPtr.Zero)
			watch.CallLast("WTSCloseServer", () => NativeMethods.WTSCloseServer(handle));
		handle = IntPtr.Zero;
	}

	internal void Call(string name, Func<IntPtr, bool> native, long mayTake = 0)
	{
		watch.Call(name, () => native(handle), mayTake);
	}

	internal void QueryComputer()
	{
		IntPtr buffer = IntPtr.Zero;
		int error = 0; // returned, not set as last error
		try
		{
			watch.Call("NetWkstaGetInfo", () =>
			{
				error = NativeMethods.NetWkstaGetInfo(Server.IsLocal ? null : Server.Name, 100, out buffer);
				return true;
			});
			if (error != Win32Error.ERROR_SUCCESS)
				throw new WindowsException("NetWkstaGetInfo", error);
			Native.WKSTA_INFO_100 info = Memory.Structure<Native.WKSTA_INFO_100>(buffer);
			Server.ComputerName = Memory.Text(info.ComputerName);
			Server.Domain = Memory.Text(info.LanGroup);
			// Windows 7 and Server 2008 R2 swap the two, says the page of WTSINFOEX_LEVEL1_W.
			Server.LockFlagsSwapped = info.VersionMajor == 6 && info.VersionMinor == 1;
		}
		finally
		{
			if (buffer != IntPtr.Zero)
				NativeMethods.NetApiBufferFree(buffer);
		}
	}

	// All sessions, without their times.
	internal List<Session> Enumerate()
	{
		uint level = 1, count = 0;
		IntPtr buffer = IntPtr.Zero;
		try
		{
			Call("WTSEnumerateSessionsEx", server => NativeMethods.WTSEnumerateSessionsExW(server, ref level, 0, out buffer, out count));
			List<Session> sessions = Memory.Array<Native.WTS_SESSION_INFO_1W>(buffer, count).ConvertAll(listed => new Session
			{
				IsListed = true,
				Id = listed.SessionId,
				User = Memory.Text(listed.pUserName),
				Domain = Memory.Text(listed.pDomainName),
				Info = new Native.WTSINFOEX_LEVEL1_W
				{
					SessionState = listed.State,
					WinStationName = Memory.Text(listed.pSessionName),
					SessionFlags = Session.FlagsUnknown,
				},
			});
			if (sessions.Count == 0) // there is always session 0, so this is not "nobody is logged on"
				throw new WindowsException("WTSEnumerateSessionsEx", Win32Error.ERROR_SUCCESS);
			return sessions;
		}
		finally
		{
			if (buffer != IntPtr.Zero)
				NativeMethods.WTSFreeMemoryExW(Native.WTS_TYPE_CLASS.WTSTypeSessionInfoLevel1, buffer, count);
		}
	}

	internal Session Query(uint id)
	{
		Native.WTSINFOEX_LEVEL1_W info = Query(
			id, Native.WTS_INFO_CLASS.WTSSessionInfoEx, Memory.Structure<Native.WTSINFOEXW>).Data;
		return new Session { Id = id, User = info.UserName, Domain = info.DomainName, Info = info };
	}

	internal Client QueryClient(uint id)
	{
		var client = new Client();
		try
		{
			client.Protocol = Query(id, Native.WTS_INFO_CLASS.WTSClientProtocolType, buffer => buffer == IntPtr.Zero ? (int?)null : Marshal.ReadInt16(buffer));
			client.Name = Query(id, Native.WTS_INFO_CLASS.WTSClientName, buffer => Memory.Text(buffer));
			client.Address = Query(id, Native.WTS_INFO_CLASS.WTSClientAddress, AddressAt);
		}
		catch (WindowsException error)
		{
			client.Refusal = error;
		}
		return client;
	}

	static IPAddress AddressAt(IntPtr buffer)
	{
		if (buffer == IntPtr.Zero)
			return null;
		Native.WTS_CLIENT_ADDRESS address = Memory.Structure<Native.WTS_CLIENT_ADDRESS>(buffer);
		if (address.AddressFamily == AF_INET)
			return AddressFrom(address.Address, 2, 4);
		int start = address.AddressFamily == AF_INET6 ? StartOfIPv6(address.Address) : -1;
		return start < 0 ? null : AddressFrom(address.Address, start, 16);
	}

	// By the page of WTS_CLIENT_ADDRESS it is the first byte, by Cassia, Veyon and a dump in pywin32's issue 664 the
	// third. The rest is 0. -1: the bytes do not tell.
	static int StartOfIPv6(byte[] bytes)
	{
		bool beginsAtFirst = bytes[0] + bytes[1] > 0, endsLater = bytes[16] + bytes[17] > 0;
		if (beginsAtFirst || endsLater)
			return beginsAtFirst && endsLater ? -1 : beginsAtFirst ? 0 : 2;
		if (bytes[2] + bytes[3] > 0) // 0:x:: is in a block that is not assigned
			return 2;
		int first = Array.FindIndex(bytes, unit => unit > 0);
		bool isMapped = (first == 10 || first == 12) && bytes[first] + bytes[first + 1] == 2 * 0xFF; // ::ffff:192.0.2.1
		return isMapped ? first - 10 : -1;
	}

	static IPAddress AddressFrom(byte[] bytes, int start, int length)
	{
		byte[] address = new byte[length];
		Buffer.BlockCopy(bytes, start, address, 0, length);
		return new IPAddress(address);
	}

	// Its session name is the same in every language of Windows.
	internal bool IsConsole(Session session)
	{
		uint console = UInt32.MaxValue; // none
		if (Server.IsLocal)
			watch.Call("WTSGetActiveConsoleSessionId", () =>
			{
				console = NativeMethods.WTSGetActiveConsoleSessionId();
				return true;
			});
		return session.Id == console || session.IsNamed("console");
	}

	T Query<T>(uint id, Native.WTS_INFO_CLASS infoClass, Converter<IntPtr, T> read)
	{
		IntPtr buffer = IntPtr.Zero;
		uint bytes;
		try
		{
			Call("WTSQuerySessionInformation", server => NativeMethods.WTSQuerySessionInformationW(server, id, infoClass, out buffer, out bytes));
			if (buffer == IntPtr.Zero && infoClass == Native.WTS_INFO_CLASS.WTSSessionInfoEx)
				throw new WindowsException("WTSQuerySessionInformation", Win32Error.ERROR_SUCCESS);
			return read(buffer);
		}
		finally
		{
			if (buffer != IntPtr.Zero)
				NativeMethods.WTSFreeMemory(buffer);
		}
	}
}
}
