namespace MoeActors.Bench.Report;

/// <summary>Small statistics over measurements.</summary>
internal static class Statistics
{
    /// <summary>Median; the mean of the middle two for an even count.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>
    /// Least-squares slope of y over x and its standard error. Neighbouring samples resemble each other, so the line goes through the means of
    /// <paramref name="blocks"/> blocks, which are nearly independent.
    /// </summary>
    public static (double Slope, double Error) Slope(IReadOnlyList<(double X, double Y)> points, int blocks)
    {
        int count = Math.Min(blocks, points.Count);
        if (count < 3)
        {
            return (double.NaN, double.NaN);
        }

        (double X, double Y)[] means = [.. Enumerable.Range(0, count).Select(b => Mean(points, b * points.Count / count, (b + 1) * points.Count / count))];
        double x = means.Average(m => m.X), y = means.Average(m => m.Y);
        double spread = means.Sum(m => (m.X - x) * (m.X - x));
        double slope = means.Sum(m => (m.X - x) * (m.Y - y)) / spread;
        double rest = means.Sum(m => Math.Pow(m.Y - y - (slope * (m.X - x)), 2));
        return (slope, Math.Sqrt(rest / (count - 2) / spread));
    }

    private static (double X, double Y) Mean(IReadOnlyList<(double X, double Y)> points, int begin, int end) =>
        (points.Skip(begin).Take(end - begin).Average(p => p.X), points.Skip(begin).Take(end - begin).Average(p => p.Y));
}
