// SPDX-License-Identifier: GPL-3.0-or-later

// Which sessions a task means.

using System;
using System.Collections.Generic;
using System.Net;

namespace ansible_collections.winops.rds.plugins.module_utils._selection
{
using _accounts;
using _calls;
using _sessions;

// What the members mean is said in plugin_utils/_engine/requests.py.
public class SelectionRequest
{
	public List<long> session_ids;
	public List<string> session_names;
	public bool current;
	public List<string> records;
	public List<string> users;
	public List<long> states;
	public long? idle_for;
	public long? disconnected_for;
	public long? logged_on_for;
	public List<string> client_names;
	public List<string> client_networks;
	public List<long> protocols;
	public bool? locked;
	public bool all;
	public List<long> exclude_session_ids;
	public List<string> exclude_session_names;
	public bool exclude_current;
	public List<string> exclude_records;
	public List<string> exclude_users;
	public List<string> logons;
	public List<string> exclude_logons;
	public List<string> unread_logons;
	public bool newcomers;
}

// A name in any case, with * for any text and ? for one character.
static class Wildcard
{
	internal static bool Fits(string pattern, string text)
	{
		bool[] ends = new bool[text.Length + 1]; // where in the text the pattern so far may end
		ends[0] = true;
		foreach (char wanted in pattern)
		{
			bool[] next = new bool[ends.Length];
			for (int i = 0; i < ends.Length; i++)
				if (wanted == '*')
					next[i] = ends[i] || (i > 0 && next[i - 1]);
				else if (ends[i] && i < text.Length && (wanted == '?' || Char.ToUpperInvariant(wanted) == Char.ToUpperInvariant(text[i])))
					// A character beyond U+FFFF, as some Chinese and Japanese names have, takes two UTF-16 units.
					next[i + (wanted == '?' && Char.IsSurrogatePair(text, i) ? 2 : 1)] = true;
			ends = next;
		}
		return ends[text.Length];
	}
}

// DOMAIN\user, each side a pattern; the domain "." is the host's own. A SID, a UPN or an account of a DNS domain is
// looked up, which gives the names that sessions have.
sealed class AccountPattern
{
	readonly string text;
	readonly string domain;
	readonly string user; // null: nobody
	readonly Account account; // null: not looked up

	internal readonly bool IsLocal;

	internal AccountPattern(string text)
	{
		this.text = text;
		string[] names = text.Split('\\');
		IsLocal = names.Length > 1 && names[0] == ".";
		if (names.Length < 2 || text.IndexOf('@') > 0 || (names[0].IndexOf('.') > 0 && IsOneAccount))
		{
			account = Account.Find(text);
			if (account.Use == 0)
				return;
			names = account.Name.Split('\\');
		}
		domain = names[0];
		user = names[1];
	}

	internal bool Fits(Session session, string computerName)
	{
		return user != null && session.HasUser && Wildcard.Fits(user, session.User)
			&& (IsLocal ? Names.AreSame(session.Domain, computerName) : Wildcard.Fits(domain, session.Domain));
	}

	// Windows also finds an account without its accents (support.microsoft.com/kb/938447).
	internal bool WouldFit(Account found)
	{
		string[] names = found.Name.Split('\\');
		return Fits(new Session { Id = 1, Domain = names[0], User = names[1] }, names[0]);
	}

	// A pattern of names in a domain that neither Windows nor a session knows. Windows does not look up that of Entra ID.
	internal bool IsOfUnknownDomain(List<Server> servers)
	{
		return domain != null && !IsOneAccount && !IsLocal && domain.IndexOfAny(new[] { '*', '?' }) < 0
			&& !Names.AreSame(domain, "AzureAD")
			&& !servers.Exists(server => server.HasDomain(domain))
			&& Account.Find(domain).Use != Account.SidTypeDomain;
	}

	internal bool IsOneAccount { get { return NameToLookUp.IndexOfAny(new[] { '*', '?' }) < 0; } }

	// As LookupAccountName takes it: without a domain, where any is meant.
	string NameToLookUp { get { return text.StartsWith("*\\", StringComparison.Ordinal) ? text.Substring(2) : text; } }

	// What is called so. A local account may be that of any server that tells its name; if none does, none is touched.
	internal Account LookUp(List<Server> servers)
	{
		if (account != null || !IsLocal)
			return account ?? Account.Find(NameToLookUp);
		List<Server> named = servers.FindAll(server => server.ComputerName.Length > 0);
		var found = new Account { Name = text, Use = named.Count == 0 ? Account.SidTypeUser : 0 };
		foreach (Server server in named)
			if (found.Use != Account.SidTypeUser)
				found = Account.Find(server.ComputerName + text.Substring(1), server.IsLocal ? null : server.Name);
		return found;
	}
}

// One logon, as a text that means the same throughout a task. A record tells the time only to the second: it is how the
// text of the logon begins.
static class Logon
{
	internal static string Key(Server server, Session session)
	{
		long time = session.Info.LogonTime; // 0: not known
		return Place(server, session.Id) + "|" + session.Domain + "\\" + session.User + "|" + (time == 0 ? "" : time.ToString());
	}

	internal static string Place(Server server, uint id)
	{
		return server.Name + "|" + id;
	}

	internal static string PlaceOf(string key)
	{
		return key.Remove(key.IndexOf('|', key.IndexOf('|') + 1));
	}

	// Where the logon time is not known, it may be.
	internal static bool IsMeant(string logon, Server server, Session session, bool ifUnknown = true)
	{
		string key = Key(server, session).Substring(server.Name.Length), meant = logon.Substring(logon.IndexOf('|'));
		return server.IsCalled(ServerOf(logon))
			&& (session.Info.LogonTime == 0 ? ifUnknown && meant.StartsWith(key, StringComparison.OrdinalIgnoreCase) : key.StartsWith(meant, StringComparison.OrdinalIgnoreCase));
	}

	internal static string ServerOf(string logon)
	{
		return logon.Remove(logon.IndexOf('|'));
	}
}

// Criteria narrow each other, the values of one widen it, exclusions come last.
sealed class Selection
{
	readonly SelectionRequest wanted;
	readonly List<AccountPattern> current;
	readonly List<AccountPattern> users;
	readonly List<AccountPattern> excludedCurrent;
	readonly HashSet<string> logons;
	readonly HashSet<string> places; // of these logons

	internal readonly List<AccountPattern> ExcludedUsers;

	internal Selection(SelectionRequest wanted)
	{
		this.wanted = wanted;
		current = Current(wanted.current);
		users = Patterns(wanted.users);
		ExcludedUsers = Patterns(wanted.exclude_users);
		excludedCurrent = Current(wanted.exclude_current);
		logons = new HashSet<string>(wanted.logons, StringComparer.OrdinalIgnoreCase);
		places = new HashSet<string>(wanted.logons.ConvertAll<string>(Logon.PlaceOf), StringComparer.OrdinalIgnoreCase);
	}

	static List<AccountPattern> Current(bool isWanted)
	{
		return Patterns(isWanted ? new List<string> { TimedCalls.OwnAccount() } : new List<string>());
	}

	static List<AccountPattern> Patterns(List<string> texts)
	{
		return texts.ConvertAll(text => new AccountPattern(text));
	}

	// Whether those are meant that are none of the logons that the task is about.
	internal bool TakesNewcomers { get { return wanted.newcomers; } }

	// Whether a session may be, and whether it is, one of these logons.
	internal bool MayBeExpected(Server server, uint id)
	{
		return places.Contains(Logon.Place(server, id));
	}

	internal bool IsExpected(Server server, Session session)
	{
		return logons.Contains(Logon.Key(server, session));
	}

	// Whether the host's name or version tells who fits.
	internal bool NeedsComputer { get { return wanted.locked != null || users.Exists(user => user.IsLocal) || ExcludedUsers.Exists(user => user.IsLocal); } }

	internal bool NeedsClient { get { return wanted.client_names.Count + wanted.client_networks.Count + wanted.protocols.Count > 0; } }

	// Whether the enumeration does not tell who fits.
	internal bool NeedsQueries { get { return NeedsClient || wanted.locked != null || wanted.idle_for != null || wanted.disconnected_for != null || wanted.logged_on_for != null; } }

	// The idle time of a console is not to be relied on (PSAppDeployToolkit issue 1680, danports/cassia issue 23).
	internal bool NeedsIdleTime { get { return wanted.idle_for != null; } }

	// Each value that fits is added to matchedBy ("users:0" is the first of users), also where another criterion then
	// rules the session out.
	internal bool FitsListed(Session session, Server server, ICollection<string> matchedBy)
	{
		string computerName = server.ComputerName;
		bool bySession = Add(matchedBy, "session_ids", wanted.session_ids, id => id == session.Id);
		bySession |= Add(matchedBy, "session_names", wanted.session_names, session.IsNamed);
		bySession |= Add(matchedBy, "current", current, account => account.Fits(session, computerName));
		bySession |= Add(matchedBy, "records", wanted.records, record => Logon.IsMeant(record, server, session, session.IsListed));
		bool byUser = Add(matchedBy, "users", users, user => user.Fits(session, computerName));
		bool byState = Add(matchedBy, "states", wanted.states, state => state == session.Info.SessionState && (session.HasUser || session.IsBroken));
		return (bySession || wanted.session_ids.Count + wanted.session_names.Count + current.Count + wanted.records.Count == 0)
			&& (byUser || users.Count == 0)
			&& (byState || wanted.states.Count == 0)
			&& (session.HasUser || !(wanted.all || NeedsQueries));
	}

	internal bool IsExcluded(Session session, string computerName, ICollection<string> found)
	{
		bool isExcluded = Add(found, "exclude_session_ids", wanted.exclude_session_ids, id => id == session.Id);
		isExcluded |= Add(found, "exclude_session_names", wanted.exclude_session_names, name => session.IsNamed(name) || Wildcard.Fits(name, session.User));
		isExcluded |= Add(found, "exclude_current", excludedCurrent, account => account.Fits(session, computerName));
		isExcluded |= Add(found, "exclude_users", ExcludedUsers, user => user.Fits(session, computerName));
		return isExcluded;
	}

	internal bool IsExcludedLogon(Session session, Server server, ICollection<string> found)
	{
		bool isExcluded = Add(found, "exclude_records", wanted.exclude_records, record => Logon.IsMeant(record, server, session));
		return isExcluded || wanted.exclude_logons.Exists(logon => Logon.IsMeant(logon, server, session));
	}

	// The name of a server that a record is of and the task does not work on; null: there is none. A request about certain
	// logons follows one without, and may leave out servers where nobody is left.
	internal string ForeignServer(List<Server> servers)
	{
		if (wanted.logons.Count > 0)
			return null;
		var records = new List<string>(wanted.records);
		records.AddRange(wanted.exclude_records);
		return records.ConvertAll<string>(Logon.ServerOf).Find(name => !servers.Exists(server => server.IsCalled(name)));
	}

	internal bool FitsInfo(Session session, Server server)
	{
		long now = Math.Min(session.Info.CurrentTime, server.LatestTime);
		return IsSince(session.Info.LastInputTime, now, wanted.idle_for)
			&& (wanted.disconnected_for == null || session.IsDisconnected)
			&& IsSince(session.Info.DisconnectTime, now, wanted.disconnected_for)
			&& IsSince(session.Info.LogonTime, now, wanted.logged_on_for)
			&& (session.IsDisconnected || !wanted.unread_logons.Exists(logon => Logon.IsMeant(logon, server, session)))
			&& (wanted.locked == null || wanted.locked == server.IsLocked(session));
	}

	internal bool FitsClient(Session session, Client client, ICollection<string> matchedBy)
	{
		// A session without a name is disconnected: Windows then answers 0, as for the console.
		bool byProtocol = Add(matchedBy, "protocols", wanted.protocols, protocol => session.Info.WinStationName.Length > 0 && protocol == client.Protocol);
		bool byClient = Add(matchedBy, "client_names", wanted.client_names, name => !String.IsNullOrEmpty(client.Name) && Wildcard.Fits(name, client.Name));
		byClient |= Add(matchedBy, "client_networks", wanted.client_networks, network => Bits(client.Address).StartsWith(network, StringComparison.Ordinal));
		bool fits = (byProtocol || wanted.protocols.Count == 0) && (byClient || wanted.client_names.Count + wanted.client_networks.Count == 0);
		if (!fits && client.Refusal != null)
			throw client.Refusal; // whether the session fits is not known
		return fits;
	}

	// An address as client_networks are given.
	static string Bits(IPAddress address)
	{
		byte[] bytes = address == null ? new byte[0] : address.GetAddressBytes();
		return bytes.Length + ":" + String.Concat(Array.ConvertAll(bytes, each => Convert.ToString(each, 2).PadLeft(8, '0')));
	}

	// By the host's own clock. A moment that is not known (0) satisfies no duration.
	static bool IsSince(long moment, long now, long? duration)
	{
		return duration == null || (moment > 0 && now - moment >= duration);
	}

	static bool Add<T>(ICollection<string> matchedBy, string criterion, List<T> values, Predicate<T> fits)
	{
		bool any = false;
		for (int i = 0; i < values.Count; i++)
		{
			if (!fits(values[i]))
				continue;
			any = true;
			matchedBy.Add(criterion + ":" + i);
		}
		return any;
	}
}
}
