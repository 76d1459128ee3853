namespace MoeActors.Host.Reports;

/// <summary>One committed optimizer step: a line of <c>steps.jsonl</c> and an entry of a report's steps.</summary>
public sealed record StepLine
{
    /// <summary>Step, from 1.</summary>
    public required long Step { get; init; }

    /// <summary>Epoch in which it was committed; a replay of the same step carries a later one.</summary>
    public required long Epoch { get; init; }

    /// <summary>Mean cross-entropy per token over the global batch, in nats; not finite (null in JSON) where the step was skipped for it.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean cross-entropy per token over validation text after this step, where it was evaluated.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Tokens trained on in this step, all ranks.</summary>
    public required long Tokens { get; init; }

    /// <summary>Wall time of the step in ms, from its start to its commit, stalls included.</summary>
    public required double Ms { get; init; }

    /// <summary>The part of <see cref="Ms"/> in which the slowest rank's compute thread waited for tokens or gradients.</summary>
    public double ExposedCommunicationMs { get; init; }

    /// <summary>The part of <see cref="Ms"/> in which training stood still for a checkpoint.</summary>
    public double CheckpointStallMs { get; init; }

    /// <summary>Global gradient norm before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Learning rate applied.</summary>
    public double LearningRate { get; init; }

    /// <summary>Routed (token, expert) slots dropped for capacity, all MoE layers and ranks.</summary>
    public long Dropped { get; init; }

    /// <summary>Auxiliary losses of the router by name, without their coefficients: the mean over routing groups of the sum over MoE layers. Absent where they were not recorded.</summary>
    public IReadOnlyDictionary<string, double>? Losses { get; init; }

    /// <summary>Choices that each target got, by MoE layer: the experts, then what a gate has beside them that nothing is sent for; all ranks, before drops. Absent where they were not recorded.</summary>
    public IReadOnlyList<IReadOnlyList<long>>? Load { get; init; }

    /// <summary>Entropy of each MoE layer's load over that of an even one: 1 = even, 0 = all to one. Absent where the load was not recorded.</summary>
    public IReadOnlyList<double>? LoadEntropy { get; init; }

    /// <summary>Whether the update was left out because the loss or a gradient was not finite.</summary>
    public bool Skipped { get; init; }

    /// <summary>Logical rank that reported last, where there is more than one.</summary>
    public int? SlowestRank { get; init; }

    /// <summary>Proportion of lost tokens so far, a share; absent in a run without partial checkpoints.</summary>
    public double? Plt { get; init; }

    /// <summary>The part of <see cref="Ms"/> from the step's beginning to the last reduced gradient of the slowest node (T_F&amp;B); absent where it was not measured.</summary>
    public double? ForwardBackwardMs { get; init; }
}
