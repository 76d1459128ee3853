namespace MoeActors.Bench.Versus;

/// <summary>PURE: how large a difference between two builds is, and how sure that is. The machine drifts by tens of percent over minutes, so that only what was measured in turn is compared.</summary>
internal static class Pairs
{
    private const int Resamples = 4000;

    /// <summary>Geometric mean of the ratios of pairs that were measured in turn, and its 95 % interval (bootstrap over the pairs; the same numbers give the same interval).</summary>
    public static (double Ratio, double Low, double High) Ratio(IReadOnlyList<double> ours, IReadOnlyList<double> theirs)
    {
        double[] logs = [.. ours.Zip(theirs, (a, b) => Math.Log(a / b))];
        return Interval(random => Math.Exp(Enumerable.Range(0, logs.Length).Average(_ => logs[random.Next(logs.Length)])), Math.Exp(logs.Average()));
    }

    /// <summary>Ratio of the medians of two sets that are not paired, and its 95 % interval.</summary>
    public static (double Ratio, double Low, double High) MedianRatio(IReadOnlyList<double> ours, IReadOnlyList<double> theirs)
    {
        double Resampled(Random random, IReadOnlyList<double> values) => Report.Statistics.Median(Enumerable.Range(0, values.Count).Select(_ => values[random.Next(values.Count)]));
        return Interval(random => Resampled(random, ours) / Resampled(random, theirs), Report.Statistics.Median(ours) / Report.Statistics.Median(theirs));
    }

    private static (double Ratio, double Low, double High) Interval(Func<Random, double> resampled, double ratio)
    {
        var random = new Random(1);
        double[] sorted = [.. Enumerable.Range(0, Resamples).Select(_ => resampled(random)).Order()];
        return (ratio, sorted[(int)(0.025 * Resamples)], sorted[(int)(0.975 * Resamples)]);
    }
}
