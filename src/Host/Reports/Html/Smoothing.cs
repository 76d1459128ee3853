namespace MoeActors.Host.Reports.Html;

/// <summary>Smoothing of curves for the eye. Shared with the plotting program.</summary>
internal static class Smoothing
{
    /// <summary>
    /// Two centred moving averages over about a fortieth of the run each: no lag on a falling loss. The window shrinks at both ends, so the ends are hardly
    /// pulled inwards. A value that is not finite is taken as the one before it.
    /// </summary>
    public static double[] Centred(IReadOnlyList<double> values)
    {
        var filled = new double[values.Count];
        double last = values.FirstOrDefault(double.IsFinite);
        for (int i = 0; i < filled.Length; i++)
        {
            filled[i] = last = double.IsFinite(values[i]) ? values[i] : last;
        }

        int half = Math.Clamp(filled.Length / 80, 1, 60);
        return Average(Average(filled, half), half);
    }

    private static double[] Average(double[] values, int half)
    {
        var sums = new double[values.Length + 1];
        for (int i = 0; i < values.Length; i++)
        {
            sums[i + 1] = sums[i] + values[i];
        }

        var smooth = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int reach = Math.Max(half / 4, Math.Min(half, Math.Min(i, values.Length - 1 - i)));
            int from = Math.Max(0, i - reach), to = Math.Min(values.Length - 1, i + reach);
            smooth[i] = (sums[to + 1] - sums[from]) / (to - from + 1);
        }

        return smooth;
    }
}
