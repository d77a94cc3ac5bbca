// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a question is made of, and the calls that several questions make. The declarations are the collection's own: it is
// they that are asked about. The texts of the answers are compared with acceptance/facts/facts.yml, on the controller.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using ansible_collections.winops.rds.plugins.module_utils._calls;
using ansible_collections.winops.rds.plugins.module_utils._sessions;
using Programs = ansible_collections.winops.rds.plugins.module_utils._processes;
using Wts = ansible_collections.winops.rds.plugins.module_utils._sessions.NativeMethods;

namespace ansible_collections.winops.acceptance.plugins.module_utils._questions
{
// Asks Windows something, and returns the answer.
internal delegate string Question(Subject subject);

// What the host does not have that a question is about.
internal sealed class NotAskableException : Exception
{
	internal NotAskableException(string reason) : base(reason)
	{
	}
}

// The session that a question is about.
internal sealed class Subject
{
	private readonly Int64? id;
	private readonly string account;
	internal readonly string ClientName; // what its client calls itself

	internal Subject(Int64? id, string account, string clientName)
	{
		this.id = id;
		this.account = account;
		ClientName = clientName;
	}

	// Only as long as it is the account's: an ID may be given to somebody else.
	internal UInt32 Id
	{
		get
		{
			if (id == null)
				throw new NotAskableException("no session of a test account");
			Native.WTSINFOEXW info = Calls.Info((UInt32)id.Value);
			string owner = info.Data.DomainName + "\\" + info.Data.UserName;
			if (!String.Equals(owner, account, StringComparison.OrdinalIgnoreCase))
				throw new NotAskableException("the session is another account's");
			return (UInt32)id.Value;
		}
	}
}

internal static class Calls
{
	internal const int WTSSessionId = 4; // WTS_INFO_CLASS
	private const int FirstListenerId = 65536;
	private const UInt32 AnySession = 0xFFFFFFFE; // WTS_ANY_SESSION

	// A call's error, or else what it brought about.
	internal static string Answer(bool succeeded, Func<string> answer)
	{
		return succeeded ? answer() : "error " + Marshal.GetLastWin32Error();
	}

	internal static string Accepted(bool succeeded)
	{
		return Answer(succeeded, () => "accepted");
	}

	internal static List<Native.WTS_SESSION_INFO_1W> Sessions(Func<Native.WTS_SESSION_INFO_1W, bool> wanted)
	{
		UInt32 level = 1, count;
		IntPtr buffer;
		if (!Wts.WTSEnumerateSessionsExW(IntPtr.Zero, ref level, 0, out buffer, out count))
			throw new WindowsException("WTSEnumerateSessionsEx", Marshal.GetLastWin32Error());
		// Its texts lie in the buffer, which is given back when the process ends.
		return Memory.Array<Native.WTS_SESSION_INFO_1W>(buffer, count).FindAll(session => wanted(session));
	}

	// What is told of the programs of all sessions.
	internal static string Processes(Func<List<Programs.Native.WTS_PROCESS_INFO_EXW>, string> read)
	{
		UInt32 level = 1, count = 0;
		IntPtr buffer = IntPtr.Zero;
		bool succeeded = Programs.NativeMethods.WTSEnumerateProcessesExW(IntPtr.Zero, ref level, AnySession, out buffer, out count);
		return Answer(succeeded, () => read(Memory.Array<Programs.Native.WTS_PROCESS_INFO_EXW>(buffer, count)));
	}

	// Windows counts up from 1, and listeners come last.
	internal static UInt32 AbsentSession()
	{
		UInt32 id = FirstListenerId - 1;
		while (Sessions(session => session.SessionId == id).Count > 0)
			id--;
		return id;
	}

	// What a query of a session answers.
	internal static string Query(UInt32 id, Native.WTS_INFO_CLASS infoClass, Func<IntPtr, UInt32, string> read)
	{
		IntPtr buffer;
		UInt32 bytes;
		bool succeeded = Wts.WTSQuerySessionInformationW(IntPtr.Zero, id, infoClass, out buffer, out bytes);
		return Answer(succeeded, () =>
		{
			try
			{
				return read(buffer, bytes);
			}
			finally
			{
				if (buffer != IntPtr.Zero)
					Wts.WTSFreeMemory(buffer);
			}
		});
	}

	internal static Native.WTSINFOEXW Info(UInt32 id)
	{
		Native.WTSINFOEXW info = new Native.WTSINFOEXW();
		string answer = Query(id, Native.WTS_INFO_CLASS.WTSSessionInfoEx, (buffer, bytes) =>
		{
			info = Memory.Structure<Native.WTSINFOEXW>(buffer);
			return "";
		});
		if (answer.Length > 0)
			throw new NotAskableException("session " + id + ": " + answer);
		return info;
	}

	internal static string Text(IntPtr buffer)
	{
		return buffer == IntPtr.Zero ? "null" : Memory.Text(buffer).Length == 0 ? "empty" : Memory.Text(buffer);
	}

	internal static string Times(Native.WTSINFOEXW info)
	{
		return "logon " + Known(info.Data.LogonTime) + ", connect " + Known(info.Data.ConnectTime) + ", disconnect "
			+ Known(info.Data.DisconnectTime) + ", last input " + Known(info.Data.LastInputTime);
	}

	private static string Known(Int64 time)
	{
		return time == 0 ? "0" : "set";
	}
}
}
