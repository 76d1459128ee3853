namespace MoeActors.Actors.Diagnostics;

/// <summary>What a process is doing; recorded so that a post-mortem can name the phase a kill hit.</summary>
public enum Phase
{
    /// <summary>Nothing.</summary>
    Idle,

    /// <summary>Dense or expert forward.</summary>
    Forward,

    /// <summary>Token chunks are being sent to the experts.</summary>
    Dispatch,

    /// <summary>Dense or expert backward.</summary>
    Backward,

    /// <summary>Gradients are being reduced.</summary>
    Reduction,

    /// <summary>The optimizer's pass over the units, weights being replaced in place.</summary>
    Update,

    /// <summary>State is being copied for a checkpoint.</summary>
    Snapshot,

    /// <summary>A checkpoint's files are being written.</summary>
    Persist,

    /// <summary>A manifest is being published.</summary>
    Commit,

    /// <summary>State is being restored.</summary>
    Recovery,

    /// <summary>The validation loss is being computed.</summary>
    Evaluation,
}
