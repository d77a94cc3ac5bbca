// SPDX-License-Identifier: GPL-3.0-or-later

// One JSON text each way, so that nothing depends on what PowerShell makes of values.

//AssemblyReference -Name System.Web.Extensions.dll -CLR Framework
//AssemblyReference -Type System.Text.Json.JsonSerializer -CLR Core

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Text;
#if CORECLR
using System.Text.Json;
#else
using System.Web.Script.Serialization;
#endif

namespace ansible_collections.winops.rds.plugins.module_utils._json
{
static class Json
{
	// The request has just the members of TRequest. The answer has a report or says why there is none.
	internal static string Answer<TRequest>(string request, Func<TRequest, object> run)
	{
		var answer = new Dictionary<string, object> { { "changed", false }, { "engine", true } };
		try
		{
			answer["refused"] = true;
			TRequest read = Read<TRequest>(request);
			answer["refused"] = false;
			answer["report"] = run(read);
		}
		catch (Exception error)
		{
			answer["failed"] = true;
			answer["msg"] = error.Message;
			answer["exception"] = error.ToString();
		}
		return Text(answer);
	}

	internal static string Text(object value)
	{
		return Ascii(Write(value));
	}

	static T Read<T>(string text)
	{
		Dictionary<string, object> given = Deserialize<Dictionary<string, object>>(text);
		foreach (FieldInfo member in typeof(T).GetFields())
		{
			object value;
			bool mayBeNull = member.FieldType == typeof(string) || Nullable.GetUnderlyingType(member.FieldType) != null;
			if (!given.TryGetValue(member.Name, out value) || (value == null && !mayBeNull))
				throw new ArgumentException("the request lacks " + member.Name);
			given.Remove(member.Name);
		}
		foreach (string name in given.Keys)
			throw new ArgumentException("the request has an unknown member, " + name);
		return Deserialize<T>(text);
	}

#if CORECLR
	static readonly JsonSerializerOptions WithFields = new JsonSerializerOptions { IncludeFields = true };

	static T Deserialize<T>(string text)
	{
		return JsonSerializer.Deserialize<T>(text, WithFields);
	}

	static string Write(object value)
	{
		return JsonSerializer.Serialize(value, WithFields);
	}
#else
	static T Deserialize<T>(string text)
	{
		return Serializer().Deserialize<T>(text);
	}

	static string Write(object value)
	{
		return Serializer().Serialize(value);
	}

	static JavaScriptSerializer Serializer()
	{
		return new JavaScriptSerializer { MaxJsonLength = Int32.MaxValue };
	}
#endif

	// So that no code page can spoil it, and no event log takes %1 for a place to fill in. In JSON, only texts hold these.
	static string Ascii(string json)
	{
		var ascii = new StringBuilder();
		foreach (char unit in json)
			ascii.Append(unit < 0x7F && unit != '%' ? unit.ToString() : "\\u" + ((int)unit).ToString("x4"));
		return ascii.ToString();
	}
}
}
