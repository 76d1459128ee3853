namespace MoeActors.Compute.Plans;

/// <summary>What a plan has to assume of machines and run to say what checkpoints cost. The defaults are round numbers of small machines, there to be replaced by one's own.</summary>
public sealed record CostAssumptions
{
    /// <summary>T_iter, ms; it stands for T_F&amp;B too: the update is short beside it.</summary>
    public double StepMs { get; init; } = 1000;

    /// <summary>Mean time between faults of the whole cluster, ms.</summary>
    public double MtbfMs { get; init; } = TimeSpan.FromHours(24).TotalMilliseconds;

    /// <summary>What a node writes to storage durably, bytes a second.</summary>
    public double DiskBytesPerSecond { get; init; } = 1L << 30;

    /// <summary>What a node copies out of the live tensors, bytes a second.</summary>
    public double MemoryBytesPerSecond { get; init; } = 8L << 30;

    /// <summary>O_restart, ms: from a fault until all ranks are ready again.</summary>
    public double RestartMs { get; init; } = 10_000;

    /// <summary>Steps between checkpoints; null = as the run's settings say.</summary>
    public int? IntervalSteps { get; init; }
}
