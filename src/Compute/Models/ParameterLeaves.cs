using MoeActors.Compute.Parameters;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// The autograd leaves over one flat weight tensor: views of its memory, no copies, each with a gradient of its own. Gradients
/// computed outside autograd (embedding rows, the head) are added beside them.
/// </summary>
internal sealed class ParameterLeaves : IDisposable
{
    private readonly ParameterLayout layout;
    private readonly Dictionary<string, Tensor> leaves = [];
    private readonly Dictionary<string, Tensor> extra = [];

    public ParameterLeaves(ParameterLayout layout, Tensor flatWeights)
    {
        this.layout = layout;
        foreach (ParameterEntry entry in layout.Entries)
        {
            using Tensor view = layout.View(flatWeights, entry);
            leaves.Add(entry.Name, view.detach().requires_grad_().DetachFromDisposeScope());
        }
    }

    public Tensor this[string name] => leaves[name];

    public Tensor? Find(string name) => leaves.GetValueOrDefault(name);

    /// <summary>Adds <paramref name="gradient"/> (shape of the parameter, ownership passes) to what <see cref="Drain"/> will add for <paramref name="name"/>.</summary>
    public void Add(string name, Tensor gradient)
    {
        if (!extra.TryGetValue(name, out Tensor? sum))
        {
            extra.Add(name, gradient.DetachFromDisposeScope());
            return;
        }

        if (sum.dtype == ScalarType.BFloat16)
        {
            extra[name] = sum.to(ScalarType.Float32).DetachFromDisposeScope();
            sum.Dispose();
            sum = extra[name];
        }

        sum.PlusInPlace(gradient);
        gradient.Dispose();
    }

    /// <summary>Adds every gradient into <paramref name="flatGradient"/> [Total] in the order of the layout and clears it.</summary>
    public void Drain(Tensor flatGradient)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (ParameterEntry entry in layout.Entries)
        {
            Tensor leaf = leaves[entry.Name];
            Tensor? own = leaf.grad;
            bool outside = extra.Remove(entry.Name, out Tensor? other);
            if (own is null && !outside)
            {
                continue;
            }

            Tensor sum = layout.View(flatGradient, entry);
            if (own is not null)
            {
                sum.PlusInPlace(own);
                leaf.grad = null;
            }

            if (other is not null)
            {
                sum.PlusInPlace(other);
                other.Dispose();
            }
        }
    }

    /// <summary>Drops all gradients.</summary>
    public void Clear()
    {
        foreach (Tensor leaf in leaves.Values)
        {
            using Tensor? own = leaf.grad;
            leaf.grad = null;
        }

        foreach (Tensor other in extra.Values)
        {
            other.Dispose();
        }

        extra.Clear();
    }

    public void Dispose()
    {
        Clear();
        foreach (Tensor leaf in leaves.Values)
        {
            leaf.Dispose();
        }

        leaves.Clear();
    }
}
