namespace MoeActors.Compute.Passes;

/// <summary>What one optimizer step did.</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="Loss">Mean cross-entropy over the step's tokens, in nats; auxiliary losses not included.</param>
/// <param name="GradientNorm">Global gradient norm before clipping.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="Losses">Auxiliary losses by name: the mean over routing groups of the sum over MoE layers, without coefficients.</param>
/// <param name="Routed">Choices before drops, [MoE layer][expert], over all ranks and micro-batches.</param>
/// <param name="Dropped">Of these, dropped over capacity.</param>
/// <param name="Applied">False where a non-finite loss or norm made the step skip its update.</param>
public sealed record StepResult(
    long Step,
    double Loss,
    double GradientNorm,
    double LearningRate,
    IReadOnlyDictionary<string, double> Losses,
    IReadOnlyList<long[]> Routed,
    IReadOnlyList<long[]> Dropped,
    bool Applied);
