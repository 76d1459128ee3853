using System.Text.RegularExpressions;
using MoeActors.Actors.Exchange;
using MoeActors.Host.Http;
using MoeActors.Host.Nodes;
using Prometheus;

namespace MoeActors.Host.Tests.Http;

/// <summary>docs/metrics.md names what is served, and nothing else.</summary>
public sealed partial class MetricsDocumentTests
{
    [Fact]
    public async Task The_document_names_every_metric_and_none_that_is_not_served()
    {
        foreach (Type type in typeof(StepMetrics).Assembly.GetTypes().Where(t => t.Namespace == typeof(StepMetrics).Namespace && t.Name.EndsWith("Metrics", StringComparison.Ordinal)))
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }

        NodeMetrics.Update(new ExchangeStatistics());
        using var served = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(served, TestContext.Current.CancellationToken);
        string[] names = [.. Served().Matches(System.Text.Encoding.UTF8.GetString(served.ToArray())).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];
        string document = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Http", "metrics.md"), TestContext.Current.CancellationToken);
        string[] documented = [.. document.Split('\n').Where(l => l.StartsWith("| `moe_", StringComparison.Ordinal))
            .SelectMany(l => Documented().Matches(l.Split('|')[1]).Select(m => m.Value)).Order(StringComparer.Ordinal)];
        Assert.Equal(documented, names);
    }

    [GeneratedRegex("^# TYPE (moe_[a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex Served();

    [GeneratedRegex("moe_[a-z_]+")]
    private static partial Regex Documented();
}
