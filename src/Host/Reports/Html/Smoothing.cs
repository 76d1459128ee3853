namespace MoeActors.Host.Reports.Html;

/// <summary>Smoothing of curves for the eye.</summary>
internal static class Smoothing
{
    /// <summary>Bias-corrected exponential average whose memory is about a fortieth of the run; values that are not finite are passed over.</summary>
    public static double[] Exponential(IReadOnlyList<double> values)
    {
        double keep = 1 - (1 / Math.Clamp(values.Count / 40.0, 1.5, 50));
        double sum = 0, weight = 0;
        var smooth = new double[values.Count];
        for (int i = 0; i < smooth.Length; i++)
        {
            if (double.IsFinite(values[i]))
            {
                sum = (keep * sum) + values[i];
                weight = (keep * weight) + 1;
            }

            smooth[i] = weight > 0 ? sum / weight : double.NaN;
        }

        return smooth;
    }
}
