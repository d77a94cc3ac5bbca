// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Calls one static method as a module's PowerShell script would: JSON {type, method, parameters, check_mode} on stdin,
// JSON {report} or {error} on stdout. For the mono engine.

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Text;
using System.Web.Script.Serialization;

internal static class Doorway
{
    private static int Main()
    {
        JavaScriptSerializer json = new JavaScriptSerializer { MaxJsonLength = Int32.MaxValue };
        string input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)).ReadToEnd();
        Dictionary<string, object> request = json.Deserialize<Dictionary<string, object>>(input);
        Dictionary<string, object> answer = new Dictionary<string, object>();
        try
        {
            MethodInfo method = Assembly.GetExecutingAssembly().GetType((string)request["type"], true).GetMethod((string)request["method"]);
            IDictionary parameters = WithLists((IDictionary<string, object>)request["parameters"]);
            answer["report"] = method.Invoke(null, new object[] { parameters, request["check_mode"] });
        }
        catch (Exception error)
        {
            answer["error"] = error.GetBaseException().Message;
            answer["exception"] = error.GetBaseException().ToString();
        }
        byte[] output = new UTF8Encoding(false).GetBytes(json.Serialize(answer));
        Console.OpenStandardOutput().Write(output, 0, output.Length);
        return answer.ContainsKey("error") ? 1 : 0;
    }

    // A list option reaches a module as List<object> (Ansible.Basic), not as the serializer's ArrayList.
    private static IDictionary WithLists(IDictionary<string, object> parameters)
    {
        Dictionary<string, object> typed = new Dictionary<string, object>();
        foreach (KeyValuePair<string, object> parameter in parameters)
        {
            ArrayList list = parameter.Value as ArrayList;
            typed[parameter.Key] = list == null ? parameter.Value : new List<object>(list.ToArray());
        }
        return typed;
    }
}
