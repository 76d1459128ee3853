namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>What is saved of a parameter: its slots. PEC prunes by a mask over them.</summary>
public static class Slots
{
    /// <summary>Weights in compute precision; absent in fp32 runs, where the master is the weights.</summary>
    public const string Weights = "weights";

    /// <summary>fp32 master copy.</summary>
    public const string Master = "master";

    /// <summary>Adam's first moment.</summary>
    public const string First = "m";

    /// <summary>Adam's second moment.</summary>
    public const string Second = "v";
}
