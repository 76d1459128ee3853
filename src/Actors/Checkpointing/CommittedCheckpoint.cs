namespace MoeActors.Actors.Checkpointing;

/// <summary>A published checkpoint in numbers.</summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Bytes">All bytes.</param>
/// <param name="BytesPerRank">Bytes by logical rank.</param>
/// <param name="PersistMs">Longest time a node wrote.</param>
/// <param name="WeightsHash">Hash of the weights, or empty.</param>
/// <param name="StateHash">Hash of the whole state, or empty.</param>
public sealed record CommittedCheckpoint(long Step, long Bytes, IReadOnlyList<long> BytesPerRank, double PersistMs, string WeightsHash, string StateHash)
{
    /// <summary>"full" or "partial": whether it saved everything or some of the experts.</summary>
    public string Kind { get; init; } = "full";

    /// <summary>Longest time a node copied beside training.</summary>
    public double SnapshotMs { get; init; }

    /// <summary>Steps of the checkpoints that retention has left.</summary>
    public IReadOnlyList<long> Kept { get; init; } = [];

    /// <summary>The one after more steps, in whatever order they were published; <paramref name="next"/> where both are of one step.</summary>
    public static CommittedCheckpoint Newer(CommittedCheckpoint? known, CommittedCheckpoint next) =>
        known is not null && known.Step > next.Step ? known : next;
}
