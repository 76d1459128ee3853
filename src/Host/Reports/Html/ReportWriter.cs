using MoeActors.Compute.Files;

namespace MoeActors.Host.Reports.Html;

/// <summary>Writes and reads the report's files in a run's directory.</summary>
public static class ReportWriter
{
    /// <summary>Name of the machine-readable report.</summary>
    public const string JsonName = "report.json";

    /// <summary>Name of the page for people.</summary>
    public const string HtmlName = "report.html";

    /// <summary>Name of the picture that <see cref="PlotRunner"/> draws.</summary>
    public const string PictureName = "report.png";

    /// <summary>
    /// Writes report.json and report.html into <paramref name="runDir"/>, each atomically: a reader sees the old file or the new one, whole.
    /// Returns the path of report.json. Throws <see cref="ReportException"/> when the folder cannot be written.
    /// </summary>
    public static string Write(RunReport report, string runDir)
    {
        string json = Path.Combine(runDir, JsonName);
        Replace(json, stream => ReportJson.Write(stream, report));
        Replace(Path.Combine(runDir, HtmlName), stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            writer.Write(ReportPage.Render(report));
        });
        return json;
    }

    /// <summary>Reads <paramref name="path"/>: a report.json, or the run's directory that holds it. Throws <see cref="ReportException"/>.</summary>
    public static RunReport Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, JsonName) : path;
        try
        {
            using FileStream stream = File.OpenRead(file);
            return ReportJson.Read(stream, file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ReportException($"{file}: no such report; give a run's directory or its report.json", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ReportException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    private static void Replace(string path, Action<Stream> write)
    {
        try
        {
            PrivateFiles.Replace(path, write);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ReportException($"{path}: cannot be written: {e.Message} Free space or make the run's directory writable; the run's logs are not affected.", e);
        }
    }
}
