// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Questions about the session of a test account.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using System.Threading;
using ansible_collections.winops.acceptance.plugins.module_utils._questions;
using ansible_collections.winops.rds.plugins.module_utils._calls;
using ansible_collections.winops.rds.plugins.module_utils._sessions;
using Disconnect = ansible_collections.winops.rds.plugins.module_utils._disconnect.NativeMethods;
using Logoff = ansible_collections.winops.rds.plugins.module_utils._logoff.NativeMethods;
using Programs = ansible_collections.winops.rds.plugins.module_utils._processes.Processes;
using Send = ansible_collections.winops.rds.plugins.module_utils._message.NativeMethods;

namespace ansible_collections.winops.acceptance.plugins.module_utils._session_questions
{
internal static class SessionQuestions
{
	private const int LogoffMilliseconds = 60000;
	private const int LookMilliseconds = 20;
	private const string Text = "acceptance test";
	private const int LongMessage = 2000; // characters, of two bytes each

	internal static readonly Dictionary<string, Question> All = new Dictionary<string, Question>
	{
		{ "session_name", subject => Regex.Replace(Calls.Info(subject.Id).Data.WinStationName, "[0-9]+$", "N") },
		{ "session_state", subject => "state " + Calls.Info(subject.Id).Data.SessionState },
		{ "session_flags", subject => Calls.Info(subject.Id).Data.SessionFlags.ToString() },
		{ "session_times", subject => Calls.Times(Calls.Info(subject.Id)) },
		{ "last_input", subject => LastInput(Calls.Info(subject.Id).Data) },
		{ "session_protocol", subject => Calls.Query(subject.Id, Native.WTS_INFO_CLASS.WTSClientProtocolType, (buffer, bytes) => Marshal.ReadInt16(buffer) + ", " + bytes + " bytes") },
		{ "client_name", subject => ClientName(subject) },
		{ "client_address", subject => Calls.Query(subject.Id, Native.WTS_INFO_CLASS.WTSClientAddress, (buffer, bytes) => Address(buffer)) },
		{ "session_programs", subject => SessionPrograms(subject.Id) },
		{ "message", subject => Message(subject.Id, Text, false) },
		{ "long_message", subject => Message(subject.Id, new string('x', LongMessage), false) },
		{ "message_time_out", subject => Message(subject.Id, Text, true) },
		{ "disconnect", subject => Calls.Accepted(Disconnect.WTSDisconnectSession(IntPtr.Zero, subject.Id, false)) },
		{ "logoff_states", subject => LogoffStates(subject.Id) },
		{ "second_logoff", subject => SecondLogoff(subject.Id) },
	};

	private static string LastInput(Native.WTSINFOEX_LEVEL1_W session)
	{
		if (session.LastInputTime == 0)
			return "0";
		TimeSpan before = TimeSpan.FromTicks(session.DisconnectTime - session.LastInputTime);
		return (before.Duration().TotalSeconds < 1 ? "at" : before.Ticks > 0 ? "before" : "after") + " the disconnection";
	}

	private static string ClientName(Subject subject)
	{
		return Calls.Query(subject.Id, Native.WTS_INFO_CLASS.WTSClientName, (buffer, bytes) =>
		{
			bool isItsOwn = String.Equals(Calls.Text(buffer), subject.ClientName, StringComparison.OrdinalIgnoreCase);
			return isItsOwn ? "its own" : Calls.Text(buffer);
		});
	}

	private static string Address(IntPtr buffer)
	{
		if (buffer == IntPtr.Zero)
			return "null";
		Native.WTS_CLIENT_ADDRESS address = Memory.Structure<Native.WTS_CLIENT_ADDRESS>(buffer);
		return "family " + address.AddressFamily + ", from byte " + Array.FindIndex(address.Address, unit => unit > 0);
	}

	private static string SessionPrograms(UInt32 id)
	{
		return Calls.Processes(all =>
		{
			var here = all.FindAll(info => info.SessionId == id);
			string whose = here.FindAll(info => Programs.IsPerson(info.pUserSid)).Count + " of people";
			bool isTold = here.TrueForAll(info => info.NumberOfThreads > 0 && info.WorkingSetSize > 0);
			return here.Count == 0 ? "none" : whose + " among " + here.Count + (isTold ? ", with threads and memory" : "");
		});
	}

	private static string Message(UInt32 id, string text, bool waits)
	{
		UInt32 response;
		return Calls.Answer(
			Send.WTSSendMessageW(IntPtr.Zero, id, Text, 2 * (UInt32)Text.Length, text, 2 * (UInt32)text.Length, 0, 1, out response, waits),
			() => "response " + response);
	}

	// Logs the session off; tells each way in which it shows from then on.
	private static string LogoffStates(UInt32 id)
	{
		List<string> looks = new List<string>();
		string asked = Calls.Accepted(Logoff.WTSLogoffSession(IntPtr.Zero, id, false));
		if (asked != "accepted")
			return asked;
		Stopwatch time = Stopwatch.StartNew();
		while (time.ElapsedMilliseconds < LogoffMilliseconds)
		{
			string look = Calls.Query(id, Native.WTS_INFO_CLASS.WTSSessionInfoEx, (buffer, bytes) =>
			{
				Native.WTSINFOEX_LEVEL1_W data = Memory.Structure<Native.WTSINFOEXW>(buffer).Data;
				return "state " + data.SessionState + (data.UserName.Length == 0 ? " without user" : "") + (data.LogonTime == 0 ? " without logon" : "");
			});
			if (looks.Count == 0 || looks[looks.Count - 1] != look)
				looks.Add(look);
			if (look == "error 2" || look == "error 7022")
				break;
			Thread.Sleep(LookMilliseconds);
		}
		return String.Join("; ", looks.ToArray());
	}

	// Asks again for what Windows has accepted and not done.
	private static string SecondLogoff(UInt32 id)
	{
		string first = Calls.Accepted(Logoff.WTSLogoffSession(IntPtr.Zero, id, false));
		return first + ", then " + Calls.Accepted(Logoff.WTSLogoffSession(IntPtr.Zero, id, false));
	}
}
}
