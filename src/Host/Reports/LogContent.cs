using System.Text;
using System.Text.Json;

namespace MoeActors.Host.Reports;

/// <summary>What can be read of a log that <see cref="JsonLinesWriter{T}"/> wrote.</summary>
/// <param name="Lines">Its sound lines, in the order written.</param>
/// <param name="Torn">Whether the last line was torn by a killed process (no newline, or no JSON), and left out.</param>
/// <param name="LeftOut">One sentence for each other line that is not what was written, altered lines included, or for the file where it cannot be read. Nothing else is made of them.</param>
/// <typeparam name="T">What a line holds.</typeparam>
public sealed record LogContent<T>(IReadOnlyList<T> Lines, bool Torn, IReadOnlyList<string> LeftOut);

/// <summary>Reads logs.</summary>
public static class LogContent
{
    /// <summary>
    /// Reads <paramref name="path"/>; no file is no lines. Never throws for what is in the file or because it cannot be read: figures that are missing are no reason to end a run.
    /// May run while the file is being appended to.
    /// </summary>
    public static LogContent<T> Read<T>(string path)
    {
        string[] rows;
        try
        {
            if (!File.Exists(path))
            {
                return new([], false, Directory.Exists(path) ? [$"{path}: expected a file, found a folder"] : []);
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            rows = reader.ReadToEnd().Split('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new([], false, [$"{path}: cannot be read: {e.Message}"]);
        }

        bool torn = rows[^1].Length > 0;
        int count = rows.Length - 1;
        var lines = new List<T>(count);
        var leftOut = new List<string>();
        bool seals = false;
        for (int i = 0; i < count; i++)
        {
            try
            {
                seals = SealedLine.Check(rows[i], seals);
                lines.Add(JsonSerializer.Deserialize<T>(rows[i], ReportJson.Line) ?? throw new JsonException("the line holds null"));
            }
            catch (JsonException) when (i == count - 1 && !torn)
            {
                torn = true;
            }
            catch (JsonException e)
            {
                leftOut.Add($"{Path.GetFileName(path)} line {i + 1}: left out, as it is not a record of this version: {e.Message}");
            }
        }

        return new(lines, torn, leftOut);
    }
}
