// SPDX-License-Identifier: GPL-3.0-or-later

// The engine of win_rds_message.

using System;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ansible_collections.winops.rds.plugins.module_utils._message
{
using _calls;
using _report;
using _run;
using _sessions;

public sealed class MessageRequest : EngineRequest
{
	public string title;
	public string message;
	public long message_style;
	public long message_seconds;
	public bool wait_for_answer;
	public long remaining_ms;
}

static class NativeMethods
{
	[DllImport("wtsapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
	internal static extern bool WTSSendMessageW(
		IntPtr hServer, uint SessionId, string pTitle, uint TitleLength, string pMessage, uint MessageLength,
		uint Style, uint Timeout, out uint pResponse, bool bWait);
}

sealed class Message : Act
{
	// A pre-release of Server 2008 R2 was seen to give 0 instead, which is no button (Cassia, RemoteMessageBoxResult).
	const uint IDTIMEOUT = 32000;
	const int RoundingSeconds = 30; // each reminder tells the same minute

	readonly MessageRequest request;

	internal Message(MessageRequest request)
	{
		this.request = request;
		TakesAThreadEach = request.wait_for_answer;
	}

	internal override string Planned { get { return "would_send"; } }

	internal override void Do(SessionHost host, SelectedSession selected, Session now)
	{
		string title = FilledIn(request.title, host.Server, now), text = FilledIn(request.message, host.Server, now);
		uint answer = 0;
		try
		{
			host.Call(
				"WTSSendMessage",
				server => NativeMethods.WTSSendMessageW(
					server, now.Id, title, Bytes(title), text, Bytes(text),
					(uint)request.message_style, (uint)request.message_seconds, out answer, request.wait_for_answer),
				request.wait_for_answer ? request.message_seconds * 1000 : 0);
		}
		catch (WindowsException error)
		{
			// How a disconnected session refuses a message no page tells. If it is still there, it has not gone.
			if (!error.SaysSessionIsGone || !now.IsDisconnected || selected.Session.IsAnotherLogon(host.Query(now.Id)))
				throw;
			selected.Fail(error);
			return;
		}
		selected.Accepted = true;
		bool isAnswer = request.wait_for_answer && answer != IDTIMEOUT && answer != 0;
		if (isAnswer)
			selected.Answer = answer;
		selected.Settle(isAnswer ? "answered" : request.wait_for_answer ? "no_answer" : "sent");
	}

	// Lengths of text are in bytes, says the page of WTSSendMessage.
	static uint Bytes(string text)
	{
		return (uint)text.Length * 2;
	}

	string FilledIn(string text, Server server, Session now)
	{
		DateTime time = now.Info.CurrentTime > 0 ? DateTime.FromFileTimeUtc(now.Info.CurrentTime) : DateTime.UtcNow;
		DateTime deadline = time.AddMilliseconds(request.remaining_ms).AddSeconds(RoundingSeconds);
		return text
			.Replace("{deadline}", deadline.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture))
			.Replace("{server}", server.ComputerName.Length > 0 ? server.ComputerName : server.Name)
			.Replace("{user}", now.User);
	}
}

public static class Engine
{
	public static string Run(string request)
	{
		return Runner.Answer<MessageRequest>(request, read => new Message(read));
	}
}
}
