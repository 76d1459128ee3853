using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// A piece of a pass's graph between two cuts: from a leaf to the ends that gradients are given to. Ends collect while backward runs towards the
/// leaf. Owns its leaf and its ends.
/// </summary>
internal sealed class GraphSegment : IDisposable
{
    private readonly List<Tensor> ends = [], gradients = [];

    /// <param name="input">[t, d], no graph behind it; ownership passes. It becomes the leaf.</param>
    public GraphSegment(Tensor input) => Leaf = input.DetachFromDisposeScope().requires_grad_();

    /// <summary>What the segment begins with.</summary>
    public Tensor Leaf { get; }

    /// <summary>Adds an end and its gradient; the ownership of both passes.</summary>
    public void End(Tensor end, Tensor gradient)
    {
        ends.Add(end.DetachFromDisposeScope());
        gradients.Add(gradient.DetachFromDisposeScope());
    }

    /// <summary>Backward from all ends at once, in the order they were added → the leaf's gradient, which the caller owns.</summary>
    public Tensor Backward()
    {
        autograd.backward(ends, gradients);
        return (Leaf.grad ?? throw new InvalidOperationException("a segment of the graph whose leaf got no gradient")).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (Tensor tensor in ends.Concat(gradients).Append(Leaf))
        {
            tensor.Dispose();
        }

        ends.Clear();
        gradients.Clear();
    }
}
