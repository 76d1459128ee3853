namespace MoeActors.Compute.Optimization;

/// <summary>Clipping by the global gradient norm (Pascanu et al. 2013). Pure.</summary>
public static class Clipping
{
    /// <summary>Factor on all gradients so that their norm is at most <paramref name="clip"/>; 1 where it already is, or for clip = 0 (no clipping).</summary>
    /// <param name="norm">Global norm: root of the summed <see cref="Reduction.SquaredNorm"/>.</param>
    /// <param name="clip">Largest norm allowed; 0 = no clipping.</param>
    /// <exception cref="ArgumentOutOfRangeException">The norm is not finite: such a step is discarded, never applied (ST-1).</exception>
    public static double Scale(double norm, double clip)
    {
        if (!double.IsFinite(norm))
        {
            throw new ArgumentOutOfRangeException(nameof(norm), norm, "ST-1: a step without a finite gradient norm is discarded, not applied");
        }

        return clip > 0 && norm > clip ? clip / norm : 1;
    }
}
