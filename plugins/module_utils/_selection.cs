// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which sessions a task means.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;

namespace ansible_collections.winops.rds.plugins.module_utils._selection
{
using _accounts;
using _sessions;

// The selecting part of a request. What the members mean is said in plugin_utils/_engine/requests.py.
public class SelectionRequest
{
	public List<Int64> session_ids;
	public List<string> session_names;
	public bool current;
	public List<string> users;
	public List<Int64> states;
	public Int64? idle_for;
	public Int64? disconnected_for;
	public Int64? logged_on_for;
	public List<string> client_names;
	public List<string> client_networks;
	public List<Int64> protocols;
	public bool? locked;
	public bool all;
	public List<Int64> exclude_session_ids;
	public List<string> exclude_session_names;
	public bool exclude_current;
	public List<string> exclude_users;
	public List<string> logons;
	public bool newcomers;
}

// A name with the wildcards * (any text) and ? (one character), in any case.
sealed class Wildcard
{
	readonly string pattern;

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
	static bool SameCharacter(char a, char b)
	{
		return Char.ToUpperInvariant(a) == Char.ToUpperInvariant(b);
	}
}

// An account as DOMAIN\user, each side a pattern; the domain "." is the host's own. A SID, a UPN or an account of a
// DNS domain is looked up, which gives the names that sessions have.
sealed class AccountPattern
{
	readonly string text;
	readonly Wildcard domain;
	readonly Wildcard user; // null: nobody
	readonly int? use;      // SID_NAME_USE, 0 for nobody; null: not looked up

	internal readonly bool IsLocal;

	internal AccountPattern(string text)
	{
		this.text = text;
		IsLocal = text.StartsWith(".\\", StringComparison.Ordinal);
		string[] names = text.Split('\\');
		if (names.Length < 2 || (names[0].IndexOf('.') > 0 && IsOneAccount))
		{
			Account account = Account.Find(text);
			use = account == null ? 0 : account.Use;
			if (account == null)
				return;
			names = account.Name.Split('\\');
		}
		domain = new Wildcard(names[0]);
		user = new Wildcard(names[1]);
	}

	internal bool Fits(Session session, string computerName)
	{
		return user != null && session.HasUser && user.Matches(session.User)
			&& (IsLocal ? String.Equals(session.Domain, computerName, StringComparison.OrdinalIgnoreCase) : domain.Matches(session.Domain));
	}

	internal bool IsOneAccount { get { return NameToLookUp.IndexOfAny(new[] { '*', '?' }) < 0; } }

	// As Windows takes it: in any domain is without one.
	string NameToLookUp { get { return text.StartsWith("*\\", StringComparison.Ordinal) ? text.Substring(2) : text; } }

	// What it is that is called so: a SID_NAME_USE; 0: nothing. A local account may be that of any of the servers that
	// tell their name; if none does, none is touched.
	internal int Use(List<Server> servers)
	{
		if (use != null || !IsLocal)
			return use ?? UseOf(Account.Find(NameToLookUp));
		List<Server> named = servers.FindAll(server => server.ComputerName.Length > 0);
		int found = named.Count == 0 ? Account.SidTypeUser : 0;
		foreach (Server server in named)
			if (found != Account.SidTypeUser)
				found = UseOf(Account.Find(server.ComputerName + text.Substring(1), server.IsLocal ? null : server.Name));
		return found;
	}

	static int UseOf(Account account)
	{
		return account == null ? 0 : account.Use;
	}
}

// A network as address/prefix length.
sealed class Network
{
	readonly byte[] address;
	readonly int prefix;

	internal Network(string text)
	{
		string[] parts = text.Split('/');
		address = IPAddress.Parse(parts[0]).GetAddressBytes();
		prefix = Int32.Parse(parts[1], CultureInfo.InvariantCulture);
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

// One logon, as a text that means the same in each report and request of a task.
static class Logon
{
	internal static string Key(Server server, Session session)
	{
		return Place(server, session.Id) + "|" + session.Info.LogonTime + "|" + session.Domain + "\\" + session.User;
	}

	internal static string Place(Server server, UInt32 id)
	{
		return server.Name + "|" + id;
	}

	internal static string PlaceOf(string key)
	{
		return key.Remove(key.IndexOf('|', key.IndexOf('|') + 1));
	}
}

// Criteria narrow each other, the values of one widen it, exclusions come last.
sealed class Selection
{
	readonly SelectionRequest wanted;
	readonly List<AccountPattern> current;
	readonly List<AccountPattern> users;
	readonly List<Wildcard> clientNames;
	readonly List<Network> clientNetworks;
	readonly List<AccountPattern> excludedCurrent;
	readonly HashSet<string> logons;
	readonly HashSet<string> places; // of these logons

	internal readonly List<AccountPattern> ExcludedUsers;

	// Looks accounts up, once for all hosts.
	internal Selection(SelectionRequest wanted)
	{
		this.wanted = wanted;
		current = Current(wanted.current);
		users = wanted.users.ConvertAll(text => new AccountPattern(text));
		clientNames = wanted.client_names.ConvertAll(text => new Wildcard(text));
		clientNetworks = wanted.client_networks.ConvertAll(text => new Network(text));
		ExcludedUsers = wanted.exclude_users.ConvertAll(text => new AccountPattern(text));
		excludedCurrent = Current(wanted.exclude_current);
		logons = new HashSet<string>(wanted.logons, StringComparer.OrdinalIgnoreCase);
		places = new HashSet<string>(wanted.logons.ConvertAll<string>(Logon.PlaceOf), StringComparer.OrdinalIgnoreCase);
	}

	static List<AccountPattern> Current(bool isWanted)
	{
		List<AccountPattern> accounts = new List<AccountPattern>();
		if (isWanted)
			accounts.Add(new AccountPattern(Account.Current()));
		return accounts;
	}

	// Whether sessions are meant that are none of the logons that the task is about.
	internal bool TakesNewcomers { get { return wanted.newcomers; } }

	// Whether a session may be, and whether it is, one of the logons that the task is about.
	internal bool MayBeExpected(Server server, UInt32 id)
	{
		return places.Contains(Logon.Place(server, id));
	}

	internal bool IsExpected(Server server, Session session)
	{
		return logons.Contains(Logon.Key(server, session));
	}

	// Whether the host's name and version have to be known to tell who fits.
	internal bool NeedsComputer { get { return wanted.locked != null || users.Exists(user => user.IsLocal) || ExcludedUsers.Exists(user => user.IsLocal); } }

	internal bool NeedsClient { get { return clientNames.Count + clientNetworks.Count + wanted.protocols.Count > 0; } }

	// Whether the enumeration does not tell who fits.
	internal bool NeedsQueries { get { return NeedsClient || wanted.locked != null || wanted.idle_for != null || wanted.disconnected_for != null || wanted.logged_on_for != null; } }

	// The idle time of a console is not to be relied on (PSAppDeployToolkit issue 1680, danports/cassia issue 23).
	internal bool NeedsIdleTime { get { return wanted.idle_for != null; } }

	// Whether what the enumeration tells fits. Each value that fits the session is added to matchedBy ("users:0" is the
	// first of users), also where another criterion then rules it out.
	internal bool FitsListed(Session session, string computerName, ICollection<string> matchedBy)
	{
		bool bySession = Add(matchedBy, "session_ids", wanted.session_ids, id => id == session.Id);
		bySession |= Add(matchedBy, "session_names", wanted.session_names, session.IsNamed);
		bySession |= Add(matchedBy, "current", current, account => account.Fits(session, computerName));
		bool byUser = Add(matchedBy, "users", users, user => user.Fits(session, computerName));
		bool byState = Add(matchedBy, "states", wanted.states, state => state == session.Info.SessionState && (session.HasUser || session.IsBroken));
		return (bySession || wanted.session_ids.Count + wanted.session_names.Count + current.Count == 0)
			&& (byUser || users.Count == 0)
			&& (byState || wanted.states.Count == 0)
			&& (session.HasUser || !(wanted.all || NeedsQueries));
	}

	// Whether it is spared whatever else fits. Each exclusion that does so is added to found.
	internal bool IsExcluded(Session session, string computerName, ICollection<string> found)
	{
		bool isExcluded = Add(found, "exclude_session_ids", wanted.exclude_session_ids, id => id == session.Id);
		isExcluded |= Add(found, "exclude_session_names", wanted.exclude_session_names, session.IsNamed);
		isExcluded |= Add(found, "exclude_current", excludedCurrent, account => account.Fits(session, computerName));
		isExcluded |= Add(found, "exclude_users", ExcludedUsers, user => user.Fits(session, computerName));
		return isExcluded;
	}

	// Whether its times and its lock fit, too.
	internal bool FitsInfo(Session session, Server server)
	{
		return IsSince(session.Info.LastInputTime, session, wanted.idle_for)
			&& (wanted.disconnected_for == null || session.IsDisconnected)
			&& IsSince(session.Info.DisconnectTime, session, wanted.disconnected_for)
			&& IsSince(session.Info.LogonTime, session, wanted.logged_on_for)
			&& (wanted.locked == null || wanted.locked == server.IsLocked(session));
	}

	// Whether its client fits, too.
	internal bool FitsClient(Session session, Client client, ICollection<string> matchedBy)
	{
		// A session without a name is disconnected, and has no protocol: Windows then answers 0, as for the console.
		bool byProtocol = Add(matchedBy, "protocols", wanted.protocols, protocol => session.Info.WinStationName.Length > 0 && protocol == client.Protocol);
		bool byClient = Add(matchedBy, "client_names", clientNames, name => !String.IsNullOrEmpty(client.Name) && name.Matches(client.Name));
		byClient |= Add(matchedBy, "client_networks", clientNetworks, network => network.Contains(client.Address));
		bool fits = (byProtocol || wanted.protocols.Count == 0) && (byClient || clientNames.Count + clientNetworks.Count == 0);
		if (!fits && client.Refusal != null)
			throw client.Refusal; // that it is not known whether it fits does not mean that it does not
		return fits;
	}

	// By the host's own clock. What has no known beginning has not lasted for any time.
	static bool IsSince(Int64 moment, Session session, Int64? duration)
	{
		return duration == null || (moment > 0 && session.Info.CurrentTime - moment >= duration);
	}

	// Adds criterion and position of each value that fits to matchedBy; returns whether there is one.
	static bool Add<T>(ICollection<string> matchedBy, string criterion, List<T> values, Predicate<T> fits)
	{
		bool any = false;
		for (int i = 0; i < values.Count; i++)
		{
			if (!fits(values[i]))
				continue;
			any = true;
			matchedBy.Add(criterion + ":" + i.ToString(CultureInfo.InvariantCulture));
		}
		return any;
	}
}
}
