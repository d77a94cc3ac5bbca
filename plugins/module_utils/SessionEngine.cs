// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// The part of winops.rds that runs on the Windows host: enumerate, match, act, wait, report. It knows how to ask
// Windows and nothing else: what an option means, which text a user reads and whether a task failed is decided by
// Python on the controller (plugins/plugin_utils). Times are FILETIMEs and states are numbers for the same reason.
//
// Compiled by Windows PowerShell 5.1 (a C# 5 compiler), by PowerShell 7 and, in the tests, by Mono: no newer syntax.
// Indented with tabs: each byte here travels with each task, in Base64 of Base64, and spaces were a quarter of them.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace ansible_collections.winops.rds.plugins.module_utils.SessionEngine
{
	internal static class NativeHelpers
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
		internal struct WTS_PROCESS_INFOW
		{
			public UInt32 SessionId;
			public UInt32 ProcessId;
			public IntPtr pProcessName;
			public IntPtr pUserSid;
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

	internal static class NativeMethods
	{
		[DllImport("kernel32.dll")]
		internal static extern UInt32 WTSGetActiveConsoleSessionId();

		[DllImport("kernel32.dll")]
		internal static extern IntPtr LocalFree(IntPtr hMem);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool ConvertStringSidToSidW(string StringSid, out IntPtr Sid);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool LookupAccountNameW(
			string lpSystemName, string lpAccountName, byte[] Sid, ref UInt32 cbSid,
			StringBuilder ReferencedDomainName, ref UInt32 cchReferencedDomainName, out Int32 peUse);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool LookupAccountSidW(
			string lpSystemName, byte[] Sid, StringBuilder Name, ref UInt32 cchName,
			StringBuilder ReferencedDomainName, ref UInt32 cchReferencedDomainName, out Int32 peUse);

		[DllImport("secur32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		[return: MarshalAs(UnmanagedType.U1)]
		internal static extern bool GetUserNameExW(Int32 NameFormat, StringBuilder lpNameBuffer, ref UInt32 nSize);

		[DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
		internal static extern Int32 NetWkstaGetInfo(string servername, UInt32 level, out IntPtr bufptr);

		[DllImport("netapi32.dll")]
		internal static extern Int32 NetApiBufferFree(IntPtr Buffer);

		[DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		internal static extern IntPtr WTSOpenServerExW(string pServerName);

		[DllImport("wtsapi32.dll")]
		internal static extern void WTSCloseServer(IntPtr hServer);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSEnumerateSessionsExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 Filter, out IntPtr ppSessionInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSEnumerateProcessesExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 SessionID, out IntPtr ppProcessInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSQuerySessionInformationW(
			IntPtr hServer, UInt32 SessionId, NativeHelpers.WTS_INFO_CLASS WTSInfoClass,
			out IntPtr ppBuffer, out UInt32 pBytesReturned);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSLogoffSession(
			IntPtr hServer, UInt32 SessionId, [MarshalAs(UnmanagedType.Bool)] bool bWait);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSTerminateProcess(IntPtr hServer, UInt32 ProcessId, UInt32 ExitCode);

		[DllImport("wtsapi32.dll")]
		internal static extern void WTSFreeMemory(IntPtr pMemory);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSFreeMemoryExW(
			NativeHelpers.WTS_TYPE_CLASS WTSTypeClass, IntPtr pMemory, UInt32 NumberOfEntries);
	}

	// A call that Windows refused: which one, and the Win32 error code that it gave.
	internal sealed class WindowsException : Exception
	{
		// Names as in winerror.h. What a code means for the user is said on the controller.
		internal const int ERROR_FILE_NOT_FOUND = 2;
		internal const int ERROR_ACCESS_DENIED = 5;
		internal const int ERROR_INVALID_DATA = 13;
		internal const int ERROR_NONE_MAPPED = 1332;
		internal const int ERROR_INTERNAL_ERROR = 1359;
		internal const int ERROR_TIMEOUT = 1460;
		internal const int ERROR_CTX_CLOSE_PENDING = 7007;
		internal const int ERROR_CTX_WINSTATION_NOT_FOUND = 7022;
		internal const int ERROR_CTX_WINSTATION_BUSY = 7024;
		internal const int ERROR_CTX_WINSTATION_ACCESS_DENIED = 7045;

		internal readonly string Call;
		internal readonly int Code;

		internal WindowsException(string call, int code)
			: base(String.Format(CultureInfo.InvariantCulture, "{0} failed with Win32 error {1}", call, code))
		{
			Call = call;
			Code = code;
		}

		// Windows says that it does not have the session. No other error says so, least of all "no access".
		internal bool SaysSessionIsGone
		{
			get { return Code == ERROR_FILE_NOT_FOUND || Code == ERROR_CTX_WINSTATION_NOT_FOUND; }
		}

		internal bool SaysDenied
		{
			get { return Code == ERROR_ACCESS_DENIED || Code == ERROR_CTX_WINSTATION_ACCESS_DENIED; }
		}
	}

	// Nobody waits for this server any more: stop, and touch nothing.
	internal sealed class GivenUpException : Exception
	{
	}

	// What Windows tells of one session at one moment. Times are FILETIMEs; 0 is unknown.
	internal sealed class Session
	{
		private const int WTSListen = 6;
		private const UInt32 FirstListenerId = 65536;
		private const int LongestUserInInfo = 20;   // WTSINFOEX cuts names off there,
		private const int LongestDomainInInfo = 17; // the enumeration does not

		internal UInt32 Id;
		internal int State; // WTS_CONNECTSTATE_CLASS
		internal string Name;
		internal string User;
		internal string Domain;
		internal int Flags;
		internal Int64 LogonTime;
		internal Int64 ConnectTime;
		internal Int64 DisconnectTime;
		internal Int64 LastInputTime;
		internal Int64 CurrentTime;

		// A person's session: session 0 and a bare logon screen are "Disconnected" or "Connected" too.
		internal bool HasUser
		{
			get { return User.Length > 0 && Id != 0 && !IsListener; }
		}

		internal bool IsListener
		{
			get { return State == WTSListen || Id >= FirstListenerId; }
		}

		internal bool IsSameAccount(Session other)
		{
			return String.Compare(User, 0, other.User, 0, LongestUserInInfo, StringComparison.OrdinalIgnoreCase) == 0
				&& String.Compare(Domain, 0, other.Domain, 0, LongestDomainInInfo, StringComparison.OrdinalIgnoreCase) == 0;
		}

		internal void TakeFullNames(Session listed)
		{
			User = listed.User;
			Domain = listed.Domain;
		}

		// The same logon: a session is its ID and its account and its logon time.
		internal bool IsSameLogon(Session other)
		{
			return Id == other.Id && IsSameAccount(other) && LogonTime == other.LogonTime;
		}

		// Somebody else's logon under the same ID. A session that is being torn down loses its user
		// and its times first: that is not somebody else.
		internal bool IsAnotherLogon(Session other)
		{
			return (other.User.Length > 0 && !IsSameAccount(other)) || (other.LogonTime != 0 && LogonTime != other.LogonTime);
		}
	}

	// The client of a session; what Windows does not tell is null.
	internal sealed class Client
	{
		internal int? Protocol; // WTS_PROTOCOL_TYPE_*: 0 console, 1 ICA, 2 RDP
		internal string Name;
		internal IPAddress Address;
		internal WindowsException Refusal; // why Windows did not tell all of it; null: it did
	}

	// A Remote Desktop Session Host and the calls that are made to it. Its user holds Gate, which is let go
	// only during a call, so that another thread can see how long the call lasts and give the host up meanwhile.
	internal sealed class SessionHost : IDisposable
	{
		private const int AF_INET = 2; // ws2def.h: Windows' numbers, not the platform's
		private const int AF_INET6 = 23;
		private const int WTS_SESSIONSTATE_LOCK = 0;
		private const int WTS_SESSIONSTATE_UNLOCK = 1;

		internal readonly object Gate = new object();
		internal readonly string Server; // empty: the computer that this runs on
		internal string Calling;         // the call in progress; null: none
		internal readonly Stopwatch CallTime = new Stopwatch();
		internal bool GivenUp;

		// NetBIOS name: the domain of the host's local accounts. Empty if Windows does not tell.
		internal string ComputerName = "";

		private IntPtr handle = IntPtr.Zero; // WTS_CURRENT_SERVER_HANDLE
		private bool lockFlagsSwapped;

		internal SessionHost(string server)
		{
			Server = server;
		}

		private bool IsLocal
		{
			get { return Server.Length == 0; }
		}

		internal void Open()
		{
			if (!IsLocal)
				Call("WTSOpenServerEx", () => (handle = NativeMethods.WTSOpenServerExW(Server)) != IntPtr.Zero);
		}

		// Closes the host, also one that was given up: a call like any other, which may hang.
		public void Dispose()
		{
			if (handle != IntPtr.Zero)
				WithGateOpen("WTSCloseServer", () => NativeMethods.WTSCloseServer(handle));
			handle = IntPtr.Zero;
		}

		// Asks for the host's name; returns why it is not to be had, or null.
		internal WindowsException Identify()
		{
			IntPtr buffer = IntPtr.Zero;
			int error = 0; // returned, not set as last error
			try
			{
				Call("NetWkstaGetInfo", () => (error = NativeMethods.NetWkstaGetInfo(IsLocal ? null : Server, 100, out buffer)) >= 0);
				if (error != 0)
					return new WindowsException("NetWkstaGetInfo", error);
				NativeHelpers.WKSTA_INFO_100 info = Structure<NativeHelpers.WKSTA_INFO_100>(buffer);
				ComputerName = Text(info.ComputerName);
				// Windows 7 and Server 2008 R2 report the two the wrong way round, says the page of WTSINFOEX_LEVEL1_W.
				lockFlagsSwapped = info.VersionMajor == 6 && info.VersionMinor == 1;
				return null;
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
			UInt32 level = 1, count = 0;
			IntPtr buffer = IntPtr.Zero;
			try
			{
				Call("WTSEnumerateSessionsEx", () => NativeMethods.WTSEnumerateSessionsExW(handle, ref level, 0, out buffer, out count));
				return Array<NativeHelpers.WTS_SESSION_INFO_1W>(buffer, count).ConvertAll(info => new Session
				{
					Id = info.SessionId,
					State = info.State,
					Name = Text(info.pSessionName),
					User = Text(info.pUserName),
					Domain = Text(info.pDomainName),
				});
			}
			finally
			{
				if (buffer != IntPtr.Zero)
					NativeMethods.WTSFreeMemoryExW(NativeHelpers.WTS_TYPE_CLASS.WTSTypeSessionInfoLevel1, buffer, count);
			}
		}

		// One session, with its times.
		internal Session Query(UInt32 id)
		{
			NativeHelpers.WTSINFOEX_LEVEL1_W info = Query(
				id, NativeHelpers.WTS_INFO_CLASS.WTSSessionInfoEx, buffer => Structure<NativeHelpers.WTSINFOEXW>(buffer)).Data;
			return new Session
			{
				Id = id,
				State = info.SessionState,
				Name = info.WinStationName,
				User = info.UserName,
				Domain = info.DomainName,
				Flags = info.SessionFlags,
				LogonTime = info.LogonTime,
				ConnectTime = info.ConnectTime,
				DisconnectTime = info.DisconnectTime,
				LastInputTime = info.LastInputTime,
				CurrentTime = info.CurrentTime,
			};
		}

		internal Client QueryClient(UInt32 id)
		{
			Client client = new Client();
			try
			{
				client.Protocol = Query(id, NativeHelpers.WTS_INFO_CLASS.WTSClientProtocolType, buffer => Marshal.ReadInt16(buffer));
				client.Name = Query(id, NativeHelpers.WTS_INFO_CLASS.WTSClientName, buffer => Text(buffer));
				client.Address = Query(id, NativeHelpers.WTS_INFO_CLASS.WTSClientAddress, buffer =>
				{
					NativeHelpers.WTS_CLIENT_ADDRESS address = Structure<NativeHelpers.WTS_CLIENT_ADDRESS>(buffer);
					// Offsets as on the page of WTS_CLIENT_ADDRESS: IPv4 from the third byte, IPv6 from the first.
					int length = address.AddressFamily == AF_INET ? 4 : address.AddressFamily == AF_INET6 ? 16 : 0;
					byte[] bytes = new byte[length];
					Buffer.BlockCopy(address.Address, length == 4 ? 2 : 0, bytes, 0, length);
					return length == 0 ? null : new IPAddress(bytes);
				});
			}
			catch (WindowsException error)
			{
				client.Refusal = error;
			}
			return client;
		}

		internal bool? IsLocked(Session session)
		{
			if (session.Flags != WTS_SESSIONSTATE_LOCK && session.Flags != WTS_SESSIONSTATE_UNLOCK)
				return null;
			return (session.Flags == WTS_SESSIONSTATE_LOCK) != lockFlagsSwapped;
		}

		// The session of the physical console. Its session name is the same in every language of Windows.
		internal bool IsConsole(Session session)
		{
			UInt32 console = UInt32.MaxValue; // none
			if (IsLocal)
				Call("WTSGetActiveConsoleSessionId", () => { console = NativeMethods.WTSGetActiveConsoleSessionId(); return true; });
			return session.Id == console || Selection.SameName(session.Name, "console");
		}

		// Asks for the logoff and returns at once.
		internal void RequestLogoff(UInt32 id)
		{
			Call("WTSLogoffSession", () => NativeMethods.WTSLogoffSession(handle, id, false));
		}

		// The processes of people in a session: ID and name. Those of the system (csrss.exe, winlogon.exe,
		// dwm.exe) run under its own accounts, and Windows ends them itself, or stops with an error if somebody else does.
		internal List<KeyValuePair<UInt32, string>> EnumerateProcesses(UInt32 id)
		{
			UInt32 level = 0, count = 0;
			IntPtr buffer = IntPtr.Zero;
			try
			{
				Call("WTSEnumerateProcessesEx", () => NativeMethods.WTSEnumerateProcessesExW(handle, ref level, id, out buffer, out count));
				return Array<NativeHelpers.WTS_PROCESS_INFOW>(buffer, count)
					.FindAll(info => info.SessionId == id && Account.IsPerson(info.pUserSid))
					.ConvertAll(info => new KeyValuePair<UInt32, string>(info.ProcessId, Text(info.pProcessName)));
			}
			finally
			{
				if (buffer != IntPtr.Zero)
					NativeMethods.WTSFreeMemoryExW(NativeHelpers.WTS_TYPE_CLASS.WTSTypeProcessInfoLevel0, buffer, count);
			}
		}

		internal void EndProcess(UInt32 processId)
		{
			Call("WTSTerminateProcess", () => NativeMethods.WTSTerminateProcess(handle, processId, 1));
		}

		private T Query<T>(UInt32 id, NativeHelpers.WTS_INFO_CLASS infoClass, Converter<IntPtr, T> read)
		{
			IntPtr buffer = IntPtr.Zero;
			UInt32 bytes;
			try
			{
				Call("WTSQuerySessionInformation", () => NativeMethods.WTSQuerySessionInformationW(handle, id, infoClass, out buffer, out bytes));
				if (buffer == IntPtr.Zero)
					throw new WindowsException("WTSQuerySessionInformation", WindowsException.ERROR_INVALID_DATA);
				return read(buffer);
			}
			finally
			{
				if (buffer != IntPtr.Zero)
					NativeMethods.WTSFreeMemory(buffer);
			}
		}

		// Makes a call with the gate open. Whoever has given the host up by its end is not disturbed any more.
		private void Call(string name, Func<bool> native)
		{
			if (GivenUp)
				throw new GivenUpException();
			bool succeeded = false;
			int error = 0;
			WithGateOpen(name, () =>
			{
				succeeded = native();
				error = Marshal.GetLastWin32Error();
			});
			if (GivenUp)
				throw new GivenUpException();
			if (!succeeded)
				throw new WindowsException(name, error);
		}

		private void WithGateOpen(string name, Action native)
		{
			Calling = name;
			CallTime.Restart();
			Monitor.Exit(Gate);
			try
			{
				native();
			}
			finally
			{
				Monitor.Enter(Gate);
				Calling = null;
			}
		}

		private static T Structure<T>(IntPtr pointer)
		{
			return (T)Marshal.PtrToStructure(pointer, typeof(T));
		}

		private static List<T> Array<T>(IntPtr pointer, UInt32 count)
		{
			List<T> items = new List<T>((int)count);
			int size = Marshal.SizeOf(typeof(T));
			for (UInt32 i = 0; i < count; i++)
				items.Add(Structure<T>(new IntPtr(pointer.ToInt64() + (Int64)i * size)));
			return items;
		}

		private static string Text(IntPtr pointer)
		{
			return Marshal.PtrToStringUni(pointer) ?? "";
		}
	}

	// Accounts, as Windows knows them.
	internal static class Account
	{
		private const int NameSamCompatible = 2; // EXTENDED_NAME_FORMAT: DOMAIN\user

		internal static volatile string Calling = "";

		// The account that this runs as, as DOMAIN\user.
		internal static string Current()
		{
			Calling = "GetUserNameEx";
			UInt32 length = 512;
			StringBuilder name = new StringBuilder((int)length);
			if (!NativeMethods.GetUserNameExW(NameSamCompatible, name, ref length))
				throw new WindowsException("GetUserNameEx", Marshal.GetLastWin32Error());
			return name.ToString();
		}

		// The DOMAIN\user of a SID or a user principal name; null if there is no such account.
		internal static string Resolve(string text)
		{
			Calling = "LookupAccountName";
			try
			{
				byte[] sid = text.IndexOf('@') < 0 ? ParseSid(text) : LookUpSid(text);
				UInt32 nameLength = 512, domainLength = 512;
				StringBuilder name = new StringBuilder(512), domain = new StringBuilder(512);
				Int32 use;
				Calling = "LookupAccountSid";
				if (!NativeMethods.LookupAccountSidW(null, sid, name, ref nameLength, domain, ref domainLength, out use))
					throw new WindowsException("LookupAccountSid", Marshal.GetLastWin32Error());
				return domain + "\\" + name;
			}
			catch (WindowsException error)
			{
				if (error.Code == WindowsException.ERROR_NONE_MAPPED)
					return null;
				throw;
			}
		}

		private static byte[] LookUpSid(string name)
		{
			byte[] sid = new byte[68]; // SECURITY_MAX_SID_SIZE
			UInt32 sidLength = 68, domainLength = 512;
			StringBuilder domain = new StringBuilder(512);
			Int32 use;
			if (!NativeMethods.LookupAccountNameW(null, name, sid, ref sidLength, domain, ref domainLength, out use))
				throw new WindowsException("LookupAccountName", Marshal.GetLastWin32Error());
			return sid;
		}

		private static byte[] ParseSid(string text)
		{
			IntPtr pointer;
			if (!NativeMethods.ConvertStringSidToSidW(text, out pointer))
				throw new WindowsException("ConvertStringSidToSid", Marshal.GetLastWin32Error());
			byte[] sid = new byte[8 + 4 * Marshal.ReadByte(pointer, 1)];
			Marshal.Copy(pointer, sid, 0, sid.Length);
			NativeMethods.LocalFree(pointer);
			return sid;
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

	// A name with the wildcards * (any text) and ? (one character), in any case.
	internal sealed class Wildcard
	{
		private readonly string pattern;

		internal Wildcard(string pattern)
		{
			this.pattern = pattern;
		}

		internal bool Matches(string text)
		{
			int p = 0, t = 0, star = -1, retry = 0;
			while (t < text.Length)
			{
				if (p < pattern.Length && pattern[p] == '*')
				{
					star = p++;
					retry = t;
				}
				else if (p < pattern.Length && (pattern[p] == '?' || SameCharacter(pattern[p], text[t])))
				{
					// A character beyond U+FFFF, as some Chinese and Japanese names have, takes two UTF-16 units.
					t += pattern[p] == '?' && Char.IsSurrogatePair(text, t) ? 2 : 1;
					p++;
				}
				else if (star >= 0)
				{
					p = star + 1;
					t = ++retry;
				}
				else
				{
					return false;
				}
			}
			while (p < pattern.Length && pattern[p] == '*')
				p++;
			return p == pattern.Length;
		}

		// As StringComparison.OrdinalIgnoreCase does it: by the invariant upper case of each UTF-16 unit.
		private static bool SameCharacter(char a, char b)
		{
			return Char.ToUpperInvariant(a) == Char.ToUpperInvariant(b);
		}
	}

	// An account as DOMAIN\user, each side a pattern; the domain "." is the host's own.
	internal sealed class AccountPattern
	{
		private readonly Wildcard domain;
		private readonly Wildcard user;

		internal readonly bool IsLocal;

		/// <param name="text">Null: an account that does not exist, which fits nobody.</param>
		internal AccountPattern(string text)
		{
			if (text == null)
				return;
			int separator = text.IndexOf('\\');
			domain = new Wildcard(text.Substring(0, separator));
			user = new Wildcard(text.Substring(separator + 1));
			IsLocal = text.StartsWith(".\\", StringComparison.Ordinal);
		}

		internal bool Fits(Session session, string computerName)
		{
			return user != null && session.HasUser && user.Matches(session.User)
				&& (IsLocal ? Selection.SameName(session.Domain, computerName) : domain.Matches(session.Domain));
		}
	}

	// A network as address/prefix length.
	internal sealed class Network
	{
		private readonly byte[] address;
		private readonly int prefix;

		internal Network(string text)
		{
			string[] parts = text.Split('/');
			address = IPAddress.Parse(parts[0]).GetAddressBytes();
			prefix = Options.Number<int>(parts[1]);
		}

		internal bool Contains(IPAddress candidate)
		{
			byte[] bytes = candidate == null ? new byte[0] : candidate.GetAddressBytes();
			if (bytes.Length != address.Length)
				return false;
			for (int bit = 0; bit < prefix; bit++)
				if (((bytes[bit / 8] ^ address[bit / 8]) & (0x80 >> (bit % 8))) != 0)
					return false;
			return true;
		}
	}

	// The options of win_rds_engine, typed.
	internal sealed class Options
	{
		private readonly IDictionary parameters;

		internal Options(IDictionary parameters)
		{
			this.parameters = parameters;
		}

		internal bool Flag(string name)
		{
			return (bool)parameters[name];
		}

		internal List<string> Texts(string name)
		{
			List<string> texts = new List<string>();
			IEnumerable values = (IEnumerable)parameters[name];
			if (values != null)
				foreach (object value in values)
					texts.Add((string)value);
			return texts;
		}

		// A whole number in text; null where the option is not given.
		internal Int64? Number(string name)
		{
			return parameters[name] == null ? (Int64?)null : Number<Int64>((string)parameters[name]);
		}

		internal static T Number<T>(string text)
		{
			return (T)Convert.ChangeType(text, typeof(T), CultureInfo.InvariantCulture);
		}

		// Accounts as DOMAIN\user; a SID or a user principal name, which has no backslash, is looked up. Those
		// that there are not are added to unknown.
		internal List<AccountPattern> Accounts(string name, List<string> unknown)
		{
			return Texts(name).ConvertAll(text =>
			{
				string account = text.IndexOf('\\') < 0 ? Account.Resolve(text) : text;
				if (account == null)
					unknown.Add(text);
				return new AccountPattern(account);
			});
		}
	}

	// Which sessions are meant: criteria narrow each other, the values of one widen it, exclusions come last.
	internal sealed class Selection
	{
		private const int WTSDisconnected = 4;

		private readonly List<UInt32> sessionIds;
		private readonly List<string> sessionNames;
		private readonly List<AccountPattern> current;
		private readonly List<AccountPattern> users;
		private readonly List<int> states;
		private readonly bool all;
		private readonly Int64? idleFor;
		private readonly Int64? disconnectedFor;
		private readonly Int64? loggedOnFor;
		private readonly List<Wildcard> clientNames;
		private readonly List<Network> clientNetworks;
		private readonly List<UInt32> excludedIds;
		private readonly List<string> excludedNames;
		private readonly List<AccountPattern> excludedUsers;

		// Those of exclude_users that no account has: perhaps somebody is misspelt who is to be spared.
		internal readonly List<string> UnknownExclusions = new List<string>();

		// Reads the options and looks accounts up, once for all hosts.
		internal Selection(Options options)
		{
			sessionIds = options.Texts("session_ids").ConvertAll<UInt32>(Options.Number<UInt32>);
			sessionNames = options.Texts("session_names");
			current = Current(options.Flag("current"));
			users = options.Accounts("users", new List<string>());
			states = options.Texts("states").ConvertAll<int>(Options.Number<int>);
			all = options.Flag("all");
			idleFor = options.Number("idle_for");
			disconnectedFor = options.Number("disconnected_for");
			loggedOnFor = options.Number("logged_on_for");
			clientNames = options.Texts("client_names").ConvertAll(text => new Wildcard(text));
			clientNetworks = options.Texts("client_networks").ConvertAll(text => new Network(text));
			excludedIds = options.Texts("exclude_session_ids").ConvertAll<UInt32>(Options.Number<UInt32>);
			excludedNames = options.Texts("exclude_session_names");
			excludedUsers = options.Accounts("exclude_users", UnknownExclusions);
			excludedUsers.AddRange(Current(options.Flag("exclude_current")));
		}

		private static List<AccountPattern> Current(bool wanted)
		{
			List<AccountPattern> accounts = new List<AccountPattern>();
			if (wanted)
				accounts.Add(new AccountPattern(Account.Current()));
			return accounts;
		}

		internal bool NeedsComputerName
		{
			get { return users.Exists(user => user.IsLocal) || excludedUsers.Exists(user => user.IsLocal); }
		}

		internal bool NeedsClient
		{
			get { return clientNames.Count + clientNetworks.Count > 0; }
		}

		// Whether what the enumeration tells fits. Each value that fits the session is added to matchedBy
		// ("users:0" is the first of users), also where another criterion or an exclusion then rules it out.
		internal bool FitsListed(Session session, string computerName, List<string> matchedBy)
		{
			bool fits = true;
			if (sessionIds.Count + sessionNames.Count + current.Count > 0)
				fits &= Any(matchedBy, "session_ids", sessionIds, id => id == session.Id)
					| Any(matchedBy, "session_names", sessionNames, name => SameName(session.Name, name))
					| Any(matchedBy, "current", current, account => account.Fits(session, computerName));
			if (users.Count > 0)
				fits &= Any(matchedBy, "users", users, user => user.Fits(session, computerName));
			if (states.Count > 0)
				fits &= Any(matchedBy, "states", states, state => session.HasUser && state == session.State);
			if (all || NeedsClient || idleFor != null || disconnectedFor != null || loggedOnFor != null)
				fits &= session.HasUser;
			return fits
				&& !excludedIds.Contains(session.Id)
				&& !excludedNames.Exists(name => SameName(session.Name, name))
				&& !excludedUsers.Exists(user => user.Fits(session, computerName));
		}

		// Whether its times and its client fit, too.
		internal bool FitsQueried(Session session, Client client, List<string> matchedBy)
		{
			return IsSince(session.LastInputTime, session, idleFor)
				&& (disconnectedFor == null || session.State == WTSDisconnected)
				&& IsSince(session.DisconnectTime, session, disconnectedFor)
				&& IsSince(session.LogonTime, session, loggedOnFor)
				&& (!NeedsClient || FitsClient(client, matchedBy));
		}

		private bool FitsClient(Client client, List<string> matchedBy)
		{
			bool fits = Any(matchedBy, "client_names", clientNames, name => !String.IsNullOrEmpty(client.Name) && name.Matches(client.Name))
				| Any(matchedBy, "client_networks", clientNetworks, network => network.Contains(client.Address));
			if (!fits && client.Refusal != null)
				throw client.Refusal; // that it is not known whether it fits does not mean that it does not
			return fits;
		}

		// By the host's own clock. What has no known beginning has not lasted for any time.
		private static bool IsSince(Int64 moment, Session session, Int64? duration)
		{
			return duration == null || (moment > 0 && session.CurrentTime - moment >= duration);
		}

		internal static bool SameName(string a, string b)
		{
			return String.Equals(a, b, StringComparison.OrdinalIgnoreCase);
		}

		private static bool Any<T>(List<string> matchedBy, string criterion, List<T> values, Predicate<T> fits)
		{
			int before = matchedBy.Count;
			for (int i = 0; i < values.Count; i++)
				if (fits(values[i]))
					matchedBy.Add(String.Format(CultureInfo.InvariantCulture, "{0}:{1}", criterion, i));
			return matchedBy.Count > before;
		}
	}

	// A selected session and what became of it.
	internal sealed class Target
	{
		internal Session Session;
		internal Client Client = new Client();
		internal List<string> MatchedBy;
		internal string Result;    // null: not settled yet
		internal WindowsException Error;
		internal bool Asked;       // we asked for the logoff; Windows may not have answered
		internal bool Requested;   // Windows accepted our request
		internal bool Awaited;     // it is going, or busy and worth another try
		internal bool Busy;
		internal readonly Stopwatch Elapsed = new Stopwatch();
		internal Int64 Deadline;   // milliseconds of Elapsed
		internal readonly List<KeyValuePair<UInt32, string>> Ended = new List<KeyValuePair<UInt32, string>>();

		internal void Settle(string result, WindowsException error)
		{
			Result = result;
			Error = error;
			Awaited = false;
			Elapsed.Stop();
		}

		internal void Fail(WindowsException error)
		{
			Settle(error.SaysDenied ? "denied" : "failed", error);
		}

		// A session that was leaving already is not one that we logged off.
		internal void SettleGone()
		{
			Settle(Requested ? "logged_off" : "already_gone", null);
		}
	}

	// One host's part of a task: select, request every logoff, then await them together.
	internal sealed class LogoffRun
	{
		private const int PollMilliseconds = 100;

		private readonly Selection selection;
		private readonly bool checkMode;
		private readonly bool protectConsole;
		private readonly bool wait;
		private readonly bool terminate;
		private readonly Int64 timeout;
		private readonly Int64 maxParallel;
		private readonly List<Target> targets = new List<Target>();
		private readonly HashSet<string> found = new HashSet<string>();
		private WindowsException failure;
		private Exception crash;
		private bool selected; // all sessions were looked at
		private bool settled;  // nothing is left to do but to close the host

		internal readonly SessionHost Host;
		internal bool Done;

		internal LogoffRun(string server, Selection selection, Options options, bool checkMode)
		{
			Host = new SessionHost(server);
			this.selection = selection;
			this.checkMode = checkMode;
			protectConsole = options.Flag("protect_console");
			wait = options.Flag("wait");
			terminate = options.Flag("terminate");
			timeout = (Int64)options.Number("timeout_ms");
			maxParallel = options.Number("max_parallel") ?? Int64.MaxValue;
		}

		internal void Run()
		{
			lock (Host.Gate)
			{
				using (Host)
				{
					try
					{
						Host.Open();
						Select();
						selected = true;
						if (!checkMode)
							LogOff();
					}
					catch (WindowsException error)
					{
						failure = error;
					}
					catch (GivenUpException)
					{
					}
					catch (Exception error)
					{
						crash = error;
						if (!checkMode)
							SettleRest(new WindowsException("SessionEngine", WindowsException.ERROR_INTERNAL_ERROR));
					}
					settled = true;
				}
				Done = true;
				Monitor.PulseAll(Host.Gate);
			}
		}

		// Ends the run from outside if a call has lasted too long. What was not settled is told as it stands.
		internal void GiveUpAfter(Int64 milliseconds)
		{
			if (Done || Host.Calling == null || Host.CallTime.ElapsedMilliseconds < milliseconds)
				return;
			Host.GivenUp = true;
			Done = true;
			if (settled)
				return;
			WindowsException unanswered = new WindowsException(Host.Calling, WindowsException.ERROR_TIMEOUT);
			if (!selected || !targets.Exists(target => target.Result == null))
				failure = unanswered;
			SettleRest(unanswered);
		}

		private void SettleRest(WindowsException error)
		{
			foreach (Target target in targets)
				if (target.Result == null)
					target.Settle(target.Asked || target.Requested ? "timed_out" : "failed", error);
		}

		private void Select()
		{
			List<Session> sessions = Host.Enumerate();
			if (sessions.Count == 0) // there is always session 0, so this is not "nobody is logged on"
				throw new WindowsException("WTSEnumerateSessionsEx", WindowsException.ERROR_INVALID_DATA);
			WindowsException nameless = Host.Identify();
			if (nameless != null && selection.NeedsComputerName)
				throw nameless;
			foreach (Session session in sessions)
			{
				List<string> matchedBy = new List<string>();
				bool fits = selection.FitsListed(session, Host.ComputerName, matchedBy);
				found.UnionWith(matchedBy);
				if (fits)
					Identify(new Target { Session = session, MatchedBy = matchedBy });
			}
		}

		// Adds what the enumeration does not tell. Without its logon time a session is not identified and is left alone.
		private void Identify(Target target)
		{
			Session listed = target.Session;
			try
			{
				Session session = Host.Query(listed.Id);
				if (listed.IsSameAccount(session))
				{
					session.TakeFullNames(listed);
					target.Session = session;
					target.Client = Host.QueryClient(session.Id);
					bool fits = selection.FitsQueried(session, target.Client, target.MatchedBy);
					found.UnionWith(target.MatchedBy);
					if (!fits)
						return;
					if (session.Id == 0 || session.IsListener || (protectConsole && Host.IsConsole(session)))
						target.Settle("protected", null);
				}
				else
				{
					target.Settle("already_gone", null);
				}
			}
			catch (WindowsException error)
			{
				if (listed.Id == 0 || listed.IsListener)
					target.Settle("protected", null);
				else if (error.SaysSessionIsGone)
					target.Settle("already_gone", null);
				else
					target.Fail(error);
			}
			targets.Add(target);
		}

		private void LogOff()
		{
			Queue<Target> waiting = new Queue<Target>(targets.FindAll(target => target.Result == null));
			List<Target> going = new List<Target>();
			while (waiting.Count + going.Count > 0)
			{
				while (waiting.Count > 0 && going.Count < maxParallel)
				{
					Target next = waiting.Dequeue();
					next.Deadline = timeout;
					Request(next);
					if (next.Awaited)
						going.Add(next);
				}
				if (going.Count > 0)
					Monitor.Wait(Host.Gate, PollMilliseconds);
				going.ForEach(Look);
				going.RemoveAll(target => !target.Awaited);
			}
		}

		// Reads the session once more and, if it is still the same logon and still meant, asks for its logoff.
		private void Request(Target target)
		{
			target.Elapsed.Start();
			try
			{
				Session now = Host.Query(target.Session.Id);
				if (!target.Session.IsSameLogon(now))
				{
					target.Settle("already_gone", null);
					return;
				}
				now.TakeFullNames(target.Session);
				List<string> ignored = new List<string>();
				Client client = selection.NeedsClient ? Host.QueryClient(now.Id) : target.Client;
				if (!selection.FitsListed(now, Host.ComputerName, ignored) || !selection.FitsQueried(now, client, ignored))
				{
					target.Settle("spared", null);
					return;
				}
				if (protectConsole && Host.IsConsole(now))
				{
					target.Settle("protected", null);
					return;
				}
				target.Busy = false;
				target.Asked = true;
				Host.RequestLogoff(now.Id);
				target.Requested = true;
				target.Awaited = wait;
				if (!wait)
					target.Settle("requested", null);
			}
			catch (WindowsException error)
			{
				target.Asked = false;
				bool leaving = error.Code == WindowsException.ERROR_CTX_CLOSE_PENDING;
				target.Busy = error.Code == WindowsException.ERROR_CTX_WINSTATION_BUSY;
				if (error.SaysSessionIsGone || (leaving && !wait))
					target.Settle("already_gone", null);
				else if (leaving || (target.Busy && wait))
					target.Awaited = true;
				else
					target.Fail(error);
			}
		}

		// Settles the target once Windows no longer has the session, or once its time is over.
		private void Look(Target target)
		{
			WindowsException unanswered = null;
			try
			{
				Session now = Host.Query(target.Session.Id);
				if (target.Session.IsAnotherLogon(now))
				{
					target.SettleGone();
					return;
				}
				if (target.Busy)
					Request(target);
				else if (terminate && target.Ended.Count == 0 && target.Elapsed.ElapsedMilliseconds >= target.Deadline)
					EndProcesses(target);
			}
			catch (WindowsException error)
			{
				if (error.SaysSessionIsGone)
				{
					target.SettleGone();
					return;
				}
				if (error.Code != WindowsException.ERROR_CTX_CLOSE_PENDING)
					unanswered = error;
			}
			if (!target.Awaited || target.Elapsed.ElapsedMilliseconds < target.Deadline)
				return;
			if (unanswered != null)
				target.Fail(unanswered);
			else if (target.Busy)
				target.Fail(new WindowsException("WTSLogoffSession", WindowsException.ERROR_CTX_WINSTATION_BUSY));
			else
				target.Settle("timed_out", null);
		}

		// Ends the processes that keep a session from ending, and gives it its time once more.
		private void EndProcesses(Target target)
		{
			List<KeyValuePair<UInt32, string>> processes = Host.EnumerateProcesses(target.Session.Id);
			// Asked after they were listed: so they are not those of somebody who has the ID now.
			if (target.Session.IsAnotherLogon(Host.Query(target.Session.Id)))
			{
				target.SettleGone();
				return;
			}
			foreach (KeyValuePair<UInt32, string> process in processes)
			{
				try
				{
					Host.EndProcess(process.Key);
					target.Ended.Add(process);
				}
				catch (WindowsException)
				{
					// It has ended by itself, or nobody may end it; whether the session goes is what counts.
				}
			}
			if (target.Ended.Count > 0)
			{
				target.Requested = true;
				target.Deadline = target.Elapsed.ElapsedMilliseconds + timeout;
			}
		}

		internal Dictionary<string, object> Report()
		{
			return new Dictionary<string, object>
			{
				{ "server", Host.Server },
				{ "computer_name", Host.ComputerName },
				{ "found", new List<object>(found) },
				{ "sessions", targets.ConvertAll<object>(Report) },
				{ "error", Report(failure) },
				{ "crash", crash == null ? null : crash.ToString() },
			};
		}

		private object Report(Target target)
		{
			Session session = target.Session;
			return new Dictionary<string, object>
			{
				{ "id", session.Id },
				{ "name", session.Name },
				{ "user", session.User },
				{ "domain", session.Domain },
				{ "state", session.State },
				{ "protocol", target.Client.Protocol },
				{ "client_name", target.Client.Name },
				{ "client_address", target.Client.Address == null ? null : target.Client.Address.ToString() },
				{ "locked", Host.IsLocked(session) },
				{ "logon_time", session.LogonTime },
				{ "connect_time", session.ConnectTime },
				{ "disconnect_time", session.DisconnectTime },
				{ "last_input_time", session.LastInputTime },
				{ "current_time", session.CurrentTime },
				{ "matched_by", new List<object>(target.MatchedBy.ToArray()) },
				{ "result", target.Result },
				{ "requested", target.Requested },
				{ "error", Report(target.Error) },
				{ "elapsed_ms", target.Elapsed.ElapsedMilliseconds },
				{ "ended_processes", target.Ended.ConvertAll<object>(process =>
					new Dictionary<string, object> { { "id", process.Key }, { "name", process.Value } }) },
			};
		}

		internal static object Report(WindowsException error)
		{
			if (error == null)
				return null;
			return new Dictionary<string, object> { { "call", error.Call }, { "code", error.Code } };
		}
	}

	// The one entry, called by win_rds_engine.ps1.
	public static class Engine
	{
		private const int LookMilliseconds = 20;
		private const int StackBytes = 256 * 1024;

		/// <param name="parameters">The options of win_rds_engine, numbers as text.</param>
		/// <param name="checkMode">Select and report; make no call that changes anything.</param>
		/// <returns>servers (a report each), unknown_exclusions (texts), error (null, or why an account could not be looked up).</returns>
		public static Dictionary<string, object> Run(IDictionary parameters, bool checkMode)
		{
			Options options = new Options(parameters);
			List<object> reports = new List<object>(), unknown = new List<object>();
			WindowsException failure = null;
			try
			{
				Int64 serverTimeout = (Int64)options.Number("server_timeout_ms");
				Selection selection = ReadSelection(options, serverTimeout);
				unknown.AddRange(selection.UnknownExclusions.ToArray());
				List<LogoffRun> runs = options.Texts("servers").ConvertAll(
					server => new LogoffRun(server, selection, options, checkMode));
				RunSideBySide(runs, serverTimeout);
				foreach (LogoffRun run in runs)
					lock (run.Host.Gate)
						reports.Add(run.Report());
			}
			catch (WindowsException error)
			{
				failure = error;
			}
			return new Dictionary<string, object>
			{
				{ "servers", reports },
				{ "unknown_exclusions", unknown },
				{ "error", LogoffRun.Report(failure) },
			};
		}

		// In a thread of its own, because a domain controller that does not answer can hold a look-up up.
		private static Selection ReadSelection(Options options, Int64 timeout)
		{
			Selection selection = null;
			Exception failure = null;
			Thread reader = new Thread(() =>
			{
				try
				{
					selection = new Selection(options);
				}
				catch (Exception error)
				{
					failure = error;
				}
			}, StackBytes) { IsBackground = true };
			reader.Start();
			if (!reader.Join((int)Math.Min(timeout, Int32.MaxValue)))
				throw new WindowsException(Account.Calling, WindowsException.ERROR_TIMEOUT);
			if (failure != null)
				throw failure;
			return selection;
		}

		// Each host in a thread of its own: one that does not answer delays no other.
		private static void RunSideBySide(List<LogoffRun> runs, Int64 serverTimeout)
		{
			foreach (LogoffRun run in runs)
				new Thread(run.Run, StackBytes) { IsBackground = true }.Start();
			for (List<LogoffRun> running = runs; running.Count > 0; running = running.FindAll(run => !IsOver(run, serverTimeout)))
				lock (running[0].Host.Gate)
					if (!running[0].Done)
						Monitor.Wait(running[0].Host.Gate, LookMilliseconds);
		}

		private static bool IsOver(LogoffRun run, Int64 serverTimeout)
		{
			lock (run.Host.Gate)
			{
				run.GiveUpAfter(serverTimeout);
				return run.Done;
			}
		}
	}
}
