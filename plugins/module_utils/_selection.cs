// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which sessions a task means.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using ansible_collections.winops.rds.plugins.module_utils._accounts;
using ansible_collections.winops.rds.plugins.module_utils._sessions;

namespace ansible_collections.winops.rds.plugins.module_utils._selection
{
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
		public bool all;
		public List<Int64> exclude_session_ids;
		public List<string> exclude_session_names;
		public bool exclude_current;
		public List<string> exclude_users;
		public List<string> logons;
		public bool newcomers;
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

		// Null: an account that does not exist, which fits nobody.
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
				&& (IsLocal ? String.Equals(session.Domain, computerName, StringComparison.OrdinalIgnoreCase) : domain.Matches(session.Domain));
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
	internal static class Logon
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
	internal sealed class Selection
	{
		private readonly SelectionRequest wanted;
		private readonly List<AccountPattern> current;
		private readonly List<AccountPattern> users;
		private readonly List<Wildcard> clientNames;
		private readonly List<Network> clientNetworks;
		private readonly List<AccountPattern> excludedUsers;
		private readonly HashSet<string> logons = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
		private readonly HashSet<string> places = new HashSet<string>(StringComparer.OrdinalIgnoreCase); // of these logons

		// Whether sessions are meant that are none of the logons that the task is about.
		internal readonly bool TakesNewcomers;

		// Those of exclude_users that no account has: perhaps somebody is misspelt who is to be spared.
		internal readonly List<string> UnknownExclusions = new List<string>();

		// Looks accounts up, once for all hosts.
		internal Selection(SelectionRequest wanted)
		{
			this.wanted = wanted;
			current = Current(wanted.current);
			users = Accounts(wanted.users, new List<string>());
			clientNames = wanted.client_names.ConvertAll(text => new Wildcard(text));
			clientNetworks = wanted.client_networks.ConvertAll(text => new Network(text));
			excludedUsers = Accounts(wanted.exclude_users, UnknownExclusions);
			excludedUsers.AddRange(Current(wanted.exclude_current));
			foreach (string logon in wanted.logons)
			{
				logons.Add(logon);
				places.Add(Logon.PlaceOf(logon));
			}
			TakesNewcomers = wanted.newcomers;
		}

		private static List<AccountPattern> Current(bool wanted)
		{
			List<AccountPattern> accounts = new List<AccountPattern>();
			if (wanted)
				accounts.Add(new AccountPattern(Account.Current()));
			return accounts;
		}

		// A SID or a user principal name, which has no backslash, is looked up. Those that there are not are added to unknown.
		private static List<AccountPattern> Accounts(List<string> texts, List<string> unknown)
		{
			return texts.ConvertAll(text =>
			{
				string account = text.IndexOf('\\') < 0 ? Account.Resolve(text) : text;
				if (account == null)
					unknown.Add(text);
				return new AccountPattern(account);
			});
		}

		// Whether a session may be, and whether it is, one of the logons that the task is about.
		internal bool MayBeExpected(Server server, UInt32 id)
		{
			return places.Contains(Logon.Place(server, id));
		}

		internal bool IsExpected(Server server, Session session)
		{
			return logons.Contains(Logon.Key(server, session));
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
			bool bySession = Add(matchedBy, "session_ids", wanted.session_ids, id => id == session.Id);
			bySession |= Add(matchedBy, "session_names", wanted.session_names, session.IsNamed);
			bySession |= Add(matchedBy, "current", current, account => account.Fits(session, computerName));
			bool byUser = Add(matchedBy, "users", users, user => user.Fits(session, computerName));
			bool byState = Add(matchedBy, "states", wanted.states, state => session.HasUser && state == session.Info.SessionState);
			if (wanted.session_ids.Count + wanted.session_names.Count + current.Count > 0 && !bySession)
				return false;
			if (users.Count > 0 && !byUser)
				return false;
			if (wanted.states.Count > 0 && !byState)
				return false;
			if (AnySession && !session.HasUser)
				return false;
			return !wanted.exclude_session_ids.Contains(session.Id)
				&& !wanted.exclude_session_names.Exists(session.IsNamed)
				&& !excludedUsers.Exists(user => user.Fits(session, computerName));
		}

		// Whether there is a criterion that any session might fit, also one that has no user.
		private bool AnySession
		{
			get { return wanted.all || NeedsClient || wanted.idle_for != null || wanted.disconnected_for != null || wanted.logged_on_for != null; }
		}

		// Whether its times fit, too.
		internal bool FitsTimes(Session session)
		{
			return IsSince(session.Info.LastInputTime, session, wanted.idle_for)
				&& (wanted.disconnected_for == null || session.IsDisconnected)
				&& IsSince(session.Info.DisconnectTime, session, wanted.disconnected_for)
				&& IsSince(session.Info.LogonTime, session, wanted.logged_on_for);
		}

		// Whether its client fits, too.
		internal bool FitsClient(Client client, List<string> matchedBy)
		{
			if (!NeedsClient)
				return true;
			bool byName = Add(matchedBy, "client_names", clientNames, name => !String.IsNullOrEmpty(client.Name) && name.Matches(client.Name));
			bool byNetwork = Add(matchedBy, "client_networks", clientNetworks, network => network.Contains(client.Address));
			if (byName || byNetwork)
				return true;
			if (client.Refusal != null)
				throw client.Refusal; // that it is not known whether it fits does not mean that it does not
			return false;
		}

		// By the host's own clock. What has no known beginning has not lasted for any time.
		private static bool IsSince(Int64 moment, Session session, Int64? duration)
		{
			return duration == null || (moment > 0 && session.Info.CurrentTime - moment >= duration);
		}

		// Adds criterion and position of each value that fits to matchedBy; returns whether there is one.
		private static bool Add<T>(List<string> matchedBy, string criterion, List<T> values, Predicate<T> fits)
		{
			int before = matchedBy.Count;
			for (int i = 0; i < values.Count; i++)
				if (fits(values[i]))
					matchedBy.Add(criterion + ":" + i.ToString(CultureInfo.InvariantCulture));
			return matchedBy.Count > before;
		}
	}
}
