namespace MoeActors.Host.Progress;

/// <summary>Where a run stands, as the user sees it. Immutable.</summary>
/// <param name="Step">Newest committed step; 0 before the first.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Training loss of that step, nats per token.</param>
/// <param name="ValidationLoss">Newest validation loss, where there is one.</param>
/// <param name="TokensPerSecond">Recent speed.</param>
/// <param name="Eta">Time to the end at that speed, where known.</param>
/// <param name="NodesUp">Nodes up.</param>
/// <param name="Nodes">Nodes the run should have.</param>
/// <param name="LastCheckpointStep">Step of the newest complete checkpoint, where there is one.</param>
/// <param name="SlowestRank">Logical rank that reported last.</param>
/// <param name="Epoch">Epoch.</param>
/// <param name="Message">What is going on when it is not plain training: "recovering", "starting nodes".</param>
public sealed record ProgressSnapshot(
    long Step,
    long Steps,
    double Loss,
    double? ValidationLoss,
    double TokensPerSecond,
    TimeSpan? Eta,
    int NodesUp,
    int Nodes,
    long? LastCheckpointStep,
    int? SlowestRank,
    long Epoch,
    string? Message)
{
    /// <summary>Proportion of lost tokens so far, a share; null in a run without partial checkpoints.</summary>
    public double? Plt { get; init; }

    /// <summary>Effective training time ratio so far, a share; null while it is not known.</summary>
    public double? Ettr { get; init; }
}
