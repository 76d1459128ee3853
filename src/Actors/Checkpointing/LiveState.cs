using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>PURE: whether a device goes on with the state it has instead of restoring it.</summary>
internal static class LiveState
{
    /// <summary>
    /// State that is of the recovery point may stay as it is; where experts may be stale only if it was computed: what was restored holds experts older than the recovery point, and a
    /// recovery that follows at once must count their tokens as lost again (RC-1), by restoring anew; and not with replicas, where a live expert could meet an older one of another node.
    /// </summary>
    /// <param name="spec">The run.</param>
    /// <param name="restored">It was read from a checkpoint and not computed since.</param>
    public static bool MayStay(RunSpec spec, bool restored) =>
        spec.IsExact || spec.Checkpoint.Mode == CheckpointMode.Full || (spec.Layout.Groups == 1 && !restored);
}
