namespace MoeActors.Compute.Models;

/// <summary>What a recovery may do with state that is not of one step.</summary>
public enum RecoveryMode
{
    /// <summary>Never: the run goes on from the last decided step with the survivors' live state and peers' copies, else from the newest complete checkpoint (RC-1).</summary>
    Exact,

    /// <summary>As MoC: always back to the newest checkpoint, where a partial one restores stale experts and the loss is counted (PLT).</summary>
    BoundedStale,
}

/// <summary>How a run comes back from a failure.</summary>
public sealed record RecoverySpec
{
    /// <summary>Most copies that can be asked for.</summary>
    public const int MostCopies = 8;

    /// <summary>Exact or bounded-stale.</summary>
    public RecoveryMode Mode { get; init; } = RecoveryMode.Exact;

    /// <summary>Copies of each unit's state in the memory of other nodes, kept current each step; 0 = none. At most one on each other node.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Whether weights, master, m and v are checked each step for not having changed between two updates; what has is restored like torn state.</summary>
    public bool Integrity { get; init; } = true;

    /// <summary>Throws <see cref="SpecException"/> naming the key that cannot be.</summary>
    public void Validate() =>
        SpecException.Require(Copies is >= 0 and <= MostCopies, "recovery.copies", Copies, $"between 0 (none) and {MostCopies}");
}
