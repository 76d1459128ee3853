using TorchSharp;

namespace MoeActors.Compute.Routing;

/// <summary>What a gate decided for t tokens. The tensors are in the graph of its input, and the caller's.</summary>
/// <param name="Logits">fp32 [t, N], without noise.</param>
/// <param name="Scores">What the choices were made by, a probability of each expert: fp32 [t, N].</param>
/// <param name="Weights">Combine weights of the choices, in their order: fp32 [c].</param>
/// <param name="Choices">The choices.</param>
public sealed record GateOutput(torch.Tensor Logits, torch.Tensor Scores, torch.Tensor Weights, Choices Choices);
