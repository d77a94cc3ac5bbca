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
			WTSTypeSessionInfoLevel1 = 2,
		}
	}

	internal static class NativeMethods
	{
		[DllImport("kernel32.dll")]
		internal static extern UInt32 WTSGetActiveConsoleSessionId();

		[DllImport("netapi32.dll", CharSet = CharSet.Unicode)]
		internal static extern Int32 NetWkstaGetInfo(string servername, UInt32 level, out IntPtr bufptr);

		[DllImport("netapi32.dll")]
		internal static extern Int32 NetApiBufferFree(IntPtr Buffer);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSEnumerateSessionsExW(
			IntPtr hServer, ref UInt32 pLevel, UInt32 Filter, out IntPtr ppSessionInfo, out UInt32 pCount);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSQuerySessionInformationW(
			IntPtr hServer, UInt32 SessionId, NativeHelpers.WTS_INFO_CLASS WTSInfoClass,
			out IntPtr ppBuffer, out UInt32 pBytesReturned);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSLogoffSession(
			IntPtr hServer, UInt32 SessionId, [MarshalAs(UnmanagedType.Bool)] bool bWait);

		[DllImport("wtsapi32.dll")]
		internal static extern void WTSFreeMemory(IntPtr pMemory);

		[DllImport("wtsapi32.dll", SetLastError = true)]
		[return: MarshalAs(UnmanagedType.Bool)]
		internal static extern bool WTSFreeMemoryExW(
			NativeHelpers.WTS_TYPE_CLASS WTSTypeClass, IntPtr pMemory, UInt32 NumberOfEntries);
	}

	/// <summary>A call that Windows refused: which one, and the Win32 error code that it gave.</summary>
	internal sealed class WindowsException : Exception
	{
		// Names as in winerror.h. What a code means for the user is said on the controller.
		internal const int ERROR_FILE_NOT_FOUND = 2;
		internal const int ERROR_ACCESS_DENIED = 5;
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

		/// <summary>Windows says that it does not have the session. No other error says so, least of all "no access".</summary>
		internal bool SaysSessionIsGone
		{
			get { return Code == ERROR_FILE_NOT_FOUND || Code == ERROR_CTX_WINSTATION_NOT_FOUND; }
		}
	}

	/// <summary>What Windows tells of one session at one moment. Times are FILETIMEs; 0 is unknown.</summary>
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

		/// <summary>A person's session: session 0 and a bare logon screen are "Disconnected" or "Connected" too.</summary>
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

		/// <summary>The same logon: a session is its ID and its account and its logon time.</summary>
		internal bool IsSameLogon(Session other)
		{
			return Id == other.Id && IsSameAccount(other) && LogonTime == other.LogonTime;
		}

		/// <summary>Somebody else's logon under the same ID. A session that is being torn down loses its user
		/// and its times first: that is not somebody else.</summary>
		internal bool IsAnotherLogon(Session other)
		{
			return (other.User.Length > 0 && !IsSameAccount(other)) || (other.LogonTime != 0 && LogonTime != other.LogonTime);
		}
	}

	/// <summary>A Remote Desktop Session Host and the calls that are made to it.</summary>
	internal sealed class SessionHost
	{
		private static readonly IntPtr WTS_CURRENT_SERVER_HANDLE = IntPtr.Zero;
		private const int AF_INET = 2;   // ws2def.h: Windows' numbers, not the platform's
		private const int AF_INET6 = 23;
		private const int WTS_SESSIONSTATE_LOCK = 0;
		private const int WTS_SESSIONSTATE_UNLOCK = 1;

		private readonly IntPtr handle = WTS_CURRENT_SERVER_HANDLE;
		private readonly bool lockFlagsSwapped;
		private readonly int nameError;

		/// <summary>NetBIOS name. Empty if Windows does not tell, as while its Workstation service is stopped.</summary>
		internal readonly string ComputerName = "";

		internal SessionHost()
		{
			IntPtr buffer;
			nameError = NativeMethods.NetWkstaGetInfo(null, 100, out buffer);
			if (nameError != 0)
				return;
			try
			{
				NativeHelpers.WKSTA_INFO_100 info = (NativeHelpers.WKSTA_INFO_100)Marshal.PtrToStructure(
					buffer, typeof(NativeHelpers.WKSTA_INFO_100));
				ComputerName = Marshal.PtrToStringUni(info.ComputerName) ?? "";
				// Windows 7 and Server 2008 R2 report the two the wrong way round, says the page of WTSINFOEX_LEVEL1_W.
				lockFlagsSwapped = info.VersionMajor == 6 && info.VersionMinor == 1;
			}
			finally
			{
				NativeMethods.NetApiBufferFree(buffer);
			}
		}

		/// <summary>The domain of the host's local accounts. If it is not known, that is an error: an exclusion of a
		/// local account must not silently exclude nobody.</summary>
		internal string LocalDomain
		{
			get
			{
				if (nameError != 0)
					throw new WindowsException("NetWkstaGetInfo", nameError);
				return ComputerName;
			}
		}

		/// <summary>All sessions, without their times.</summary>
		internal List<Session> Enumerate()
		{
			UInt32 level = 1, count;
			IntPtr buffer;
			if (!NativeMethods.WTSEnumerateSessionsExW(handle, ref level, 0, out buffer, out count))
				throw new WindowsException("WTSEnumerateSessionsEx", Marshal.GetLastWin32Error());
			try
			{
				List<Session> sessions = new List<Session>((int)count);
				int size = Marshal.SizeOf(typeof(NativeHelpers.WTS_SESSION_INFO_1W));
				for (UInt32 i = 0; i < count; i++)
				{
					NativeHelpers.WTS_SESSION_INFO_1W info = (NativeHelpers.WTS_SESSION_INFO_1W)Marshal.PtrToStructure(
						new IntPtr(buffer.ToInt64() + (Int64)i * size), typeof(NativeHelpers.WTS_SESSION_INFO_1W));
					sessions.Add(new Session
					{
						Id = info.SessionId,
						State = info.State,
						Name = Marshal.PtrToStringUni(info.pSessionName) ?? "",
						User = Marshal.PtrToStringUni(info.pUserName) ?? "",
						Domain = Marshal.PtrToStringUni(info.pDomainName) ?? "",
					});
				}
				return sessions;
			}
			finally
			{
				NativeMethods.WTSFreeMemoryExW(NativeHelpers.WTS_TYPE_CLASS.WTSTypeSessionInfoLevel1, buffer, count);
			}
		}

		/// <summary>One session, with its times.</summary>
		internal Session Query(UInt32 id)
		{
			NativeHelpers.WTSINFOEXW info = Query<NativeHelpers.WTSINFOEXW>(
				id, NativeHelpers.WTS_INFO_CLASS.WTSSessionInfoEx,
				delegate(IntPtr buffer, UInt32 bytes)
				{
					return (NativeHelpers.WTSINFOEXW)Marshal.PtrToStructure(buffer, typeof(NativeHelpers.WTSINFOEXW));
				});
			return new Session
			{
				Id = id,
				State = info.Data.SessionState,
				Name = info.Data.WinStationName,
				User = info.Data.UserName,
				Domain = info.Data.DomainName,
				Flags = info.Data.SessionFlags,
				LogonTime = info.Data.LogonTime,
				ConnectTime = info.Data.ConnectTime,
				DisconnectTime = info.Data.DisconnectTime,
				LastInputTime = info.Data.LastInputTime,
				CurrentTime = info.Data.CurrentTime,
			};
		}

		internal string ClientName(UInt32 id)
		{
			return Query<string>(
				id, NativeHelpers.WTS_INFO_CLASS.WTSClientName,
				delegate(IntPtr buffer, UInt32 bytes) { return Marshal.PtrToStringUni(buffer); });
		}

		/// <summary>WTS_PROTOCOL_TYPE_*: 0 console, 1 ICA, 2 RDP.</summary>
		internal int Protocol(UInt32 id)
		{
			return Query<int>(
				id, NativeHelpers.WTS_INFO_CLASS.WTSClientProtocolType,
				delegate(IntPtr buffer, UInt32 bytes) { return Marshal.ReadInt16(buffer); });
		}

		/// <summary>The client's address in text; empty where there is none.</summary>
		internal string ClientAddress(UInt32 id)
		{
			return Query<string>(
				id, NativeHelpers.WTS_INFO_CLASS.WTSClientAddress,
				delegate(IntPtr buffer, UInt32 bytes)
				{
					NativeHelpers.WTS_CLIENT_ADDRESS client = (NativeHelpers.WTS_CLIENT_ADDRESS)Marshal.PtrToStructure(
						buffer, typeof(NativeHelpers.WTS_CLIENT_ADDRESS));
					// Offsets as on the page of WTS_CLIENT_ADDRESS: IPv4 from the third byte, IPv6 from the first.
					int offset = client.AddressFamily == AF_INET ? 2 : 0;
					int length = client.AddressFamily == AF_INET ? 4 : client.AddressFamily == AF_INET6 ? 16 : 0;
					if (length == 0)
						return "";
					byte[] address = new byte[length];
					Array.Copy(client.Address, offset, address, 0, length);
					return new IPAddress(address).ToString();
				});
		}

		internal bool? IsLocked(Session session)
		{
			if (session.Flags != WTS_SESSIONSTATE_LOCK && session.Flags != WTS_SESSIONSTATE_UNLOCK)
				return null;
			return (session.Flags == WTS_SESSIONSTATE_LOCK) != lockFlagsSwapped;
		}

		/// <summary>The session of the physical console. Its session name is the same in every language of Windows.</summary>
		internal bool IsConsole(Session session)
		{
			return session.Id == NativeMethods.WTSGetActiveConsoleSessionId()
				|| String.Equals(session.Name, "console", StringComparison.OrdinalIgnoreCase);
		}

		/// <summary>Asks for the logoff and returns at once.</summary>
		internal void RequestLogoff(UInt32 id)
		{
			if (!NativeMethods.WTSLogoffSession(handle, id, false))
				throw new WindowsException("WTSLogoffSession", Marshal.GetLastWin32Error());
		}

		private T Query<T>(UInt32 id, NativeHelpers.WTS_INFO_CLASS infoClass, Func<IntPtr, UInt32, T> read)
		{
			IntPtr buffer;
			UInt32 bytes;
			if (!NativeMethods.WTSQuerySessionInformationW(handle, id, infoClass, out buffer, out bytes))
				throw new WindowsException("WTSQuerySessionInformation", Marshal.GetLastWin32Error());
			try
			{
				return read(buffer, bytes);
			}
			finally
			{
				NativeMethods.WTSFreeMemory(buffer);
			}
		}
	}

	/// <summary>A name with the wildcards * (any text) and ? (one character), in any case.</summary>
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
					p++;
					t++;
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

	/// <summary>An account as DOMAIN\user, each side a pattern; the domain "." is the host's own.</summary>
	internal sealed class AccountPattern
	{
		private readonly Wildcard domain;
		private readonly Wildcard user;

		internal AccountPattern(string text, SessionHost host)
		{
			int separator = text.IndexOf('\\');
			string domainText = text.Substring(0, separator);
			domain = new Wildcard(domainText == "." ? host.LocalDomain : domainText);
			user = new Wildcard(text.Substring(separator + 1));
		}

		internal bool Matches(Session session)
		{
			return session.HasUser && domain.Matches(session.Domain) && user.Matches(session.User);
		}
	}

	/// <summary>Which sessions are meant: criteria narrow each other, the values of one widen it, exclusions come last.</summary>
	internal sealed class Selection
	{
		private readonly List<UInt32> sessionIds;
		private readonly List<string> sessionNames;
		private readonly List<AccountPattern> users;
		private readonly List<int> states;
		private readonly bool all;
		private readonly List<UInt32> excludedIds;
		private readonly List<string> excludedNames;
		private readonly List<AccountPattern> excludedUsers;

		internal Selection(IDictionary parameters, SessionHost host)
		{
			Converter<string, AccountPattern> account = delegate(string text) { return new AccountPattern(text, host); };
			sessionIds = Engine.Texts(parameters, "session_ids").ConvertAll<UInt32>(Engine.Number<UInt32>);
			sessionNames = Engine.Texts(parameters, "session_names");
			users = Engine.Texts(parameters, "users").ConvertAll<AccountPattern>(account);
			states = Engine.Texts(parameters, "states").ConvertAll<int>(Engine.Number<int>);
			all = (bool)parameters["all"];
			excludedIds = Engine.Texts(parameters, "exclude_session_ids").ConvertAll<UInt32>(Engine.Number<UInt32>);
			excludedNames = Engine.Texts(parameters, "exclude_session_names");
			excludedUsers = Engine.Texts(parameters, "exclude_users").ConvertAll<AccountPattern>(account);
		}

		/// <summary>Named by ID or session name, so that a session that is never touched is an error to report.</summary>
		internal bool IsExplicit
		{
			get { return sessionIds.Count + sessionNames.Count > 0; }
		}

		/// <summary>Whether the session is meant. Each value that fits it is added to matchedBy ("users:0" is the first
		/// of users), also where another criterion or an exclusion then rules the session out.</summary>
		internal bool Matches(Session session, List<string> matchedBy)
		{
			bool selected = true;
			if (IsExplicit)
				selected &= Fits(matchedBy, "session_ids", sessionIds, delegate(UInt32 id) { return id == session.Id; })
					| Fits(matchedBy, "session_names", sessionNames, delegate(string name) { return IsNamed(session, name); });
			if (users.Count > 0)
				selected &= Fits(matchedBy, "users", users, delegate(AccountPattern user) { return user.Matches(session); });
			if (states.Count > 0)
				selected &= Fits(matchedBy, "states", states, delegate(int state) { return session.HasUser && state == session.State; });
			if (all)
				selected &= session.HasUser;
			return selected
				&& !excludedIds.Contains(session.Id)
				&& !excludedNames.Exists(delegate(string name) { return IsNamed(session, name); })
				&& !excludedUsers.Exists(delegate(AccountPattern user) { return user.Matches(session); });
		}

		private static bool IsNamed(Session session, string name)
		{
			return String.Equals(session.Name, name, StringComparison.OrdinalIgnoreCase);
		}

		private static bool Fits<T>(List<string> matchedBy, string criterion, List<T> values, Predicate<T> fits)
		{
			bool any = false;
			for (int i = 0; i < values.Count; i++)
			{
				if (!fits(values[i]))
					continue;
				any = true;
				matchedBy.Add(String.Format(CultureInfo.InvariantCulture, "{0}:{1}", criterion, i));
			}
			return any;
		}
	}

	/// <summary>A selected session and what became of it.</summary>
	internal sealed class Target
	{
		internal Session Session;
		internal List<string> MatchedBy;
		internal string Result;                    // null: not settled yet
		internal WindowsException Error;
		internal readonly Stopwatch Elapsed = new Stopwatch();
		internal bool Requested;                   // Windows accepted our request
		internal bool Awaited;                     // it is going, or busy and worth another try
		internal bool Busy;
		internal bool? Locked;
		internal int? Protocol;
		internal string ClientName;
		internal string ClientAddress;

		internal void Settle(string result, WindowsException error)
		{
			Result = result;
			Error = error;
			Awaited = false;
			Elapsed.Stop();
		}

		internal void Fail(WindowsException error)
		{
			bool denied = error.Code == WindowsException.ERROR_ACCESS_DENIED
				|| error.Code == WindowsException.ERROR_CTX_WINSTATION_ACCESS_DENIED;
			Settle(denied ? "denied" : "failed", error);
		}
	}

	/// <summary>One task on one host: select, request every logoff, then await them together.</summary>
	internal sealed class LogoffRun
	{
		private const int PollMilliseconds = 100;

		private readonly SessionHost host;
		private readonly IDictionary parameters;
		private Selection selection;
		private readonly bool protectConsole;
		private readonly bool wait;
		private readonly Int64 timeoutMilliseconds;

		internal readonly List<Target> Targets = new List<Target>();
		internal readonly HashSet<string> Found = new HashSet<string>();

		internal LogoffRun(SessionHost host, IDictionary parameters)
		{
			this.host = host;
			this.parameters = parameters;
			protectConsole = (bool)parameters["protect_console"];
			wait = (bool)parameters["wait"];
			timeoutMilliseconds = Engine.Number<Int64>((string)parameters["timeout_ms"]);
		}

		internal void Select()
		{
			selection = new Selection(parameters, host);
			foreach (Session session in host.Enumerate())
			{
				List<string> matchedBy = new List<string>();
				bool selected = selection.Matches(session, matchedBy);
				Found.UnionWith(matchedBy);
				if (selected)
					Targets.Add(Identify(session, matchedBy));
			}
		}

		/// <summary>Adds what the enumeration does not tell. Without its logon time a session is not identified and is left alone.</summary>
		private Target Identify(Session listed, List<string> matchedBy)
		{
			Target target = new Target { Session = listed, MatchedBy = matchedBy };
			try
			{
				Session session = host.Query(listed.Id);
				if (!listed.IsSameAccount(session))
				{
					target.Settle("already_gone", null);
					return target;
				}
				session.TakeFullNames(listed);
				target.Session = session;
				target.Locked = host.IsLocked(session);
				if (IsProtected(session))
					target.Settle("protected", null);
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
			DescribeClient(target);
			return target;
		}

		private bool IsProtected(Session session)
		{
			return session.Id == 0 || session.IsListener || (protectConsole && host.IsConsole(session));
		}

		/// <summary>For the reader of the result only: what Windows does not tell stays unknown.</summary>
		private void DescribeClient(Target target)
		{
			try
			{
				target.Protocol = host.Protocol(target.Session.Id);
				target.ClientName = host.ClientName(target.Session.Id);
				target.ClientAddress = host.ClientAddress(target.Session.Id);
			}
			catch (WindowsException)
			{
			}
		}

		internal void LogOff()
		{
			foreach (Target target in Targets)
				if (target.Result == null)
					Request(target);
			while (wait && Targets.Exists(delegate(Target target) { return target.Awaited; }))
			{
				Thread.Sleep(PollMilliseconds);
				foreach (Target target in Targets)
					if (target.Awaited)
						Look(target);
			}
		}

		/// <summary>Reads the session once more and, if it is still the same logon and still meant, asks for its logoff.</summary>
		private void Request(Target target)
		{
			target.Elapsed.Start();
			try
			{
				Session now = host.Query(target.Session.Id);
				if (!target.Session.IsSameLogon(now))
				{
					target.Settle("already_gone", null);
					return;
				}
				now.TakeFullNames(target.Session);
				if (!selection.Matches(now, new List<string>()))
				{
					target.Settle("spared", null);
					return;
				}
				if (IsProtected(now)) // reconnected at the console in the meantime
				{
					target.Settle("protected", null);
					return;
				}
				target.Busy = false;
				host.RequestLogoff(now.Id);
				target.Requested = true;
				target.Awaited = wait;
				if (!wait)
					target.Settle("requested", null);
			}
			catch (WindowsException error)
			{
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

		/// <summary>Settles the target once Windows no longer has the session, or once its time is over.</summary>
		private void Look(Target target)
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
					Request(target);
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
			if (!target.Awaited || target.Elapsed.ElapsedMilliseconds < timeoutMilliseconds)
				return;
			if (unanswered != null)
				target.Fail(unanswered);
			else if (target.Busy)
				target.Fail(new WindowsException("WTSLogoffSession", WindowsException.ERROR_CTX_WINSTATION_BUSY));
			else
				target.Settle("timed_out", null);
		}

		// A session that was leaving already is not one that we logged off.
		private static void SettleGone(Target target)
		{
			target.Settle(target.Requested ? "logged_off" : "already_gone", null);
		}
	}

	/// <summary>The one entry, called by win_rds_engine.ps1.</summary>
	public static class Engine
	{
		/// <param name="parameters">The options of win_rds_engine, numbers as text.</param>
		/// <param name="checkMode">Select and report; make no call that changes anything.</param>
		/// <returns>computer_name, found (the values that fitted a session), sessions, error (null, or why none could be listed).</returns>
		public static Dictionary<string, object> Run(IDictionary parameters, bool checkMode)
		{
			SessionHost host = new SessionHost();
			LogoffRun run = new LogoffRun(host, parameters);
			WindowsException failure = null;
			try
			{
				run.Select();
				if (!checkMode)
					run.LogOff();
			}
			catch (WindowsException error)
			{
				failure = error;
			}
			return new Dictionary<string, object>
			{
				{ "computer_name", host.ComputerName },
				{ "found", new List<object>(run.Found) },
				{ "sessions", run.Targets.ConvertAll<object>(Report) },
				{ "error", Report(failure) },
			};
		}

		internal static List<string> Texts(IDictionary parameters, string name)
		{
			List<string> texts = new List<string>();
			IEnumerable values = (IEnumerable)parameters[name];
			if (values != null)
				foreach (object value in values)
					texts.Add((string)value);
			return texts;
		}

		internal static T Number<T>(string text)
		{
			return (T)Convert.ChangeType(text, typeof(T), CultureInfo.InvariantCulture);
		}

		private static object Report(Target target)
		{
			Session session = target.Session;
			return new Dictionary<string, object>
			{
				{ "id", session.Id },
				{ "name", session.Name },
				{ "user", session.User },
				{ "domain", session.Domain },
				{ "state", session.State },
				{ "protocol", target.Protocol },
				{ "client_name", target.ClientName },
				{ "client_address", target.ClientAddress },
				{ "locked", target.Locked },
				{ "logon_time", session.LogonTime },
				{ "connect_time", session.ConnectTime },
				{ "disconnect_time", session.DisconnectTime },
				{ "last_input_time", session.LastInputTime },
				{ "current_time", session.CurrentTime },
				{ "matched_by", new List<object>(target.MatchedBy.ToArray()) },
				{ "result", target.Result },
				{ "error", Report(target.Error) },
				{ "elapsed_ms", target.Elapsed.ElapsedMilliseconds },
			};
		}

		private static object Report(WindowsException error)
		{
			if (error == null)
				return null;
			return new Dictionary<string, object> { { "call", error.Call }, { "code", error.Code } };
		}
	}
}
