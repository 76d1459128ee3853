namespace MoeActors.Bench.Checkpoints;

/// <summary>A way to take checkpoints.</summary>
/// <param name="Name">Its name in the rows.</param>
/// <param name="Blocking">Whether training waits for each checkpoint.</param>
/// <param name="Settings">Settings below <c>checkpoint</c>.</param>
internal sealed record CheckpointVariant(string Name, bool Blocking, params IReadOnlyList<string> Settings)
{
    /// <summary>No checkpoint along the way: the speed of reference.</summary>
    public static CheckpointVariant None { get; } = new("none", false, "interval=0");

    /// <summary>What users of other systems have: everything, written while training waits. The baseline of the others.</summary>
    public static CheckpointVariant BlockingFull { get; } = new("full, blocking", true, "mode=full", "sharding=baseline", "asynchronous=off");

    /// <summary>The variants with checkpoints, in the order of a round.</summary>
    public static IReadOnlyList<CheckpointVariant> All { get; } =
    [
        BlockingFull,
        new("full, async", false, "mode=full", "sharding=equal", "asynchronous=on"),
        new("MoC, blocking", true, "mode=partial", "k-snapshot=1", "k-persist=1", "sharding=adaptive", "asynchronous=off"),
        new("MoC, async", false, "mode=partial", "k-snapshot=1", "k-persist=1", "sharding=adaptive", "asynchronous=on"),
    ];
}
