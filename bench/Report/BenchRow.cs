using System.Text.Json.Serialization;

namespace MoeActors.Bench.Report;

/// <summary>One measured quantity.</summary>
/// <param name="Case">Name of the benchmark, with its variant.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Median">Median over the runs.</param>
/// <param name="Min">Smallest.</param>
/// <param name="Max">Largest.</param>
/// <param name="Runs">How many measurements.</param>
public sealed record BenchRow(string Case, string Metric, string Unit, double Median, double Min, double Max, int Runs)
{
    /// <summary>Median of what it is compared with, measured in turn with it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Baseline { get; init; }

    /// <summary>Median over baseline.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Ratio { get; init; }

    /// <summary>What the baseline is, or a remark.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Note { get; init; }

    /// <summary>A row of <paramref name="values"/>.</summary>
    public static BenchRow Of(string name, string metric, string unit, IReadOnlyCollection<double> values, double? baseline = null, string? note = null)
    {
        double median = Statistics.Median(values);
        return new BenchRow(name, metric, unit, Round(median), Round(values.Min()), Round(values.Max()), values.Count)
        {
            Baseline = baseline is { } b ? Round(b) : null,
            Ratio = baseline is { } other and not 0 ? Round(median / other) : null,
            Note = note,
        };
    }

    /// <summary>Four significant digits: more would be noise.</summary>
    private static double Round(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return value;
        }

        double unit = Math.Pow(10, 3 - Math.Floor(Math.Log10(Math.Abs(value))));
        return Math.Round(value * unit) / unit;
    }
}
