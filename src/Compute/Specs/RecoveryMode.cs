namespace MoeActors.Compute.Specs;

/// <summary>What a recovery may do with state that is not of one step.</summary>
public enum RecoveryMode
{
    /// <summary>Never: the run goes on from the last decided step with the survivors' live state and peers' copies, else from the newest complete checkpoint (RC-1).</summary>
    Exact,

    /// <summary>As MoC: always back to the newest checkpoint, where a partial one restores stale experts and the loss is counted (PLT).</summary>
    BoundedStale,
}
