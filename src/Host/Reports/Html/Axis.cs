namespace MoeActors.Host.Reports.Html;

/// <summary>A linear scale with round bounds and ticks.</summary>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound, above <see cref="Low"/>.</param>
/// <param name="Step">Distance of ticks.</param>
internal sealed record Axis(double Low, double High, double Step)
{
    /// <summary>The scale that shows all finite <paramref name="values"/> with about six ticks.</summary>
    public static Axis Of(IReadOnlyCollection<double> values, bool fromZero)
    {
        double low = fromZero ? 0 : values.Where(double.IsFinite).DefaultIfEmpty(0).Min();
        double high = values.Where(double.IsFinite).DefaultIfEmpty(1).Max();
        if (high - low < 1e-9)
        {
            high = low + 1;
        }

        double rough = (high - low) / 6;
        double unit = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = new[] { 1, 2, 2.5, 5, 10 }.First(m => m * unit >= rough) * unit;
        return new(Math.Floor(low / step) * step, Math.Ceiling(high / step) * step, step);
    }

    public IEnumerable<double> Ticks()
    {
        int count = (int)Math.Round((High - Low) / Step);
        return Enumerable.Range(0, count + 1).Select(i => Math.Round(Low + (i * Step), 9));
    }
}
