namespace MoeActors.Compute.Specs;

/// <summary>How libtorch multiplies fp32 matrices on the CPU; part of the run's record (DT-1).</summary>
public enum MatmulMode
{
    /// <summary>As libtorch ships: MKL.</summary>
    Highest,

    /// <summary>oneDNN through setFloat32MatmulPrecision("medium"): about twice as fast at large sizes, relative error about 1e-6.</summary>
    Medium,
}
