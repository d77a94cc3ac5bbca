// SPDX-License-Identifier: GPL-3.0-or-later

// Events in the host's Application log.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._event_log
{
using _calls;
using _json;

static class NativeMethods
{
	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern IntPtr RegisterEventSourceW(string lpUNCServerName, string lpSourceName);

	[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool ReportEventW(
		IntPtr hEventLog, ushort wType, ushort wCategory, uint dwEventID, IntPtr lpUserSid, ushort wNumStrings,
		uint dwDataSize, string[] lpStrings, IntPtr lpRawData);

	[DllImport("advapi32.dll", SetLastError = true)]
	internal static extern bool DeregisterEventSource(IntPtr hEventLog);
}

static class EventLog
{
	const ushort EVENTLOG_INFORMATION_TYPE = 4;
	const uint EventId = 3389;
	const int LongestString = 31839; // says the page of ReportEvent; an event has no room for a second one

	// Null: there are no changes. The trace is how an event begins, from the account on, up to the list of changes.
	internal static CallReport Write(string trace, IEnumerable<object> changes, long milliseconds = 10000)
	{
		try
		{
			return TimedCalls.Within(milliseconds, () => Write(trace, changes));
		}
		catch (WindowsException error)
		{
			return CallReport.Of(error);
		}
	}

	static CallReport Write(string trace, IEnumerable<object> changes)
	{
		var texts = new List<string>();
		foreach (object change in changes)
		{
			string next = Json.Text(change);
			int last = texts.Count - 1;
			if (last >= 0 && texts[last].Length + next.Length < LongestString - 2)
				texts[last] += "," + next;
			else
				texts.Add("{\"account\":" + Json.Text(TimedCalls.OwnAccount()) + "," + trace + next);
		}
		if (texts.Count == 0)
			return null;
		IntPtr log = IntPtr.Zero;
		TimedCalls.Call("RegisterEventSource", () => (log = NativeMethods.RegisterEventSourceW(null, "Ansible")) != IntPtr.Zero);
		try
		{
			foreach (string text in texts)
				TimedCalls.Call("ReportEvent", () => NativeMethods.ReportEventW(
					log, EVENTLOG_INFORMATION_TYPE, 0, EventId, IntPtr.Zero, 1, 0, new[] { text + "]}" }, IntPtr.Zero));
		}
		finally
		{
			NativeMethods.DeregisterEventSource(log);
		}
		return new CallReport { call = "ReportEvent", code = Win32Error.ERROR_SUCCESS };
	}
}
}
