using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Progress;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

/// <summary>What is left to do after a run has ended decides nothing about how it ended.</summary>
public sealed class RunEndingTests
{
    private static readonly MoeSettings Settings = SettingsLoader.Load(new SettingsRequest
    {
        Overrides = [new SettingOverride("preset", ["tiny"], "PRESET"), new SettingOverride("reports.picture", ["off"], "--set")],
        WorkingFolder = "/",
    });

    private static readonly RunSpec Spec = Settings.Run;

    [Fact]
    public async Task A_sample_a_report_and_a_summary_that_all_fail_are_each_said_once()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File(ReportWriter.JsonName));
        File.WriteAllText(Path.Combine(folder.File(ReportWriter.JsonName), "x"), "");
        using var error = new StringWriter { NewLine = "\n" };
        using var output = new FullOutput();
        Assert.Null(await new RunEnding(output, error, new Unshown(error)).ShowAsync(Settings, Spec, folder.Path, "completed", json: false, TestContext.Current.CancellationToken));
        string[] said = error.ToString().TrimEnd().Split('\n');
        Assert.Collection(
            said,
            line => Assert.StartsWith("moe: no sample of text: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith($"moe: no report: {folder.File(ReportWriter.JsonName)}: cannot be written: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("moe: standard output cannot be written (full)", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_summary_names_what_it_knows_and_no_more(bool json)
    {
        using var folder = new TemporaryFolder();
        using var error = new StringWriter();
        using var output = new StringWriter { NewLine = "\n" };
        string? path = await new RunEnding(output, error, new Unshown(error)).ShowAsync(Settings, Spec, folder.Path, "failed: nothing was done", json, TestContext.Current.CancellationToken);
        Assert.Equal("", error.ToString());
        if (json)
        {
            Assert.StartsWith($"{{\"type\":\"ended\",\"outcome\":\"failed: nothing was done\",\"report\":\"{path}\"", output.ToString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal($"failed: 0 steps, 0 tokens\nreport: {path} and report.html beside it\n", output.ToString());
        }
    }

    [Fact]
    public void What_is_missing_is_called_missing_and_a_sample_moves_no_cursor()
    {
        ReportInput input = Reports.ReportFixture.Input;
        RunReport report = ReportBuilder.Build(
            input with { Counts = input.Counts with { Evidence = new ReportEvidence { MissingSteps = 31, Missing = ["70–99", "110"], LeftOut = ["steps.jsonl line 5: left out"] } } });
        using var output = new StringWriter { NewLine = "\n" };
        Summary.Write(output, report, null, new GeneratedSample("The ", "\e[2Jend\nof it"));
        Assert.Contains("missing: 31 of 3 steps have no line in steps.jsonl (70–99, 110): their figures are in no curve and no mean\nsteps.jsonl line 5: left out\n", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n\nThe \uFFFD[2Jend\nof it\n", output.ToString(), StringComparison.Ordinal);
    }

    private sealed class FullOutput : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("full");
    }
}
