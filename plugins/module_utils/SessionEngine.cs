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
		internal static extern bool ConvertStringSidToSidW(string StringSid, out IntPtr Sid);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		internal static extern bool LookupAccountNameW(
			string lpSystemName, string lpAccountName, byte[] Sid, ref UInt32 cbSid,
			StringBuilder ReferencedDomainName, ref UInt32 cchReferencedDomainName, out Int32 peUse);

		[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
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
		internal static extern bool WTSEnumerateSessionsExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 Filter, out IntPtr ppSessionInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSEnumerateProcessesExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 SessionID, out IntPtr ppProcessInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSQuerySessionInformationW(
			IntPtr hServer, UInt32 SessionId, NativeHelpers.WTS_INFO_CLASS WTSInfoClass,
			out IntPtr ppBuffer, out UInt32 pBytesReturned);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSLogoffSession(IntPtr hServer, UInt32 SessionId, bool bWait);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSDisconnectSession(IntPtr hServer, UInt32 SessionId, bool bWait);

		[DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
		internal static extern bool WTSSendMessageW(
			IntPtr hServer, UInt32 SessionId, string pTitle, UInt32 TitleLength, string pMessage, UInt32 MessageLength,
			UInt32 Style, UInt32 Timeout, out UInt32 pResponse, bool bWait);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		internal static extern bool WTSTerminateProcess(IntPtr hServer, UInt32 ProcessId, UInt32 ExitCode);

		[DllImport("wtsapi32.dll")]
		internal static extern void WTSFreeMemory(IntPtr pMemory);

		[DllImport("wtsapi32.dll", SetLastError = true)]
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
		private const int WTSDisconnected = 4;
		private const int WTSListen = 6;
		private const UInt32 FirstListenerId = 65536;
		private const int LongestUserInInfo = 20;   // WTSINFOEX cuts names off there,
		private const int LongestDomainInInfo = 17; // the enumeration does not

		internal UInt32 Id;
		internal int State; // WTS_CONNECTSTATE_CLASS
		internal string Name;
		internal string User;
		internal string Domain;
		internal int Flags = -1; // unknown
		internal Int64 LogonTime;
		internal Int64 ConnectTime;
		internal Int64 DisconnectTime;
		internal Int64 LastInputTime;
		internal Int64 CurrentTime;
		internal UInt32 IncomingBytes;
		internal UInt32 OutgoingBytes;

		// A person's session: session 0 and a bare logon screen are "Disconnected" or "Connected" too.
		internal bool HasUser
		{
			get { return User.Length > 0 && !IsProtected; }
		}

		internal bool IsDisconnected
		{
			get { return State == WTSDisconnected; }
		}

		internal bool IsListener
		{
			get { return State == WTSListen || Id >= FirstListenerId; }
		}

		// Session 0 runs the services of Windows; a listener is no session.
		internal bool IsProtected
		{
			get { return Id == 0 || IsListener; }
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

	// A Remote Desktop Session Host and the calls that are made to it. Its user holds the gate, which is let go
	// only during a call, so that another thread can see how long the call lasts and give the host up meanwhile.
	internal sealed class SessionHost : IDisposable
	{
		private const int AF_INET = 2; // ws2def.h: Windows' numbers, not the platform's
		private const int AF_INET6 = 23;

		private readonly object gate;
		private readonly string server;  // empty: the computer that this runs on
		private IntPtr handle = IntPtr.Zero; // WTS_CURRENT_SERVER_HANDLE

		internal Target Target;          // whom the calls are about; null: all
		internal string Calling;         // the call in progress; null: none
		internal readonly Stopwatch CallTime = new Stopwatch();
		internal Int64 UserTime;         // milliseconds that a user may take to answer the call
		internal bool Finished;          // nothing is left to do but to close it
		internal bool GivenUp;

		internal SessionHost(string server, object gate)
		{
			this.server = server;
			this.gate = gate;
		}

		private bool IsLocal
		{
			get { return server.Length == 0; }
		}

		internal void Open()
		{
			if (!IsLocal)
				Call("WTSOpenServerEx", () => (handle = NativeMethods.WTSOpenServerExW(server)) != IntPtr.Zero);
		}

		// Closes the host, also one that was given up: a call like any other, which may hang.
		public void Dispose()
		{
			Finished = true;
			if (handle != IntPtr.Zero)
				WithGateOpen("WTSCloseServer", () => NativeMethods.WTSCloseServer(handle));
			handle = IntPtr.Zero;
		}

		// The host's NetBIOS name, which is the domain of its local accounts, and its version of Windows.
		internal void QueryComputer(out string name, out UInt32 major, out UInt32 minor)
		{
			IntPtr buffer = IntPtr.Zero;
			int error = 0; // returned, not set as last error
			try
			{
				Call("NetWkstaGetInfo", () => (error = NativeMethods.NetWkstaGetInfo(IsLocal ? null : server, 100, out buffer)) >= 0);
				if (error != 0)
					throw new WindowsException("NetWkstaGetInfo", error);
				NativeHelpers.WKSTA_INFO_100 info = Structure<NativeHelpers.WKSTA_INFO_100>(buffer);
				name = Text(info.ComputerName);
				major = info.VersionMajor;
				minor = info.VersionMinor;
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
				IncomingBytes = info.IncomingBytes,
				OutgoingBytes = info.OutgoingBytes,
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

		// Asks for the disconnection and returns at once.
		internal void RequestDisconnect(UInt32 id)
		{
			Call("WTSDisconnectSession", () => NativeMethods.WTSDisconnectSession(handle, id, false));
		}

		// Shows a message; returns the button that closed it, IDTIMEOUT, or IDASYNC if the answer is not waited for.
		internal UInt32 SendMessage(UInt32 id, string title, string text, UInt32 style, UInt32 seconds, bool wait)
		{
			UInt32 answer = 0;
			Call("WTSSendMessage", () => NativeMethods.WTSSendMessageW(
				handle, id, title, Bytes(title), text, Bytes(text), style, seconds, out answer, wait), wait ? seconds * 1000L : 0);
			return answer;
		}

		// Lengths of text are in bytes, says the page of WTSSendMessage.
		private static UInt32 Bytes(string text)
		{
			return (UInt32)text.Length * 2;
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
		private void Call(string name, Func<bool> native, Int64 userTime = 0)
		{
			UserTime = userTime;
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
			Monitor.Exit(gate);
			try
			{
				native();
			}
			finally
			{
				Monitor.Enter(gate);
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

		internal bool IsGiven(string name)
		{
			return parameters[name] != null;
		}

		internal string Text(string name)
		{
			return (string)parameters[name];
		}

		// A whole number in text; null where the option is not given.
		internal Int64? Number(string name)
		{
			return IsGiven(name) ? Number<Int64>(Text(name)) : (Int64?)null;
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
		private readonly HashSet<string> logons; // server|id|logon time|DOMAIN\user
		private readonly HashSet<string> logonIds = new HashSet<string>(StringComparer.OrdinalIgnoreCase); // server|id

		// Whether sessions are meant that are none of the logons that the task is about.
		internal readonly bool TakesNewcomers;

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
			logons = new HashSet<string>(options.Texts("logons"), StringComparer.OrdinalIgnoreCase);
			foreach (string logon in options.Texts("logons"))
				logonIds.Add(logon.Remove(logon.IndexOf('|', logon.IndexOf('|') + 1)));
			TakesNewcomers = !options.IsGiven("logons") || options.Flag("newcomers");
		}

		// Whether a session may be, and whether it is, one of the logons that the task is about.
		internal bool MayBeExpected(string server, UInt32 id)
		{
			return logonIds.Contains(server + "|" + id);
		}

		internal bool IsExpected(string server, Session session)
		{
			return logons.Contains(String.Join("|", server, session.Id, session.LogonTime, session.Domain + "\\" + session.User));
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

		// Whether its times fit, too.
		internal bool FitsTimes(Session session)
		{
			return IsSince(session.LastInputTime, session, idleFor)
				&& (disconnectedFor == null || session.IsDisconnected)
				&& IsSince(session.DisconnectTime, session, disconnectedFor)
				&& IsSince(session.LogonTime, session, loggedOnFor);
		}

		// Whether its client fits, too.
		internal bool FitsClient(Client client, List<string> matchedBy)
		{
			bool fits = !NeedsClient
				| Any(matchedBy, "client_names", clientNames, name => !String.IsNullOrEmpty(client.Name) && name.Matches(client.Name))
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
		internal bool Asked;       // we asked for the act; Windows may not have answered
		internal bool Requested;   // Windows accepted our request
		internal bool Awaited;     // it is going, or busy and worth another try
		internal bool Busy;
		internal UInt32? Answer;   // the user's, to a message
		internal readonly Stopwatch Elapsed = new Stopwatch();
		internal Int64 Deadline;   // milliseconds of Elapsed
		internal readonly List<KeyValuePair<UInt32, string>> Ended = new List<KeyValuePair<UInt32, string>>();

		internal void Settle(string result, WindowsException error = null)
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

		internal void GiveUp(WindowsException unanswered)
		{
			Settle(Asked || Requested ? "timed_out" : "failed", unanswered);
		}
	}

	// One server's part of a task: select, request every act, then await them together. The work is done by a
	// thread with a host of its own; where its call does not come back, another takes over from there.
	internal sealed class ServerRun
	{
		private const int PollMilliseconds = 100;
		private const int StackBytes = 256 * 1024;
		private const int MostHangs = 3; // then it is the server that does not answer
		private const UInt32 IDTIMEOUT = 32000;
		private const UInt32 IDASYNC = 32001;
		private const int WTS_SESSIONSTATE_LOCK = 0;
		private const int WTS_SESSIONSTATE_UNLOCK = 1;

		private readonly string server;
		private readonly Selection selection;
		private readonly Options options;
		private readonly string action;
		private readonly bool checkMode;
		private readonly bool protectConsole;
		private readonly bool wait;
		private readonly Int64 timeout;

		private readonly List<SessionHost> hosts = new List<SessionHost>(); // those at work
		private readonly HashSet<string> found = new HashSet<string>();
		private readonly List<Target> targets = new List<Target>();
		private Queue<Session> listed;                                      // still to be identified
		private Queue<Target> waiting;                                      // still to be requested
		private readonly List<Target> going = new List<Target>();           // requested, and awaited
		private string computerName = ""; // empty: Windows does not tell
		private bool lockFlagsSwapped;
		private int hangs;
		private WindowsException failure;
		private Exception crash;

		internal readonly object Gate = new object();

		internal ServerRun(string server, Selection selection, Options options, bool checkMode)
		{
			this.server = server;
			this.selection = selection;
			this.options = options;
			action = options.Text("action");
			this.checkMode = checkMode || IsList;
			protectConsole = options.Flag("protect_console");
			wait = options.Flag("wait");
			timeout = (Int64)options.Number("timeout_ms");
		}

		private bool IsList
		{
			get { return action == "list"; }
		}

		internal bool IsDone
		{
			get { return hosts.Count == 0; }
		}

		internal void Start()
		{
			SessionHost host = new SessionHost(server, Gate);
			hosts.Add(host);
			new Thread(() => Run(host), StackBytes) { IsBackground = true }.Start();
		}

		private void Run(SessionHost host)
		{
			lock (Gate)
			{
				using (host)
				{
					try
					{
						host.Open();
						Select(host);
						if (!checkMode)
							Act(host);
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
					}
				}
				Leave(host);
			}
		}

		// Ends from outside what has lasted too long: a session that a call hangs for, or all of the server.
		internal void GiveUpAfter(Int64 milliseconds)
		{
			foreach (SessionHost host in hosts.FindAll(
				host => host.Calling != null && host.CallTime.ElapsedMilliseconds >= milliseconds + host.UserTime))
			{
				host.GivenUp = true;
				if (!host.Finished)
					TakeOver(host.Target, new WindowsException(host.Calling, WindowsException.ERROR_TIMEOUT));
				Leave(host);
			}
		}

		private void TakeOver(Target target, WindowsException unanswered)
		{
			if (target != null)
			{
				target.GiveUp(unanswered);
				if (!targets.Contains(target))
					targets.Add(target);
			}
			if (target != null && ++hangs < MostHangs)
				Start();
			else
				failure = unanswered;
		}

		// Nobody settles what the last leaves behind.
		private void Leave(SessionHost host)
		{
			hosts.Remove(host);
			if (!IsDone)
				return;
			foreach (Target target in targets)
				if (target.Result == null && !checkMode)
					target.GiveUp(failure ?? new WindowsException("SessionEngine", WindowsException.ERROR_INTERNAL_ERROR));
			Monitor.PulseAll(Gate);
		}

		private void Select(SessionHost host)
		{
			if (listed == null)
			{
				List<Session> sessions = host.Enumerate();
				if (sessions.Count == 0) // there is always session 0, so this is not "nobody is logged on"
					throw new WindowsException("WTSEnumerateSessionsEx", WindowsException.ERROR_INVALID_DATA);
				QueryComputer(host);
				listed = new Queue<Session>(sessions);
			}
			while (listed.Count > 0)
			{
				Session session = listed.Dequeue();
				List<string> matchedBy = new List<string>();
				bool fits = selection.FitsListed(session, computerName, matchedBy);
				found.UnionWith(matchedBy);
				if ((fits && selection.TakesNewcomers) || selection.MayBeExpected(server, session.Id))
					Identify(host, new Target { Session = session, MatchedBy = matchedBy }, fits);
			}
			host.Target = null;
		}

		private void QueryComputer(SessionHost host)
		{
			UInt32 major, minor;
			try
			{
				host.QueryComputer(out computerName, out major, out minor);
				// Windows 7 and Server 2008 R2 report the two the wrong way round, says the page of WTSINFOEX_LEVEL1_W.
				lockFlagsSwapped = major == 6 && minor == 1;
			}
			catch (WindowsException)
			{
				if (selection.NeedsComputerName)
					throw;
			}
		}

		// Adds what the enumeration does not tell. Without its logon time a session is not identified and is left alone.
		private void Identify(SessionHost host, Target target, bool fits)
		{
			Session listed = target.Session;
			host.Target = target;
			try
			{
				Session session = host.Query(listed.Id);
				if (listed.IsSameAccount(session))
				{
					session.TakeFullNames(listed);
					target.Session = session;
					bool expected = selection.IsExpected(server, session);
					if (!expected && !selection.TakesNewcomers)
						return;
					fits = fits && selection.FitsTimes(session);
					if (fits)
						target.Client = host.QueryClient(session.Id);
					fits = fits && selection.FitsClient(target.Client, target.MatchedBy);
					found.UnionWith(target.MatchedBy);
					if (!fits && !expected)
						return;
					if (!fits)
						target.Settle("spared");
					else if (!IsList && (session.IsProtected || (protectConsole && host.IsConsole(session))))
						target.Settle("protected");
					else if (IsAsAsked(session))
						target.Settle("already_disconnected");
				}
				else
				{
					target.Settle("already_gone");
				}
			}
			catch (WindowsException error)
			{
				if (listed.IsProtected && !IsList)
					target.Settle("protected");
				else if (error.SaysSessionIsGone)
					target.Settle("already_gone");
				else
					target.Fail(error);
			}
			targets.Add(target);
		}

		// Messages whose answers are awaited are sent by a thread each: all users are asked at once.
		private void Act(SessionHost host)
		{
			if (waiting == null)
			{
				waiting = new Queue<Target>(targets.FindAll(target => target.Result == null));
				if (options.Flag("wait_for_answer"))
					for (int i = 1; i < waiting.Count; i++)
						Start();
			}
			Int64 maxParallel = options.Number("max_parallel") ?? Int64.MaxValue;
			for (; waiting.Count + going.Count > 0; going.RemoveAll(target => !target.Awaited))
			{
				while (waiting.Count > 0 && going.Count < maxParallel)
				{
					host.Target = waiting.Dequeue();
					host.Target.Deadline = timeout;
					Request(host, host.Target);
					if (host.Target.Awaited)
						going.Add(host.Target);
				}
				host.Target = null;
				if (going.Count > 0)
					Monitor.Wait(Gate, PollMilliseconds);
				foreach (Target target in going)
				{
					host.Target = target;
					if (target.Awaited) // not if the look at it hung
						Look(host, target);
				}
			}
		}

		// Reads the session once more and, if it is still the same logon and still meant, asks for the act.
		private void Request(SessionHost host, Target target)
		{
			target.Elapsed.Start();
			try
			{
				Session now = host.Query(target.Session.Id);
				if (!target.Session.IsSameLogon(now))
				{
					target.Settle("already_gone");
					return;
				}
				now.TakeFullNames(target.Session);
				List<string> ignored = new List<string>();
				Client client = selection.NeedsClient ? host.QueryClient(now.Id) : target.Client;
				if (!selection.FitsListed(now, computerName, ignored) || !selection.FitsTimes(now) || !selection.FitsClient(client, ignored))
					target.Settle("spared");
				else if (protectConsole && host.IsConsole(now))
					target.Settle("protected");
				else if (IsAsAsked(now))
					target.Settle("already_disconnected");
				else
					Ask(host, target, now);
			}
			catch (WindowsException error)
			{
				target.Asked = false;
				bool leaving = error.Code == WindowsException.ERROR_CTX_CLOSE_PENDING;
				target.Busy = error.Code == WindowsException.ERROR_CTX_WINSTATION_BUSY;
				target.Error = error;
				if (error.SaysSessionIsGone || (leaving && !wait))
					target.Settle("already_gone");
				else if (leaving || (target.Busy && wait))
					target.Awaited = true;
				else
					target.Fail(error);
			}
		}

		private void Ask(SessionHost host, Target target, Session now)
		{
			target.Busy = false;
			target.Asked = true;
			if (action == "send_message")
				target.Answer = host.SendMessage(
					now.Id, FilledIn("title", now), FilledIn("message", now), (UInt32)options.Number("message_style"),
					(UInt32)options.Number("message_seconds"), options.Flag("wait_for_answer"));
			else if (action == "disconnect")
				host.RequestDisconnect(now.Id);
			else
				host.RequestLogoff(now.Id);
			target.Requested = true;
			target.Awaited = wait;
			if (target.Answer != null)
				target.Settle(target.Answer == IDASYNC ? "sent" : target.Answer == IDTIMEOUT ? "no_answer" : "answered");
			else if (!wait)
				target.Settle("requested");
		}

		// A text with what only the host knows. The deadline is rounded, so that each reminder tells the same.
		private string FilledIn(string option, Session now)
		{
			DateTime deadline = DateTime.FromFileTimeUtc(now.CurrentTime).AddMilliseconds((options.Number("remaining_ms") ?? 0) + 30000);
			return options.Text(option)
				.Replace("{deadline}", deadline.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture))
				.Replace("{server}", computerName.Length > 0 ? computerName : server)
				.Replace("{user}", now.User);
		}

		// Settles the target once Windows has done what was asked, or once its time is over.
		private void Look(SessionHost host, Target target)
		{
			WindowsException unanswered = null;
			try
			{
				Session now = host.Query(target.Session.Id);
				if (target.Session.IsAnotherLogon(now))
				{
					SettleGone(target);
					return;
				}
				if (target.Busy)
					Request(host, target);
				else if (IsAsAsked(now))
					target.Settle("disconnected");
				else if (options.Flag("terminate") && target.Ended.Count == 0 && target.Elapsed.ElapsedMilliseconds >= target.Deadline)
					EndProcesses(host, target);
			}
			catch (WindowsException error)
			{
				if (error.SaysSessionIsGone)
				{
					SettleGone(target);
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
				target.Fail(target.Error);
			else
				target.Settle("timed_out");
		}

		private bool IsAsAsked(Session session)
		{
			return action == "disconnect" && session.IsDisconnected;
		}

		// A session that was leaving already is not one that we logged off.
		private void SettleGone(Target target)
		{
			target.Settle(target.Requested && action == "log_off" ? "logged_off" : "already_gone");
		}

		// Ends the processes that keep a session from ending, and gives it its time once more.
		private void EndProcesses(SessionHost host, Target target)
		{
			List<KeyValuePair<UInt32, string>> processes = host.EnumerateProcesses(target.Session.Id);
			// Asked after they were listed: so they are not those of somebody who has the ID now.
			if (target.Session.IsAnotherLogon(host.Query(target.Session.Id)))
			{
				SettleGone(target);
				return;
			}
			foreach (KeyValuePair<UInt32, string> process in processes)
			{
				try
				{
					host.EndProcess(process.Key);
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
				{ "server", server },
				{ "computer_name", computerName },
				{ "found", new List<object>(found) },
				{ "sessions", targets.ConvertAll<object>(Report) },
				{ "error", Report(failure) },
				{ "crash", crash == null ? null : crash.ToString() },
			};
		}

		private object Report(Target target)
		{
			Session session = target.Session;
			bool locked = session.Flags == WTS_SESSIONSTATE_LOCK;
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
				{ "locked", locked || session.Flags == WTS_SESSIONSTATE_UNLOCK ? (object)(locked != lockFlagsSwapped) : null },
				{ "logon_time", session.LogonTime },
				{ "connect_time", session.ConnectTime },
				{ "disconnect_time", session.DisconnectTime },
				{ "last_input_time", session.LastInputTime },
				{ "current_time", session.CurrentTime },
				{ "incoming_bytes", session.IncomingBytes },
				{ "outgoing_bytes", session.OutgoingBytes },
				{ "matched_by", new List<object>(target.MatchedBy.ToArray()) },
				{ "result", target.Result },
				{ "requested", target.Requested },
				{ "answer", target.Answer },
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
				List<ServerRun> runs = options.Texts("servers").ConvertAll(
					server => new ServerRun(server, selection, options, checkMode));
				RunSideBySide(runs, serverTimeout);
				foreach (ServerRun run in runs)
					lock (run.Gate)
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
				{ "error", ServerRun.Report(failure) },
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
			}) { IsBackground = true };
			reader.Start();
			if (!reader.Join((int)Math.Min(timeout, Int32.MaxValue)))
				throw new WindowsException(Account.Calling, WindowsException.ERROR_TIMEOUT);
			if (failure != null)
				throw failure;
			return selection;
		}

		// Each host in a thread of its own: one that does not answer delays no other.
		private static void RunSideBySide(List<ServerRun> runs, Int64 serverTimeout)
		{
			foreach (ServerRun run in runs)
				lock (run.Gate)
					run.Start();
			for (List<ServerRun> running = runs; running.Count > 0; running = running.FindAll(run => !IsOver(run, serverTimeout)))
				lock (running[0].Gate)
					if (!running[0].IsDone)
						Monitor.Wait(running[0].Gate, LookMilliseconds);
		}

		private static bool IsOver(ServerRun run, Int64 serverTimeout)
		{
			lock (run.Gate)
			{
				run.GiveUpAfter(serverTimeout);
				return run.IsDone;
			}
		}
	}
}
