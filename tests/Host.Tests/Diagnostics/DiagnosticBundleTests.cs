using System.IO.Compression;
using System.Text;
using MoeActors.Host.Diagnostics;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Tests.Reports;

namespace MoeActors.Host.Tests.Diagnostics;

public class DiagnosticBundleTests
{
    private const string Secret = "hunter2-very-secret";

    [Fact]
    public void A_bundle_holds_what_a_report_needs_and_no_secret_and_no_tensor()
    {
        using var folder = new TemporaryFolder();
        string run = FillRun(folder);
        DiagnosticSummary summary = DiagnosticBundle.Write(run, folder.File("out.zip"));
        Dictionary<string, string> entries = Entries(folder.File("out.zip"));

        foreach (string name in new[] { "report.json", "steps.jsonl", "events.jsonl", "run.json", "moe.conf", "logs/node-1.log", "logs/node-1.log.1", "checkpoints/step-2/manifest.json", "environment.json", "contents.txt" })
        {
            Assert.Contains(name, entries.Keys);
        }

        Assert.DoesNotContain(entries.Keys, n => n.EndsWith("safetensors", StringComparison.Ordinal));
        Assert.DoesNotContain(entries, e => e.Value.Contains(Secret, StringComparison.Ordinal));
        Assert.Equal(3, summary.Redacted);
        Assert.Contains("\"step\":1", entries["steps.jsonl"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_bundle_is_bounded_and_keeps_the_ends_of_logs()
    {
        using var folder = new TemporaryFolder();
        string run = FillRun(folder);
        File.WriteAllText(Path.Combine(run, "logs", "node-1.log"), string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i} of a long log\n")));
        DiagnosticBundle.Write(run, folder.File("out.zip"), new() { FileBytes = 10_000, TotalBytes = 40_000 });
        Dictionary<string, string> entries = Entries(folder.File("out.zip"));
        Assert.InRange(entries["logs/node-1.log"].Length, 9_000, 10_000);
        Assert.StartsWith("line ", entries["logs/node-1.log"], StringComparison.Ordinal);
        Assert.EndsWith("line 19999 of a long log\n", entries["logs/node-1.log"], StringComparison.Ordinal);
        Assert.InRange(entries.Values.Sum(v => v.Length), 1, 40_000);
        Assert.Contains("last 10000 of", entries["contents.txt"], StringComparison.Ordinal);
    }

    [Fact]
    public void Links_out_of_the_run_directory_are_not_followed()
    {
        using var folder = new TemporaryFolder();
        string run = FillRun(folder);
        File.WriteAllText(folder.File("private.log"), "outside");
        File.CreateSymbolicLink(Path.Combine(run, "logs", "link.log"), folder.File("private.log"));
        Directory.CreateSymbolicLink(Path.Combine(run, "logs", "up"), folder.Path);
        foreach (string name in new[] { "report.json", "steps.jsonl", "events.jsonl" })
        {
            // Taken by their name, not by a walk.
            File.Delete(Path.Combine(run, name));
            File.CreateSymbolicLink(Path.Combine(run, name), folder.File("private.log"));
        }

        DiagnosticBundle.Write(run, folder.File("out.zip"));
        Assert.DoesNotContain(Entries(folder.File("out.zip")).Values, v => v.Contains("outside", StringComparison.Ordinal));
    }

    [Fact]
    public void A_bundle_is_its_users_alone_and_replaces_a_link_put_in_its_place()
    {
        using var folder = new TemporaryFolder();
        string run = FillRun(folder);
        File.WriteAllText(folder.File("mine"), "mine");
        File.CreateSymbolicLink(folder.File("out.zip"), folder.File("mine"));
        DiagnosticBundle.Write(run, folder.File("out.zip"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.File("out.zip")));
        Assert.Equal("mine", File.ReadAllText(folder.File("mine")));
        Assert.Contains("contents.txt", Entries(folder.File("out.zip")).Keys);
    }

    [Theory]
    [InlineData("[1, 2]")]
    [InlineData("null")]
    [InlineData("{\"steps\": null}")]
    public void A_report_that_is_none_is_evidence_too(string report)
    {
        using var folder = new TemporaryFolder();
        string run = FillRun(folder);
        File.WriteAllText(Path.Combine(run, "report.json"), report);
        DiagnosticBundle.Write(run, folder.File("out.zip"));
        Assert.Contains("report.json", Entries(folder.File("out.zip")).Keys);
    }

    [Fact]
    public void A_run_that_died_early_gives_a_bundle_too()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("run"));
        DiagnosticBundle.Write(folder.File("run"), folder.File("out.zip"));
        Assert.Contains("report.json: not there", Entries(folder.File("out.zip"))["contents.txt"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_run_directory_is_named()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<ReportException>(() => DiagnosticBundle.Write(folder.File("none"), folder.File("out.zip")));
        Assert.StartsWith(folder.File("none") + ": no such run directory", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("out.zip")));
    }

    private static string FillRun(TemporaryFolder folder)
    {
        string run = folder.File("run");
        Directory.CreateDirectory(Path.Combine(run, "logs"));
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", "step-2"));
        ReportWriter.Write(ReportBuilder.Build(ReportFixture.Input), run);
        using (var steps = new StepsLog(Path.Combine(run, StepsLog.FileName)))
        {
            steps.Append(ReportFixture.Step(1));
        }

        using (var events = new EventsLog(Path.Combine(run, EventsLog.FileName)))
        {
            events.Append("membership", $"refused a peer that said {Secret}");
        }

        File.WriteAllText(Path.Combine(run, "run.json"), "{\"runId\":\"a\",\"data\":{\"tokenizer\":\"bytes\"}}");
        File.WriteAllText(Path.Combine(run, "moe.conf"), $"cluster.secret = \"{Secret}\"\njournal.connection-string = \"Host=h;Password={Secret}\"\nadmin-key = {Secret}\n");
        File.WriteAllText(Path.Combine(run, "logs", "node-1.log"), $"{{\"message\":\"hello {Secret}\"}}\n");
        File.WriteAllText(Path.Combine(run, "logs", "node-1.log.1"), "older\n");
        File.WriteAllText(Path.Combine(run, "checkpoints", "step-2", "manifest.json"), "{\"step\":2}");
        File.WriteAllText(Path.Combine(run, "checkpoints", "step-2", "shard-0.safetensors"), "weights");
        return run;
    }

    private static Dictionary<string, string> Entries(string zip)
    {
        using ZipArchive archive = ZipFile.OpenRead(zip);
        var entries = new Dictionary<string, string>();
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using var reader = new StreamReader(entry.Open(), Encoding.UTF8);
            entries.Add(entry.FullName, reader.ReadToEnd());
        }

        return entries;
    }
}
