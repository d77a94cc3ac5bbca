// Copyright (c) 2026 winops.rds contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Asks Windows the questions whose names it is given, and tells what Windows it is.

using System;
using System.Collections.Generic;
using ansible_collections.winops.acceptance.plugins.module_utils._host_questions;
using ansible_collections.winops.acceptance.plugins.module_utils._questions;
using ansible_collections.winops.acceptance.plugins.module_utils._session_questions;
using ansible_collections.winops.rds.plugins.module_utils._calls;
using ansible_collections.winops.rds.plugins.module_utils._json;
using ansible_collections.winops.rds.plugins.module_utils._registry;

namespace ansible_collections.winops.acceptance.plugins.module_utils._facts
{
public sealed class FactsRequest
{
	public List<string> questions;
	// The session that they are about; null: they are about none.
	public Int64? session_id;
	// Whose session it is, as DOMAIN\user.
	public string account;
	public string client_name;
}

public sealed class FactsReport
{
	public List<AnswerReport> answers;
	// Values of the registry, by name; null: it has none.
	public Dictionary<string, string> about;
}

public sealed class AnswerReport
{
	public string question;
	// Null: it could not be asked.
	public string answer;
	public string reason;
}

public static class Engine
{
	private const string CurrentVersion = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

	// FactsRequest in, FactsReport out, as JSON.
	public static string Run(string request)
	{
		return Json.Answer<FactsRequest>(request, Run);
	}

	private static FactsReport Run(FactsRequest request)
	{
		Subject subject = new Subject(request.session_id, request.account, request.client_name);
		return new FactsReport
		{
			answers = request.questions.ConvertAll(question => Ask(question, subject)),
			about = new Dictionary<string, string>
			{
				{ "product", Value(CurrentVersion, "ProductName") },
				{ "version", Value(CurrentVersion, "DisplayVersion") },
				{ "build", Value(CurrentVersion, "CurrentBuild") },
				{ "revision", Value(CurrentVersion, "UBR") },
				{ "language", Value(@"SYSTEM\CurrentControlSet\Control\Nls\Language", "InstallLanguage") },
				{ "windows_powershell", Value(@"SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine", "PowerShellVersion") },
				{ "dotnet_framework", Value(@"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full", "Version") },
				{ "runtime", Environment.Version.ToString() },
			},
		};
	}

	private static AnswerReport Ask(string name, Subject subject)
	{
		AnswerReport report = new AnswerReport { question = name };
		Question question;
		if (!HostQuestions.All.TryGetValue(name, out question) && !SessionQuestions.All.TryGetValue(name, out question))
			throw new ArgumentException("unknown question: " + name);
		try
		{
			report.answer = question(subject);
		}
		catch (NotAskableException error)
		{
			report.reason = error.Message;
		}
		catch (WindowsException error)
		{
			report.answer = "error " + error.Code;
		}
		return report;
	}

	private static string Value(string key, string name)
	{
		try
		{
			ValueReport value = new RegistryValue(key, name, 0).Read();
			return value == null ? null : value.text;
		}
		catch (WindowsException) // there is no such key
		{
			return null;
		}
	}
}
}
