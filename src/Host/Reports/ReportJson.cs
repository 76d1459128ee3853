using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Host.Reports;

/// <summary>The one JSON dialect of reports, logs and status: camelCase, absent instead of null, non-finite numbers as null, unknown fields skipped when read.</summary>
public static class ReportJson
{
    /// <summary>One value on one line.</summary>
    public static JsonSerializerOptions Line { get; } = Create(indented: false);

    /// <summary>Indented, for people.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>
    /// Writes a report: objects indented, the entries of each list one a line, so that a million-step report stays readable, greppable and small.
    /// </summary>
    public static void Write(Stream stream, RunReport report)
    {
        using JsonDocument document = JsonSerializer.SerializeToDocument(report, Line);
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        string between = "{\n  ";
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            writer.Write(between);
            writer.Write($"\"{property.Name}\": ");
            WriteValue(writer, property.Value);
            between = ",\n  ";
        }

        writer.Write("\n}\n");
    }

    /// <summary>Reads a report; throws <see cref="ReportException"/> naming <paramref name="source"/> when it is none, or one of a newer schema.</summary>
    public static RunReport Read(Stream stream, string source)
    {
        RunReport? report;
        try
        {
            report = JsonSerializer.Deserialize<RunReport>(stream, Line);
        }
        catch (JsonException e)
        {
            throw new ReportException($"{source}: not a run report: {e.Message}", e);
        }

        return report switch
        {
            null => throw new ReportException($"{source}: not a run report: it holds null"),
            { Schema: > RunReport.CurrentSchema } => throw new ReportException(
                $"{source}: schema {report.Schema} is newer than {RunReport.CurrentSchema}, the newest this version reads; use the version that wrote it or a later one"),
            _ => report,
        };
    }

    private static void WriteValue(StreamWriter writer, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            string text = value.ValueKind == JsonValueKind.Object ? JsonSerializer.Serialize(value, Indented).Replace("\n", "\n  ", StringComparison.Ordinal) : value.GetRawText();
            writer.Write(text);
            return;
        }

        string between = "[\n    ";
        foreach (JsonElement item in value.EnumerateArray())
        {
            writer.Write(between);
            writer.Write(item.GetRawText());
            between = ",\n    ";
        }

        writer.Write("\n  ]");
    }

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            RespectNullableAnnotations = true,
            WriteIndented = indented,
            NewLine = "\n",
            Converters = { new FiniteNumberConverter(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
