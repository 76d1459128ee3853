using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// Rotary positions (Su et al. 2021, eq. 34): neighbouring pairs of a head turn by position · θ^(-2i/width), one complex product
/// per pair. Owns its table; used on the thread of its model.
/// </summary>
internal sealed class Rope : IDisposable
{
    private readonly Tensor turns; // complex [context, 1, width / 2]

    public Rope(ModelSpec model, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        int width = model.Hidden / model.Heads;
        Tensor powers = Arithmetic.Range(width / 2, ScalarType.Float64).Times(-2).Over(width);
        Tensor frequency = pow(tensor(model.RopeTheta), powers); // [width / 2]
        Tensor angle = outer(Arithmetic.Range(model.Context, ScalarType.Float64), frequency);
        Tensor table = polar(ones_like(angle), angle).unsqueeze(1);
        turns = table.to(dtype == ScalarType.Float64 ? ScalarType.ComplexFloat64 : ScalarType.ComplexFloat32, device).DetachFromDisposeScope();
    }

    /// <summary>x [B, T, heads, width] → the same shape and dtype, turned. The caller's scope owns the result.</summary>
    public Tensor Turn(Tensor x)
    {
        ScalarType dtype = x.dtype;
        Tensor wide = dtype == ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
        long[] s = x.shape;
        Tensor pairs = wide.view(s[0], s[1], s[2], s[3] / 2, 2).view_as_complex();
        Tensor turned = pairs.mul(turns.narrow(0, 0, s[1])).view_as_real().view(s);
        return dtype == ScalarType.BFloat16 ? turned.to(dtype) : turned;
    }

    public void Dispose() => turns.Dispose();
}
