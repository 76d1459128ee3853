using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// A dense feed-forward network: SwiGLU (Shazeer 2020, eq. 6) or GELU with biases. Also the shared experts, which act as one network.
/// Holds borrowed leaves.
/// </summary>
internal sealed class FeedForward
{
    private readonly Tensor w1, w2;
    private readonly Tensor? w3, b1, b2;

    public FeedForward(ParameterLeaves leaves, string name)
    {
        (w1, w2) = (leaves[$"{name}.w1"], leaves[$"{name}.w2"]);
        (w3, b1, b2) = (leaves.Find($"{name}.w3"), leaves.Find($"{name}.b1"), leaves.Find($"{name}.b2"));
    }

    /// <summary>x [t, d] → [t, d]. The caller's scope owns the result.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor h = nn.functional.linear(x, w1, b1);
        Tensor active = w3 is null ? h.gelu() : h.silu().mul(nn.functional.linear(x, w3));
        return nn.functional.linear(active, w2, b2);
    }
}
