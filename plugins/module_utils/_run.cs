// SPDX-License-Identifier: GPL-3.0-or-later

// A task on all its servers: select, act on every session, then await them.

using System;
using System.Collections.Generic;
using System.Threading;

namespace ansible_collections.winops.rds.plugins.module_utils._run
{
using _accounts;
using _calls;
using _json;
using _report;
using _selection;
using _sessions;

public class EngineRequest : SelectionRequest
{
	public bool check_mode;
	public List<string> servers;
	public List<long> latest_times;
	public long server_timeout_ms;
	public bool protect_console;
	public bool ignore_unknown_exclusions;
}

// What is done to each selected session.
abstract class Act
{
	// The result in check mode.
	internal abstract string Planned { get; }

	// Whether the act changes nothing, so that protected sessions are listed, too.
	internal virtual bool OnlyLooks { get { return false; } }

	internal long TimeoutMilliseconds { get; set; } // for each session; 0: none is awaited
	internal long? MostAtOnce { get; set; } // awaited on a server at a time; null: any number
	internal bool TakesAThreadEach { get; set; } // asking lasts as long as the user takes to answer

	// The result where nothing is to be done; null: there is something to do.
	internal virtual string AlreadyDone(Session session)
	{
		return null;
	}

	// Asks Windows, once. Settles the session, or has it awaited.
	internal abstract void Do(SessionHost host, SelectedSession selected, Session now);

	// The result of an awaited session that is still there; null: it is not done yet.
	internal virtual string Done(Session now)
	{
		return null;
	}

	// The result of a session that has gone after Windows had accepted.
	protected virtual string Gone { get { return "already_gone"; } }

	// If Windows had accepted nothing, the session was leaving by itself.
	internal void SettleGone(SelectedSession selected)
	{
		selected.Settle(selected.Accepted ? Gone : "already_gone");
	}

	// Does what else can be done for an overdue session; returns whether it has more time now.
	internal virtual bool OnOverdue(SessionHost host, SelectedSession selected)
	{
		return false;
	}
}

static class Runner
{
	const int LookMilliseconds = 20;

	internal static string Answer<TRequest>(string request, Func<TRequest, Act> act) where TRequest : EngineRequest
	{
		return Json.Answer<TRequest>(request, read => Run(read, act(read)));
	}

	// Nothing is done on any server before it is known that each exclusion means somebody.
	internal static EngineReport Run(EngineRequest request, Act act)
	{
		var report = new EngineReport { servers = new List<ServerReport>(), unknown_exclusions = new List<UnknownExclusion>() };
		try
		{
			Selection selection = TimedCalls.Within(request.server_timeout_ms, () => new Selection(request));
			List<ServerRun> runs = request.servers.ConvertAll(server => new ServerRun(new Server(server), selection, act, request));
			RunSideBySide(runs, request.server_timeout_ms);
			List<Server> servers = runs.ConvertAll(run => run.Server);
			string foreign = selection.ForeignServer(servers);
			if (foreign != null)
				report.foreign_record = new ForeignRecord { server = foreign, computers = servers.ConvertAll(server => server.ComputerName) };
			else if (!request.ignore_unknown_exclusions)
				report.unknown_exclusions = TimedCalls.Within(request.server_timeout_ms, () => UnknownExclusions(selection, runs, servers));
			if (foreign != null || report.unknown_exclusions.Count > 0)
				return report;
			foreach (ServerRun run in runs)
				run.LeaveTo(runs.Find(other => other.Server.IsSameAs(run.Server)));
			if (!request.check_mode && !act.OnlyLooks)
				RunSideBySide(runs.FindAll(run => run.MayAct()), request.server_timeout_ms);
			foreach (ServerRun run in runs)
				lock (run.Gate)
					report.servers.Add(run.Report());
		}
		catch (WindowsException error)
		{
			report.error = CallReport.Of(error);
		}
		return report;
	}

	// Exclusions of one account that fitted no session, and would not fit one of the account either.
	static List<UnknownExclusion> UnknownExclusions(Selection selection, List<ServerRun> runs, List<Server> servers)
	{
		var unknown = new List<UnknownExclusion>();
		for (int i = 0; i < selection.ExcludedUsers.Count; i++)
		{
			AccountPattern excluded = selection.ExcludedUsers[i];
			if (runs.Exists(run => run.Found.Contains("exclude_users:" + i)))
				continue;
			if (excluded.IsOfUnknownDomain(servers))
				unknown.Add(new UnknownExclusion { position = i });
			if (!excluded.IsOneAccount)
				continue;
			Account found = excluded.LookUp(servers);
			if (found.Use != Account.SidTypeUser || !excluded.WouldFit(found))
				unknown.Add(new UnknownExclusion { position = i, use = found.Use, name = found.Name });
		}
		return unknown;
	}

	// Each server has threads of its own, so that one that does not answer does not delay the others.
	static void RunSideBySide(List<ServerRun> runs, long serverTimeout)
	{
		foreach (ServerRun run in runs)
			lock (run.Gate)
				run.Start();
		List<ServerRun> running = runs;
		while (running.Count > 0)
		{
			lock (running[0].Gate)
				if (!running[0].IsDone)
					Monitor.Wait(running[0].Gate, LookMilliseconds);
			running = running.FindAll(run => !IsOver(run, serverTimeout));
		}
	}

	static bool IsOver(ServerRun run, long serverTimeout)
	{
		lock (run.Gate)
		{
			run.GiveUpAfter(serverTimeout);
			return run.IsDone;
		}
	}
}

sealed class Worker
{
	internal readonly CallWatch Watch;
	internal readonly SessionHost Host;
	internal SelectedSession About; // whom its calls are about; null: all
	internal bool Finished;         // nothing is left to do but to close the host

	internal Worker(Server server, object gate)
	{
		Watch = new CallWatch(gate);
		Host = new SessionHost(server, Watch);
	}
}

// One server's part of a task, all guarded by the gate.
sealed class ServerRun
{
	const int PollMilliseconds = 100;
	const int StackBytes = 256 * 1024;
	const int MostHangs = 3;     // then it is the server that does not answer
	const int MostThreads = 500; // of users who are asked at the same time

	readonly Selection selection;
	readonly Act act;
	readonly EngineRequest request;

	readonly List<Worker> workers = new List<Worker>();
	readonly List<SelectedSession> all = new List<SelectedSession>();
	readonly List<SelectedSession> excluded = new List<SelectedSession>();
	Queue<Session> listed;          // still to be identified
	bool acts;
	Queue<SelectedSession> waiting; // still to be acted on
	readonly List<SelectedSession> awaited = new List<SelectedSession>();
	int hangs;
	WindowsException failure;
	Exception crash;

	internal readonly object Gate = new object();
	internal readonly Server Server;
	internal readonly HashSet<string> Found = new HashSet<string>();

	readonly List<string> spared = new List<string>(); // the logons that are excluded
	string aliasOf;

	internal ServerRun(Server server, Selection selection, Act act, EngineRequest request)
	{
		Server = server;
		int position = request.servers.IndexOf(server.Name);
		if (position < request.latest_times.Count)
			server.LatestTime = request.latest_times[position];
		this.selection = selection;
		this.act = act;
		this.request = request;
	}

	// Whether there are sessions to act on, which is what is done from here on.
	internal bool MayAct()
	{
		lock (Gate)
			return acts = failure == null && crash == null && all.Exists(selected => selected.Result == null);
	}

	// A server that has two names is worked on by the first.
	internal void LeaveTo(ServerRun first)
	{
		if (first == this)
			return;
		lock (Gate)
		{
			aliasOf = first.Server.Name;
			all.Clear();
			excluded.Clear();
		}
	}

	internal bool IsDone { get { return workers.Count == 0; } }

	internal void Start()
	{
		var worker = new Worker(Server, Gate);
		workers.Add(worker);
		new Thread(() => Work(worker), StackBytes) { IsBackground = true }.Start();
	}

	void Work(Worker worker)
	{
		lock (Gate)
		{
			try
			{
				worker.Host.Open();
				if (acts)
					ActOnAll(worker);
				else
					Select(worker);
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
			worker.Finished = true;
			worker.Host.Dispose();
			Leave(worker);
		}
	}

	// Abandons each thread whose call has lasted too long.
	internal void GiveUpAfter(long milliseconds)
	{
		foreach (Worker worker in workers.FindAll(each => each.Watch.HasLasted(milliseconds)))
		{
			worker.Watch.GivenUp = true;
			if (!worker.Finished)
				TakeOver(worker.About, new WindowsException(worker.Watch.Calling, null));
			Leave(worker);
		}
	}

	void TakeOver(SelectedSession about, WindowsException unanswered)
	{
		if (about != null)
		{
			about.GiveUp(unanswered);
			if (!all.Contains(about))
				all.Add(about);
		}
		if (about != null && ++hangs < MostHangs)
			Start();
		else
			failure = unanswered;
	}

	void Leave(Worker worker)
	{
		workers.Remove(worker);
		if (IsDone)
			Monitor.PulseAll(Gate);
	}

	void Select(Worker worker)
	{
		if (listed == null)
		{
			List<Session> sessions = worker.Host.Enumerate();
			QueryComputer(worker.Host);
			listed = new Queue<Session>(sessions);
		}
		while (listed.Count > 0)
		{
			Session session = listed.Dequeue();
			var selected = new SelectedSession { Session = session };
			bool fits = selection.FitsListed(session, Server, selected.MatchedBy);
			Server.DomainsSeen.Add(session.Domain);
			// What fits a listener alone spares nobody.
			bool isExcluded = selection.IsExcluded(session, Server.ComputerName, session.IsListener ? new HashSet<string>() : Found);
			if ((fits && selection.TakesNewcomers) || selection.MayBeExpected(Server, session.Id))
				Identify(worker, selected, fits, isExcluded);
			else
				IsSpared(selected, isExcluded);
		}
		worker.About = null;
	}

	void QueryComputer(SessionHost host)
	{
		try
		{
			host.QueryComputer();
		}
		catch (WindowsException)
		{
			if (selection.NeedsComputer)
				throw;
		}
	}

	// Without its logon time a session is not identified and is left alone.
	void Identify(Worker worker, SelectedSession selected, bool fitsListed, bool isExcluded)
	{
		Session listed = selected.Session;
		worker.About = selected;
		try
		{
			Session session = worker.Host.Query(listed.Id);
			Server.CurrentTime = Math.Max(Server.CurrentTime, session.Info.CurrentTime);
			if (!listed.IsSameAccount(session))
			{
				Found.UnionWith(selected.MatchedBy);
				selected.Settle("already_gone");
			}
			else
			{
				session.TakeFullNames(listed);
				selected.Session = session;
				selected.MatchedBy.Clear(); // what is by the logon time is known only now
				bool isMeant = selection.FitsListed(session, Server, selected.MatchedBy);
				isExcluded = IsSpared(selected, isExcluded);
				bool isExpected = selection.IsExpected(Server, session);
				if (!isExpected && !selection.TakesNewcomers)
					return;
				bool fits = isMeant && fitsListed && FitsNow(worker.Host, selected);
				Found.UnionWith(selected.MatchedBy);
				if (!fits && !isExpected)
					return;
				if (!fits || (isExcluded && isExpected))
					selected.Settle("spared");
				else if (!isExcluded && !act.OnlyLooks)
					SettleIfNothingIsToBeDone(worker.Host, selected, session);
			}
		}
		catch (WindowsException error)
		{
			isExcluded = IsSpared(selected, isExcluded);
			// On its way out, or stuck there: the list tells all that there is to know.
			selected.IsLeaving = error.Code == Win32Error.ERROR_CTX_CLOSE_PENDING && !selection.NeedsQueries;
			if (listed.IsProtected && !act.OnlyLooks)
				selected.Settle("protected");
			else if (error.SaysSessionIsGone)
				selected.Settle("already_gone");
			else if (!selected.IsLeaving && !isExcluded)
				selected.Fail(error);
		}
		if (isExcluded && selected.Result == null)
			excluded.Add(selected);
		else
			all.Add(selected);
	}

	// Takes down what has fitted a session so far, and its logon if it is excluded, by what was listed or by its logon.
	bool IsSpared(SelectedSession selected, bool isExcluded)
	{
		Found.UnionWith(selected.MatchedBy);
		isExcluded |= selection.IsExcludedLogon(selected.Session, Server, Found);
		if (isExcluded)
			spared.Add(Logon.Key(Server, selected.Session));
		return isExcluded;
	}

	bool FitsNow(SessionHost host, SelectedSession selected)
	{
		Session session = selected.Session;
		if (!selection.FitsInfo(session, Server) || (selection.NeedsIdleTime && host.IsConsole(session)))
			return false;
		selected.Client = host.QueryClient(session.Id);
		return selection.FitsClient(session, selected.Client, selected.MatchedBy);
	}

	void SettleIfNothingIsToBeDone(SessionHost host, SelectedSession selected, Session session)
	{
		string done = act.AlreadyDone(session);
		if (session.IsProtected || (request.protect_console && host.IsConsole(session)))
			selected.Settle("protected");
		else if (done != null)
			selected.Settle(done);
	}

	void ActOnAll(Worker worker)
	{
		if (waiting == null)
		{
			waiting = new Queue<SelectedSession>(all.FindAll(selected => selected.Result == null));
			if (act.TakesAThreadEach)
				for (int i = 1; i < Math.Min(waiting.Count, MostThreads); i++)
					Start();
		}
		while (waiting.Count + awaited.Count > 0)
		{
			while (waiting.Count > 0 && awaited.Count < (act.MostAtOnce ?? Int64.MaxValue))
			{
				worker.About = waiting.Dequeue();
				worker.About.Deadline = act.TimeoutMilliseconds;
				ActOn(worker.Host, worker.About);
				if (worker.About.Awaited)
					awaited.Add(worker.About);
			}
			worker.About = null;
			if (awaited.Count > 0)
				Monitor.Wait(Gate, PollMilliseconds);
			foreach (SelectedSession selected in awaited)
			{
				worker.About = selected;
				if (selected.Awaited) // not if the look at it hung
					LookAt(worker.Host, selected);
			}
			awaited.RemoveAll(selected => !selected.Awaited);
		}
	}

	// Has it done if the session is still the same logon and still meant.
	void ActOn(SessionHost host, SelectedSession selected)
	{
		selected.Elapsed.Start();
		try
		{
			Session now = host.Query(selected.Session.Id);
			if (selected.IsLeaving && selected.Session.IsSameAccount(now))
				selected.Session.Info = now.Info; // it answers now, so it is known from now on
			bool isSame = selected.Session.IsSameLogon(now);
			now.TakeFullNames(selected.Session);
			if (!isSame)
				selected.Settle("already_gone");
			else if (!StillFits(host, selected, now))
				selected.Settle("spared");
			else
				SettleIfNothingIsToBeDone(host, selected, now);
			if (selected.Result != null)
				return;
			selected.Busy = false;
			selected.Attempted = true;
			act.Do(host, selected, now);
		}
		catch (WindowsException error)
		{
			TakeRefusal(selected, error);
		}
	}

	bool StillFits(SessionHost host, SelectedSession selected, Session now)
	{
		var ignored = new List<string>();
		Client client = selection.NeedsClient ? host.QueryClient(now.Id) : selected.Client;
		return selection.FitsListed(now, Server, ignored)
			&& !selection.IsExcluded(now, Server.ComputerName, ignored)
			&& !selection.IsExcludedLogon(now, Server, ignored)
			&& selection.FitsInfo(now, Server)
			&& !(selection.NeedsIdleTime && host.IsConsole(now))
			&& selection.FitsClient(now, client, ignored);
	}

	void TakeRefusal(SelectedSession selected, WindowsException error)
	{
		bool isLeaving = error.Code == Win32Error.ERROR_CTX_CLOSE_PENDING;
		bool mayWait = act.TimeoutMilliseconds > 0;
		selected.Attempted = false;
		selected.Busy = error.Code == Win32Error.ERROR_CTX_WINSTATION_BUSY;
		selected.Error = error;
		if (error.SaysSessionIsGone || (isLeaving && !mayWait))
			selected.Settle("already_gone");
		else if (isLeaving || (selected.Busy && mayWait))
			selected.Awaited = true;
		else
			selected.Fail(error);
	}

	// Settles an awaited session once it is done, or once its time is over.
	void LookAt(SessionHost host, SelectedSession selected)
	{
		WindowsException unanswered = null;
		try
		{
			Session now = host.Query(selected.Session.Id);
			string done = act.Done(now);
			if (selected.Session.IsAnotherLogon(now))
				act.SettleGone(selected);
			else if (done != null)
				selected.Settle(done);
			else if (selected.Busy && !selected.IsOverdue)
				ActOn(host, selected);
		}
		catch (WindowsException error)
		{
			if (error.SaysSessionIsGone)
				act.SettleGone(selected);
			else if (error.Code != Win32Error.ERROR_CTX_CLOSE_PENDING)
				unanswered = error;
		}
		if (!selected.Awaited || !selected.IsOverdue)
			return;
		try
		{
			if (unanswered == null && act.OnOverdue(host, selected))
				return;
		}
		catch (WindowsException error)
		{
			if (error.SaysSessionIsGone)
				act.SettleGone(selected);
			unanswered = error;
		}
		if (!selected.Awaited)
			return;
		if (unanswered != null)
			selected.Fail(unanswered);
		else if (selected.Busy)
			selected.Fail(selected.Error);
		else
			selected.Settle("timed_out");
	}

	// Sessions without a result were only to be looked at, or the work ended before their turn.
	internal ServerReport Report()
	{
		foreach (SelectedSession selected in all.FindAll(each => each.Result == null))
		{
			if (request.check_mode || act.OnlyLooks)
				selected.Settle(act.Planned);
			else
				selected.GiveUp(failure);
		}
		foreach (SelectedSession selected in excluded)
			selected.Settle("excluded");
		return new ServerReport
		{
			server = Server.Name,
			computer_name = Server.ComputerName,
			alias_of = aliasOf,
			found = new List<string>(Found),
			sessions = all.ConvertAll(selected => selected.Report(Server)),
			excluded = excluded.ConvertAll(selected => selected.Report(Server)),
			spared = spared,
			current_time = Server.CurrentTime,
			error = CallReport.Of(failure),
			crash = crash == null ? null : crash.ToString(),
		};
	}
}
}
