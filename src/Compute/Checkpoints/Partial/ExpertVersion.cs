namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>The two classes of an expert's state that a recovery may restore from different versions.</summary>
public enum StateClass
{
    /// <summary>The fp32 master, and the weights that follow from it.</summary>
    Parameters,

    /// <summary>m, v and the step count.</summary>
    Moments,
}

/// <summary>Versions an expert is restored from.</summary>
/// <param name="Parameters">Step whose parameters they are.</param>
/// <param name="Moments">Step whose moments they are.</param>
public readonly record struct ExpertVersion(long Parameters, long Moments)
{
    /// <summary>Version of <paramref name="state"/>.</summary>
    public long Of(StateClass state) => state == StateClass.Parameters ? Parameters : Moments;
}
