using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using MoeActors.Compute.Files;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Diagnostics;

/// <summary>Which files of a run's directory a bundle takes, and how it reads them.</summary>
internal static class RunFiles
{
    private const int LastSteps = 500;

    /// <summary>A report larger than this is not parsed: the bundle takes its beginning.</summary>
    private const long MostReport = 256 << 20;

    /// <summary>All plain files below <paramref name="runDir"/>, newest first; links are not followed, so nothing outside comes in.</summary>
    public static IReadOnlyList<FileInfo> Newest(string runDir)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        return [.. new DirectoryInfo(runDir).EnumerateFiles("*", all).OrderByDescending(f => f.LastWriteTimeUtc).ThenBy(f => f.FullName, StringComparer.Ordinal)];
    }

    /// <summary>run.json and the HOCON files at the top of the directory.</summary>
    public static bool IsConfiguration(FileInfo file, string runDir) =>
        Path.GetRelativePath(runDir, file.DirectoryName!) == "."
        && (file.Extension == ".conf" || (file.Extension == ".json" && file.Name != ReportWriter.JsonName));

    /// <summary>Log files of nodes, rotated ones included.</summary>
    public static bool IsLog(FileInfo file) => file.Name.EndsWith(".log", StringComparison.Ordinal) || file.Name.Contains(".log.", StringComparison.Ordinal);

    /// <summary>Manifests of checkpoints.</summary>
    public static bool IsManifest(FileInfo file) => file.Name.Contains("manifest", StringComparison.OrdinalIgnoreCase) && file.Extension == ".json";

    /// <summary>At most <paramref name="limit"/> bytes of <paramref name="file"/>; from its end, beginning with a whole line, or from its beginning.</summary>
    public static string Read(FileInfo file, int limit, bool fromEnd)
    {
        using FileStream stream = PrivateFiles.OpenToRead(file.FullName);
        bool cut = stream.Length > limit;
        stream.Seek(cut && fromEnd ? -limit : 0, cut && fromEnd ? SeekOrigin.End : SeekOrigin.Begin);
        var bytes = new byte[(int)Math.Min(limit, stream.Length)];
        string text = Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        return cut && fromEnd ? text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] : text;
    }

    /// <summary>The report with its last steps only; as much of the raw text as fits when it is no JSON.</summary>
    public static string ReportWithLastSteps(string path, int limit)
    {
        using FileStream stream = PrivateFiles.OpenToRead(path);
        if (stream.Length > MostReport)
        {
            return Read(new FileInfo(path), limit, fromEnd: false);
        }

        using var reader = new StreamReader(stream, Encoding.UTF8);
        string text = reader.ReadToEnd();
        try
        {
            JsonNode? report = JsonNode.Parse(text);
            if (report is JsonObject && report["steps"] is JsonArray { Count: > LastSteps } steps)
            {
                report["steps"] = new JsonArray([.. steps.Skip(steps.Count - LastSteps).Select(s => s?.DeepClone())]);
            }

            text = report?.ToJsonString(ReportJson.Line) ?? text;
        }
        catch (JsonException)
        {
            // A torn report is evidence too.
        }

        return text.Length > limit ? text[..limit] : text;
    }
}
