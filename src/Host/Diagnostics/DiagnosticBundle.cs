using System.IO.Compression;
using System.Text.Json;
using MoeActors.Compute.Files;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Diagnostics;

/// <summary>Bounds of a bundle, bytes before compression.</summary>
public sealed record DiagnosticLimits
{
    /// <summary>Most of one file; of logs the end is kept, of others the beginning.</summary>
    public int FileBytes { get; init; } = 1 << 20;

    /// <summary>Most of everything.</summary>
    public long TotalBytes { get; init; } = 24 << 20;

    /// <summary>Newest manifests taken.</summary>
    public int Manifests { get; init; } = 4;

    /// <summary>Newest log files taken.</summary>
    public int Logs { get; init; } = 32;
}

/// <summary>What went into a bundle.</summary>
/// <param name="Files">Files.</param>
/// <param name="Redacted">Secret values of the configuration that were taken out.</param>
/// <param name="Bytes">Size of the zip.</param>
public sealed record DiagnosticSummary(int Files, int Redacted, long Bytes);

/// <summary>
/// Everything a bug report needs in one zip: report, ends of the step and event logs, configuration without secrets, newest manifests, ends of the nodes' logs,
/// facts about the machine. No tensors, no training text, no links followed, bounded in size. Broken or missing files do not stop it.
/// </summary>
public static class DiagnosticBundle
{
    /// <summary>Writes the bundle of <paramref name="runDir"/> to <paramref name="outFile"/>, replaced atomically. Throws <see cref="ReportException"/>.</summary>
    public static DiagnosticSummary Write(string runDir, string outFile, DiagnosticLimits? limits = null)
    {
        if (!Directory.Exists(runDir))
        {
            throw new ReportException($"{runDir}: no such run directory; give the folder named by --run-dir or shown when the run started");
        }

        try
        {
            DiagnosticSummary summary = new(0, 0, 0);
            PrivateFiles.Replace(outFile, stream =>
            {
                using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
                summary = Fill(zip, runDir, limits ?? new());
            });
            return summary with { Bytes = new FileInfo(outFile).Length };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ReportException($"{outFile}: cannot be written: {e.Message} Choose another file with --output.", e);
        }
    }

    private static DiagnosticSummary Fill(ZipArchive zip, string runDir, DiagnosticLimits limits)
    {
        var redactor = new Redactor();
        var content = new BundleContent(zip, limits.TotalBytes);
        IReadOnlyList<FileInfo> files = RunFiles.Newest(runDir);

        // Configuration first: the secrets found in it are then known when the logs are searched.
        foreach (FileInfo file in files.Where(f => RunFiles.IsConfiguration(f, runDir)))
        {
            content.Add(runDir, file, limits.FileBytes, fromEnd: false, redactor.Config);
        }

        content.Add(ReportWriter.JsonName, () => redactor.Config(RunFiles.ReportWithLastSteps(Path.Combine(runDir, ReportWriter.JsonName), limits.FileBytes)));
        foreach (string log in new[] { StepsLog.FileName, EventsLog.FileName })
        {
            content.Add(runDir, new FileInfo(Path.Combine(runDir, log)), limits.FileBytes, fromEnd: true, redactor.Text);
        }

        foreach (FileInfo file in files.Where(RunFiles.IsLog).Take(limits.Logs))
        {
            content.Add(runDir, file, limits.FileBytes, fromEnd: true, redactor.Text);
        }

        foreach (FileInfo file in files.Where(RunFiles.IsManifest).Take(limits.Manifests))
        {
            content.Add(runDir, file, limits.FileBytes, fromEnd: false, redactor.Text);
        }

        content.Add("environment.json", () => JsonSerializer.Serialize(EnvironmentFacts.Gather(), ReportJson.Indented));
        content.Add("contents.txt", () => content.Table(redactor.Count));
        return new(content.Files, redactor.Count, 0);
    }
}
