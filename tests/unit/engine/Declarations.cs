// Copyright (c) 2026 winops.rds contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// Compiled together with the collection's C#: writes, as JSON, what .NET makes of each P/Invoke, of each structure in the
// classes Native, and of each constant. Types are the shapes of tests/support/win32metadata.py.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Web.Script.Serialization;

internal static class Declarations
{
    private const BindingFlags All =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static void Main()
    {
        Type[] types = Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => type.Namespace != null && type.Namespace.StartsWith("ansible_collections.")).ToArray();
        Console.Write(new JavaScriptSerializer().Serialize(new Dictionary<string, object>
        {
            { "functions", types.SelectMany(type => type.GetMethods(All)).Where(IsForeign).Select(Function).ToArray() },
            { "structures", types.Where(IsNative).Where(type => type.IsValueType && !type.IsEnum).ToDictionary(type => type.Name, Structure) },
            { "constants", types.SelectMany(type => type.GetFields(All)).Where(IsNumber).Select(Constant).ToArray() },
        }));
    }

    private static bool IsForeign(MethodInfo method)
    {
        return Attribute.IsDefined(method, typeof(DllImportAttribute));
    }

    private static bool IsNative(Type type)
    {
        return type.DeclaringType != null && type.DeclaringType.Name == "Native";
    }

    private static bool IsNumber(FieldInfo field)
    {
        return field.IsLiteral && field.FieldType != typeof(string) && (IsNative(field.DeclaringType) || !field.DeclaringType.IsEnum);
    }

    private static object[] Constant(FieldInfo field)
    {
        return new object[] { field.Name, Convert.ToInt64(field.GetRawConstantValue()) };
    }

    private static Dictionary<string, object> Function(MethodInfo method)
    {
        DllImportAttribute import = (DllImportAttribute)Attribute.GetCustomAttribute(method, typeof(DllImportAttribute));
        return new Dictionary<string, object>
        {
            { "dll", import.Value },
            { "name", import.EntryPoint },
            { "unicode", import.CharSet == CharSet.Unicode },
            { "set_last_error", import.SetLastError },
            { "winapi", import.CallingConvention == CallingConvention.Winapi },
            { "returns", Shape(method.ReturnParameter) },
            { "parameters", method.GetParameters().Select(parameter => new[] { parameter.Name, Shape(parameter) }).ToArray() },
        };
    }

    private static string Shape(ParameterInfo parameter)
    {
        object[] attributes = parameter.GetCustomAttributes(typeof(MarshalAsAttribute), false);
        if (attributes.Length > 0 && ((MarshalAsAttribute)attributes[0]).Value == UnmanagedType.U1)
            return "1";
        if (attributes.Length > 0)
            throw new NotSupportedException(parameter.Name);
        return Shape(parameter.ParameterType);
    }

    private static string Shape(Type type)
    {
        if (type.IsByRef)
            return "*" + Shape(type.GetElementType());
        if (type.IsArray)
            return "*" + Shape(type.GetElementType());
        if (type == typeof(string) || type == typeof(StringBuilder))
            return "text";
        if (type == typeof(IntPtr))
            return "pointer";
        if (type == typeof(void))
            return "void";
        if (type == typeof(bool))
            return "4"; // UnmanagedType.Bool, the default: https://learn.microsoft.com/dotnet/standard/native-interop/customize-parameter-marshalling
        return Marshal.SizeOf(type.IsEnum ? Enum.GetUnderlyingType(type) : type).ToString();
    }

    private static object Structure(Type type)
    {
        object[] members = type.GetFields(All)
            .Select(field => (object)new object[] { field.Name, Marshal.OffsetOf(type, field.Name).ToInt32(), Size(field) }).ToArray();
        return new object[] { Marshal.SizeOf(type), members };
    }

    private static int Size(FieldInfo field)
    {
        object[] attributes = field.GetCustomAttributes(typeof(MarshalAsAttribute), false);
        if (attributes.Length == 0)
            return Marshal.SizeOf(field.FieldType);
        MarshalAsAttribute marshal = (MarshalAsAttribute)attributes[0];
        if (marshal.Value == UnmanagedType.ByValTStr)
            return marshal.SizeConst * (field.DeclaringType.IsUnicodeClass ? 2 : 1);
        if (marshal.Value == UnmanagedType.ByValArray)
            return marshal.SizeConst * Marshal.SizeOf(field.FieldType.GetElementType());
        throw new NotSupportedException(field.Name);
    }
}
