using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Tests.Reports;

public class PlotTests
{
    [Fact]
    public async Task A_written_report_becomes_a_picture()
    {
        using var folder = new TemporaryFolder();
        string json = ReportWriter.Write(ReportBuilder.Build(ReportFixture.Input), folder.Path);
        PlotOutcome outcome = await PlotRunner.RunAsync(json, folder.File(ReportWriter.PictureName), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(new PlotOutcome(true, null), outcome);
        byte[] png = await File.ReadAllBytesAsync(folder.File(ReportWriter.PictureName), TestContext.Current.CancellationToken);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal(
            [ReportWriter.HtmlName, ReportWriter.JsonName, ReportWriter.PictureName],
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_picture_that_cannot_be_drawn_is_one_line_and_no_exception()
    {
        using var folder = new TemporaryFolder();
        string json = ReportWriter.Write(ReportBuilder.Build(ReportFixture.Input with { History = StepHistory.Empty }), folder.Path);
        PlotOutcome outcome = await PlotRunner.RunAsync(json, folder.File("out.png"), cancellation: TestContext.Current.CancellationToken);
        Assert.False(outcome.Drawn);
        Assert.Contains("nothing to draw yet", outcome.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', outcome.Problem!);
    }

    [Fact]
    public async Task A_missing_plotting_program_is_named()
    {
        PlotOutcome outcome = await PlotRunner.RunAsync("report.json", "out.png", "/nonexistent/plots.dll", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("no picture: /nonexistent/plots.dll is missing; build the solution again", outcome.Problem);
    }
}
