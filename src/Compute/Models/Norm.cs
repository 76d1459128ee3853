using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// A block's normalisation: RMSNorm (Zhang and Sennrich 2019, eq. 4) for <see cref="BlockStyle.Llama"/>, LayerNorm (Ba et al. 2016)
/// for <see cref="BlockStyle.Gpt2"/>. Holds borrowed leaves.
/// </summary>
internal sealed class Norm
{
    private readonly Tensor weight;
    private readonly Tensor? bias;
    private readonly double epsilon;
    private readonly long[] shape;

    public Norm(ModelSpec model, ParameterLeaves leaves, string name)
    {
        weight = leaves[name];
        bias = leaves.Find(name + ".bias");
        epsilon = model.NormEpsilon;
        shape = [model.Hidden];
    }

    /// <summary>x [t, d] → [t, d] in the dtype of x; statistics in fp32 at least. The caller's scope owns the result.</summary>
    public Tensor Forward(Tensor x)
    {
        if (bias is not null)
        {
            return nn.functional.layer_norm(x, shape, weight, bias, epsilon);
        }

        // x / √(mean x² + ε) · w
        ScalarType dtype = x.dtype;
        Tensor wide = dtype == ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
        Tensor scale = wide.Squared().mean([-1], keepdim: true).PlusInPlace(epsilon).rsqrt_(); // [t, 1]
        Tensor normal = wide.mul(scale);
        return dtype == ScalarType.BFloat16 ? normal.to(dtype).mul(weight) : normal.mul(weight);
    }
}
