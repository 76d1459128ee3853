namespace MoeActors.Compute.Specs;

/// <summary>When and on how much validation text the loss is evaluated.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Steps between evaluations; 0 = only at the end.</summary>
    public int Interval { get; init; }

    /// <summary>Most validation sequences used along the way; 0 = all.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Most validation sequences used at the end; 0 = all.</summary>
    public int FinalMaxSequences { get; init; }
}
