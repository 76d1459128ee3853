using System.Text.Encodings.Web;
using System.Text.Json;

using MoeActors.Bench.Processes;

namespace MoeActors.Bench.Report;

/// <summary>What `moe bench --json` prints.</summary>
/// <param name="Name">"moe-bench".</param>
/// <param name="Machine">Processor, cores, memory, kernel.</param>
/// <param name="Commit">Commit of the source, with "+" where it was changed.</param>
/// <param name="Rows">The measurements.</param>
public sealed record BenchReport(string Name, string Machine, string Commit, IReadOnlyList<BenchRow> Rows)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    /// <summary>One JSON object.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Draws it into <paramref name="picture"/>, a PNG; throws <see cref="BenchException"/> where that cannot be done.</summary>
    internal async Task DrawAsync(BenchContext context, string picture, CancellationToken cancel)
    {
        string json = Path.Combine(context.NewFolder(), "bench.json"), plots = Path.Combine(Path.GetDirectoryName(context.Host)!, "plots", "MoeActors.Plots.dll");
        await File.WriteAllTextAsync(json, ToJson(), cancel);
        using Child child = Child.StartDll(plots, [json, picture]);
        await child.LinesAsync(cancel);
        context.Say($"picture: {picture}");
    }

    /// <summary>A row as a line for people.</summary>
    public static string Line(BenchRow row)
    {
        string text = $"{row.Case,-26} {row.Metric,-30} {row.Median,10:G4} {row.Unit,-9} [{row.Min:G4} … {row.Max:G4}] n={row.Runs}";
        text += row.Ratio is { } ratio ? $"  {ratio:0.000} × {row.Baseline:G4}" : "";
        return row.Note is null ? text : $"{text}  ({row.Note})";
    }
}
