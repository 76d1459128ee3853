using System.Text;
using System.Text.Json;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public class ReportSchemaTests
{
    [Fact]
    public void A_report_is_written_exactly_as_the_schema_documents_it()
    {
        using var stream = new MemoryStream();
        ReportJson.Write(stream, ReportBuilder.Build(ReportFixture.Input));
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Reports", "report.golden.json"));
        Assert.Equal(golden, Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void A_report_reads_back_as_it_was_written()
    {
        RunReport report = ReportBuilder.Build(ReportFixture.Input);
        using var first = new MemoryStream();
        ReportJson.Write(first, report);
        first.Position = 0;
        using var second = new MemoryStream();
        ReportJson.Write(second, ReportJson.Read(first, "report.json"));
        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public void Fields_added_by_a_later_version_are_skipped()
    {
        using var stream = new MemoryStream();
        ReportJson.Write(stream, ReportBuilder.Build(ReportFixture.Input));
        string added = Encoding.UTF8.GetString(stream.ToArray()).Replace("\"schema\": 1,", "\"schema\": 1, \"later\": {\"x\": [1]},", StringComparison.Ordinal);
        using var later = new MemoryStream(Encoding.UTF8.GetBytes(added));
        Assert.Equal(3, ReportJson.Read(later, "report.json").Steps.Count);
    }

    [Theory]
    [InlineData("{}", "not a run report")]
    [InlineData("[1]", "not a run report")]
    [InlineData("", "not a run report")]
    [InlineData("null", "holds null")]
    public void What_is_no_report_is_refused_by_name(string json, string complaint)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        var e = Assert.Throws<ReportException>(() => ReportJson.Read(stream, "some/report.json"));
        Assert.StartsWith("some/report.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_schema_is_refused_with_the_remedy()
    {
        using var stream = new MemoryStream();
        ReportJson.Write(stream, ReportBuilder.Build(ReportFixture.Input) with { Schema = 2 });
        stream.Position = 0;
        var e = Assert.Throws<ReportException>(() => ReportJson.Read(stream, "report.json"));
        Assert.Contains("schema 2 is newer than 1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_that_is_not_finite_is_null_in_json_and_reads_as_nan()
    {
        string line = JsonSerializer.Serialize(ReportFixture.Step(1, loss: double.PositiveInfinity) with { Skipped = true }, ReportJson.Line);
        Assert.Contains("\"loss\":null", line, StringComparison.Ordinal);
        Assert.True(double.IsNaN(JsonSerializer.Deserialize<StepLine>(line, ReportJson.Line)!.Loss));
    }
}
