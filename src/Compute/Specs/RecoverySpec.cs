namespace MoeActors.Compute.Specs;

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

    /// <summary>A step that takes this many times as long as the longest of the newest ones is looked into; 0 = never. Learned anew by each coordinator.</summary>
    public double StepDeadline { get; init; } = 10;

    /// <summary>No step is looked into before this time, in seconds.</summary>
    public double StepDeadlineLeast { get; init; } = 20;

    /// <summary>What a step may take while a coordinator has seen too few to judge by, and an evaluation in which no node gets on, in seconds; never less than the least time.</summary>
    public double StepDeadlineFirst { get; init; } = 1800;

    /// <summary>A node whose ranks compute this many times as long as those of the others is a straggler; 0 = nobody is.</summary>
    public double StragglerRatio { get; init; } = 2;

    /// <summary>What is done about one. Relieve: with exact recovery only.</summary>
    public StragglerPolicy Stragglers { get; init; } = StragglerPolicy.Report;

    /// <summary>Throws <see cref="SpecException"/> naming the key that cannot be.</summary>
    public void Validate()
    {
        SpecException.Require(Copies is >= 0 and <= MostCopies, "recovery.copies", Copies, $"between 0 (none) and {MostCopies}");
        SpecException.Require(StepDeadline is 0 or (>= 2 and <= 1000), "recovery.step-deadline", StepDeadline, "0 (never), or between 2 and 1000 times the longest of the newest steps");
        SpecException.Require(StragglerRatio is 0 or (>= 1.2 and <= 100), "recovery.straggler-ratio", StragglerRatio, "0 (nobody is), or between 1.2 and 100 times the computing time of the others");
        SpecException.Require(StepDeadlineLeast is >= 1 and <= 86400, "recovery.step-deadline-least", $"{StepDeadlineLeast} s", "between 1 s and 1 d");
        SpecException.Require(StepDeadlineFirst is >= 1 and <= 86400, "recovery.step-deadline-first", $"{StepDeadlineFirst} s", "between 1 s and 1 d");
    }
}
