using System.Data.Common;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MoeActors.Host.Diagnostics;

/// <summary>How one secret may be written: the same characters stand otherwise in JSON, in a message inside JSON, in a connection string and in a URL.</summary>
internal static class SecretForms
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>PURE: every form of <paramref name="value"/>, itself among them.</summary>
    public static IEnumerable<string> Of(string value)
    {
        string[] plain = [value, value.Replace("\"", "\"\"", StringComparison.Ordinal), value.Replace("'", "''", StringComparison.Ordinal), Uri.EscapeDataString(value)];
        string[] once = [.. plain.SelectMany(Escaped)];
        return plain.Concat(once).Concat(once.SelectMany(Escaped)).Distinct(StringComparer.Ordinal);
    }

    /// <summary>PURE: what <paramref name="escaped"/>, the inside of a quoted string of HOCON or JSON, says; itself where its escapes are none.</summary>
    public static string Unescaped(string escaped)
    {
        try
        {
            return JsonSerializer.Deserialize<string>($"\"{escaped}\"") ?? escaped;
        }
        catch (JsonException)
        {
            return escaped;
        }
    }

    /// <summary>PURE: the secrets in a connection string, null where <paramref name="text"/> is none.</summary>
    public static IReadOnlyList<string>? OfConnection(string text)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            return [.. parts.Keys.Cast<string>().Where(k => SecretKeys.Match(k, number: false)).Select(k => parts[k].ToString()!)];
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>PURE: the connection string with <see cref="Redactor.Mark"/> for its secrets; nothing but the mark where it is none.</summary>
    public static string HiddenConnection(string text)
    {
        if (OfConnection(text) is null)
        {
            return Redactor.Mark;
        }

        var parts = new DbConnectionStringBuilder { ConnectionString = text };
        foreach (string key in parts.Keys.Cast<string>().Where(k => SecretKeys.Match(k, number: false)).ToArray())
        {
            parts[key] = Redactor.Mark;
        }

        return parts.ConnectionString;
    }

    private static IEnumerable<string> Escaped(string text)
    {
        yield return JsonSerializer.Serialize(text)[1..^1];
        yield return JsonSerializer.Serialize(text, Relaxed)[1..^1];
    }
}
