// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Questions about a host, which need no session of a test account.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ansible_collections.winops.acceptance.plugins.module_utils._questions;
using ansible_collections.winops.rds.plugins.module_utils._accounts;
using ansible_collections.winops.rds.plugins.module_utils._calls;
using ansible_collections.winops.rds.plugins.module_utils._registry;
using ansible_collections.winops.rds.plugins.module_utils._sessions;
using Disconnect = ansible_collections.winops.rds.plugins.module_utils._disconnect.NativeMethods;
using Events = ansible_collections.winops.rds.plugins.module_utils._event_log.NativeMethods;
using Logoff = ansible_collections.winops.rds.plugins.module_utils._logoff.NativeMethods;
using Secur = ansible_collections.winops.rds.plugins.module_utils._calls.NativeMethods;
using Send = ansible_collections.winops.rds.plugins.module_utils._message.NativeMethods;
using Wts = ansible_collections.winops.rds.plugins.module_utils._sessions.NativeMethods;

namespace ansible_collections.winops.acceptance.plugins.module_utils._host_questions
{
internal static class NativeMethods
{
	// Without a place for the answer, which the collection's own declaration cannot leave out.
	[DllImport("wtsapi32.dll", SetLastError = true)]
	internal static extern bool WTSQuerySessionInformationW(
		IntPtr hServer, UInt32 SessionId, Int32 WTSInfoClass, IntPtr ppBuffer, out UInt32 pBytesReturned);
}

internal static class HostQuestions
{
	private const UInt32 WTS_CURRENT_SESSION = 0xFFFFFFFF;
	private const ushort EVENTLOG_INFORMATION_TYPE = 4;
	private const int WTSListen = 6;
	private const int FirstListenerId = 65536;
	private const int NameUserPrincipal = 8; // EXTENDED_NAME_FORMAT
	private const int NameDnsDomain = 12;
	private const string EntraDomain = "AzureAD\\";
	private const string Administrators = "S-1-5-32-544";
	private const string TerminalServer = @"SYSTEM\CurrentControlSet\Control\Terminal Server";
	private const string Winlogon = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon";

	internal static readonly Dictionary<string, Question> All = new Dictionary<string, Question>
	{
		{ "absent_session", subject => Calls.Query(Calls.AbsentSession(), Native.WTS_INFO_CLASS.WTSSessionInfoEx, (buffer, bytes) => "found") },
		{ "null_buffer", subject => NullBuffer() },
		{ "enumeration_level", subject => EnumerationLevel() },
		{ "list_of_sessions", subject => Calls.Sessions(session => true).Count > 0 ? "sessions" : "nothing" },
		{ "session_0", subject => SessionZero() },
		{ "session_info_size", subject => Calls.Query(0, Native.WTS_INFO_CLASS.WTSSessionInfoEx, (buffer, bytes) => bytes + " bytes, level " + Marshal.ReadInt32(buffer)) },
		{ "client_name_of_nobody", subject => Calls.Query(0, Native.WTS_INFO_CLASS.WTSClientName, (buffer, bytes) => Calls.Text(buffer)) },
		{ "programs_of_others", subject => ProgramsOfOthers() },
		{ "clock", subject => Clock() },
		{ "listeners", subject => Listeners() },
		{ "console_name", subject => Memory.Text(Console().pSessionName) },
		{ "console_times", subject => ConsoleTimes() },
		{ "own_session", subject => OwnSession() },
		{ "workstation", subject => Workstation() },
		{ "own_account", subject => Use(Account.Find(TimedCalls.OwnAccount())) },
		{ "dns_domain", subject => DnsDomain() },
		{ "absent_account", subject => Use(Account.Find("winops-rds-nobody")) },
		{ "group", subject => Use(Account.Find(Administrators)) },
		{ "own_computer", subject => Use(Account.Find(OwnComputer())) },
		{ "entra_account", subject => Use(Account.Find(EntraAccount())) },
		{ "entra_principal_name", subject => Use(Account.Find(EntraPrincipalName())) },
		{ "entra_sid", subject => EntraSid() },
		{ "absent_server", subject => AbsentServer() },
		{ "event_source", subject => WithEventSource(log => true) },
		{ "longest_event", subject => WithEventSource(log => Events.ReportEventW(log, EVENTLOG_INFORMATION_TYPE, 0, 3389, IntPtr.Zero, 1, 0, new[] { new string('x', 31839) }, IntPtr.Zero)) },
		{ "logon_mode_types", subject => LogonMode(value => "type " + value.type) },
		{ "logon_mode_values", subject => LogonMode(value => value.text) },
		{ "launch_seconds", subject => Seconds(DateTime.Now - Process.GetCurrentProcess().StartTime) },
		{ "compiler_seconds", subject => CompilerSeconds() },
		{ "act_on_absent_session", subject => ActOnAbsentSession() },
	};

	private static string WithEventSource(Func<IntPtr, bool> ask)
	{
		IntPtr log = Events.RegisterEventSourceW(null, "winops.rds acceptance");
		if (log == IntPtr.Zero)
			return Calls.Accepted(false);
		try
		{
			return Calls.Accepted(ask(log));
		}
		finally
		{
			Events.DeregisterEventSource(log);
		}
	}

	private static string NullBuffer()
	{
		UInt32 bytes;
		return Calls.Accepted(NativeMethods.WTSQuerySessionInformationW(IntPtr.Zero, 0, Calls.WTSSessionId, IntPtr.Zero, out bytes));
	}

	private static string EnumerationLevel()
	{
		UInt32 level = 0, count;
		IntPtr buffer;
		string answer = Calls.Accepted(Wts.WTSEnumerateSessionsExW(IntPtr.Zero, ref level, 0, out buffer, out count));
		return answer + ", level " + level;
	}

	private static string SessionZero()
	{
		foreach (Native.WTS_SESSION_INFO_1W session in Calls.Sessions(session => session.SessionId == 0))
			return Memory.Text(session.pSessionName) + ", state " + session.State + ", user " + Calls.Text(session.pUserName);
		return "not listed";
	}

	// What the account has started itself runs in session 0, as all tasks do.
	private static string ProgramsOfOthers()
	{
		string own = TimedCalls.OwnAccount();
		List<UInt32> others = Calls.Sessions(session => session.SessionId != 0 && !String.Equals(
			Memory.Text(session.pDomainName) + "\\" + Memory.Text(session.pUserName), own, StringComparison.OrdinalIgnoreCase))
			.ConvertAll(session => session.SessionId);
		return Calls.Processes(all => all.Exists(info => others.Contains(info.SessionId)) ? "those of others" : "its own alone");
	}

	private static string Clock()
	{
		TimeSpan difference = DateTime.UtcNow - DateTime.FromFileTimeUtc(Calls.Info(0).Data.CurrentTime);
		return difference.Duration() < TimeSpan.FromSeconds(2) ? "the host's" : "another: " + difference;
	}

	private static string Listeners()
	{
		if (Calls.Sessions(session => session.State == WTSListen).Count == 0)
			throw new NotAskableException("no listener: Remote Desktop is off");
		foreach (Native.WTS_SESSION_INFO_1W session in Calls.Sessions(session => (session.State == WTSListen) != (session.SessionId >= FirstListenerId)))
			return "ID " + session.SessionId + " in state " + session.State;
		return "IDs from 65536";
	}

	private static Native.WTS_SESSION_INFO_1W Console()
	{
		UInt32 console = Wts.WTSGetActiveConsoleSessionId();
		foreach (Native.WTS_SESSION_INFO_1W session in Calls.Sessions(session => session.SessionId == console))
			return session;
		throw new NotAskableException("nothing is attached to the console");
	}

	private static string ConsoleTimes()
	{
		Native.WTS_SESSION_INFO_1W console = Console();
		if (Memory.Text(console.pUserName).Length == 0)
			throw new NotAskableException("nobody is logged on at the console");
		return Calls.Times(Calls.Info(console.SessionId));
	}

	private static string OwnSession()
	{
		return Calls.Query(WTS_CURRENT_SESSION, (Native.WTS_INFO_CLASS)Calls.WTSSessionId, (buffer, bytes) => Marshal.ReadInt32(buffer).ToString(CultureInfo.InvariantCulture));
	}

	private static string Workstation()
	{
		return Computer(info => (Memory.Text(info.ComputerName).Length > 0 ? "a name" : "no name")
			+ ", version " + info.VersionMajor + "." + info.VersionMinor);
	}

	private static string Computer(Func<Native.WKSTA_INFO_100, string> read)
	{
		IntPtr buffer;
		int error = Wts.NetWkstaGetInfo(null, 100, out buffer);
		if (error != Win32Error.ERROR_SUCCESS)
			throw new WindowsException("NetWkstaGetInfo", error);
		string answer = read(Memory.Structure<Native.WKSTA_INFO_100>(buffer));
		Wts.NetApiBufferFree(buffer);
		return answer;
	}

	private static string OwnComputer()
	{
		try
		{
			return Computer(info => Memory.Text(info.ComputerName));
		}
		catch (WindowsException error)
		{
			throw new NotAskableException("the host does not tell its name: error " + error.Code);
		}
	}

	private static string Use(Account account)
	{
		return account.Use == 0 ? "error 1332" : "use " + account.Use; // the one error that Account.Find takes for an answer
	}

	// The account by the DNS name of its domain, which is to be found under the NetBIOS name.
	private static string DnsDomain()
	{
		string name = OwnName(NameDnsDomain);
		if (name == null)
			throw new NotAskableException("the connecting account is of no domain with a DNS name");
		Account found = Account.Find(name);
		bool isSame = String.Equals(found.Name, TimedCalls.OwnAccount(), StringComparison.OrdinalIgnoreCase);
		return isSame ? "the account" : "another: " + Use(found);
	}

	// In this form; null: it has none.
	private static string OwnName(int format)
	{
		UInt32 length = 512;
		StringBuilder name = new StringBuilder((int)length);
		return Secur.GetUserNameExW(format, name, ref length) ? name.ToString() : null;
	}

	// As its session would show it.
	private static string EntraAccount()
	{
		string own = TimedCalls.OwnAccount();
		if (!own.StartsWith(EntraDomain, StringComparison.OrdinalIgnoreCase))
			throw new NotAskableException("the connecting account is none of Entra ID");
		return own;
	}

	private static string EntraPrincipalName()
	{
		EntraAccount();
		string name = OwnName(NameUserPrincipal);
		if (name == null)
			throw new NotAskableException("the connecting account does not know its principal name");
		return EntraDomain + name;
	}

	// Up to the parts that are the account's own.
	private static string EntraSid()
	{
		Account account = Account.Find(EntraPrincipalName());
		return account.Use == 0 ? Use(account) : String.Join("-", account.Sid.Split('-'), 0, 4) + "-";
	}

	private static string AbsentServer()
	{
		IntPtr server = Wts.WTSOpenServerExW("winops-rds.invalid"); // https://www.rfc-editor.org/rfc/rfc2606
		if (server == IntPtr.Zero)
			return "no handle";
		UInt32 level = 1, count;
		IntPtr buffer;
		string answer = Calls.Accepted(Wts.WTSEnumerateSessionsExW(server, ref level, 0, out buffer, out count));
		Wts.WTSCloseServer(server);
		return "a handle, then " + answer;
	}

	private static string LogonMode(Func<ValueReport, string> tell)
	{
		ValueReport drain = new RegistryValue(TerminalServer, "TSServerDrainMode", RegistryValue.REG_DWORD).Read();
		ValueReport disabled = new RegistryValue(Winlogon, "WinStationsDisabled", RegistryValue.REG_SZ).Read();
		return "TSServerDrainMode " + (drain == null ? "absent" : tell(drain)) + ", WinStationsDisabled " + (disabled == null ? "absent" : tell(disabled));
	}

	private static string Seconds(TimeSpan duration)
	{
		return duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
	}

	// How long the compiler takes for as good as nothing: what a launch pays for it at least.
	private static string CompilerSeconds()
	{
#if CORECLR
		throw new NotAskableException("PowerShell 7 compiles within its own process");
#else
		Stopwatch time = Stopwatch.StartNew();
		new Microsoft.CSharp.CSharpCodeProvider().CompileAssemblyFromSource(
			new System.CodeDom.Compiler.CompilerParameters { GenerateInMemory = true }, "class Nothing { }");
		return Seconds(time.Elapsed);
#endif
	}

	// The only acts among these questions. None acts on what the acceptance tests did not make (facts.yml).
	private static string ActOnAbsentSession()
	{
		UInt32 id = Calls.AbsentSession(), response;
		return "logoff " + Calls.Accepted(Logoff.WTSLogoffSession(IntPtr.Zero, id, false))
			+ ", disconnect " + Calls.Accepted(Disconnect.WTSDisconnectSession(IntPtr.Zero, id, false))
			+ ", message " + Calls.Accepted(Send.WTSSendMessageW(IntPtr.Zero, id, "x", 2, "x", 2, 0, 1, out response, false));
	}
}
}
