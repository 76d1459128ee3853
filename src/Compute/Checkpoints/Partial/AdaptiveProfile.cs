namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>Measurements the adaptive configuration chooses by; bytes and bandwidths are those of the rank that has the most to save.</summary>
public sealed record AdaptiveProfile
{
    /// <summary>T_F&amp;B: forward and backward of a step.</summary>
    public required double ForwardBackwardMs { get; init; }

    /// <summary>T_iter: a whole step without any checkpoint.</summary>
    public required double IterationMs { get; init; }

    /// <summary>Bytes per second from device to host.</summary>
    public required double SnapshotBytesPerSecond { get; init; }

    /// <summary>Bytes per second from host to storage, made durable.</summary>
    public required double PersistBytesPerSecond { get; init; }

    /// <summary>Bytes the rank saves whatever K is: its share of the dense part, and of the slots that are saved of every expert.</summary>
    public required double DenseBytes { get; init; }

    /// <summary>Bytes one more saved expert of one MoE layer adds on the rank, averaged over the rotation.</summary>
    public required double ExpertBytes { get; init; }

    /// <summary>N: experts of an MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>MoE layers.</summary>
    public required int MoeLayers { get; init; }

    /// <summary>I_total: steps of the run.</summary>
    public required double TotalSteps { get; init; }

    /// <summary>Mean time between faults of the whole cluster, T_iter/λ for a failure rate λ per step; infinity = none.</summary>
    public required double MtbfMs { get; init; }

    /// <summary>PLT the run may reach, a share; null = no bound.</summary>
    public double? PltBudget { get; init; }

    /// <summary>f: share of the experts a fault takes back to storage; 1, the worst, where no snapshot is left.</summary>
    public double FailedShare { get; init; } = 1;

    /// <summary>T_snapshot when <paramref name="k"/> experts of each layer are copied.</summary>
    public double SnapshotMs(int k) => Bytes(k) / SnapshotBytesPerSecond * 1000;

    /// <summary>T_persist when <paramref name="k"/> experts of each layer are written.</summary>
    public double PersistMs(int k) => Bytes(k) / PersistBytesPerSecond * 1000;

    private double Bytes(int k) => DenseBytes + ((double)k * MoeLayers * ExpertBytes);
}
