// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Calls static methods as a module's PowerShell script would: for each line of JSON {type, method, parameters,
// check_mode} on stdin, a line of JSON {report} or {error} on stdout. The mono engine sends one.

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
        StreamReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        StreamWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        int exitCode = 0;
        string line;
        while ((line = input.ReadLine()) != null)
        {
            Dictionary<string, object> answer = Answer(json.Deserialize<Dictionary<string, object>>(line));
            output.WriteLine(json.Serialize(answer));
            if (answer.ContainsKey("error"))
                exitCode = 1;
        }
        // Like a process of Windows, without waiting for threads whose call hangs: at the end of Main, Mono aborts them first.
        Environment.Exit(exitCode);
        return exitCode;
    }

    private static Dictionary<string, object> Answer(Dictionary<string, object> request)
    {
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
        return answer;
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
