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
    public async Task A_comparison_of_gates_becomes_a_picture_and_one_without_gates_is_one_line()
    {
        using var folder = new TemporaryFolder();
        string Row(string name, string metric) => $$"""{"case":"{{name}}","metric":"{{metric}}","unit":"","median":2.0,"min":1.5,"max":2.5,"runs":3}""";
        async Task<PlotOutcome> Draw(params string[] rows)
        {
            await File.WriteAllTextAsync(folder.File("bench.json"), $$"""{"name":"moe-bench","machine":"here","rows":[{{string.Join(',', rows)}}]}""", TestContext.Current.CancellationToken);
            return await PlotRunner.RunAsync(folder.File("bench.json"), folder.File("gates.png"), cancellation: TestContext.Current.CancellationToken);
        }

        string[] metrics = ["validation loss", "speed", "load, max over mean", "dropped"];
        Assert.Equal(new PlotOutcome(true, null), await Draw([.. metrics.SelectMany(m => new[] { Row("gates top-k", m), Row("gates hash", m) })]));
        Assert.Equal("PNG"u8.ToArray(), (await File.ReadAllBytesAsync(folder.File("gates.png"), TestContext.Current.CancellationToken))[1..4]);
        Assert.Contains("no gates were measured", (await Draw(Row("step", "ms"))).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_plotting_program_is_named()
    {
        PlotOutcome outcome = await PlotRunner.RunAsync("report.json", "out.png", "/nonexistent/plots.dll", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("no picture: /nonexistent/plots.dll is missing; build the solution again", outcome.Problem);
    }
}
