using System.IO.Compression;
using System.Text;

namespace MoeActors.Host.Diagnostics;

/// <summary>Fills a zip within a budget, and keeps the table of what went in and what did not. Not thread-safe.</summary>
/// <param name="zip">The zip; the caller's.</param>
/// <param name="budget">Most bytes before compression.</param>
internal sealed class BundleContent(ZipArchive zip, long budget)
{
    private readonly StringBuilder _table = new();
    private long _used;

    /// <summary>Files that went in.</summary>
    public int Files { get; private set; }

    /// <summary>Adds at most <paramref name="limit"/> bytes of <paramref name="file"/> under its path below <paramref name="runDir"/>.</summary>
    public void Add(string runDir, FileInfo file, int limit, bool fromEnd, Func<string, string> redact)
    {
        string note = !file.Exists || file.Length <= limit ? "" : $" ({(fromEnd ? "last" : "first")} {limit} of {file.Length} bytes)";
        Add(Path.GetRelativePath(runDir, file.FullName), () => redact(RunFiles.Read(file, limit, fromEnd)), note);
    }

    /// <summary>Adds <paramref name="text"/> as <paramref name="name"/>; a file that cannot be read or does not fit is noted instead.</summary>
    public void Add(string name, Func<string> text, string note = "")
    {
        byte[] bytes;
        try
        {
            bytes = Encoding.UTF8.GetBytes(text());
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            _table.Append($"{name}: not there\n");
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _table.Append($"{name}: cannot be read: {e.GetType().Name}\n");
            return;
        }

        if (_used + bytes.Length > budget)
        {
            _table.Append($"{name}: left out, the bundle is full\n");
            return;
        }

        using Stream entry = zip.CreateEntry(name.Replace('\\', '/'), CompressionLevel.Optimal).Open();
        entry.Write(bytes);
        _used += bytes.Length;
        Files++;
        _table.Append($"{name}: {bytes.Length} bytes{note}\n");
    }

    /// <summary>What went in, what did not, and how many secrets were taken out.</summary>
    public string Table(int redacted) => $"{redacted} secret values were taken out of the configuration; they and what looks like a secret were taken out of everything else.\n\n{_table}";
}
