using TorchSharp;

namespace MoeActors.Compute.Routing;

/// <summary>What a gate decided for t tokens. The tensors are in the graph of its input, and the caller's.</summary>
/// <param name="Logits">fp32 [t, N], without noise; N counts all targets, those that nothing is sent for after the experts.</param>
/// <param name="Scores">What the choices were made by, a probability of each target: fp32 [t, N].</param>
/// <param name="Weights">Combine weights of the choices, in their order: fp32 [c].</param>
/// <param name="Choices">The choices.</param>
public sealed record GateOutput(torch.Tensor Logits, torch.Tensor Scores, torch.Tensor Weights, Choices Choices)
{
    /// <summary>What the rows get without any expert, weights applied: [t, d], in the graph; null = nothing.</summary>
    public torch.Tensor? Local { get; init; }

    /// <summary>Logits with their noise, [t, N], in the graph; null without noise.</summary>
    public torch.Tensor? Noisy { get; init; }

    /// <summary>Deviation of that noise, [t, N], in the graph; null without noise.</summary>
    public torch.Tensor? Deviation { get; init; }

    /// <summary>The rows of the router, one a target: [N, d], in the graph; null where it has none.</summary>
    public torch.Tensor? Router { get; init; }
}
