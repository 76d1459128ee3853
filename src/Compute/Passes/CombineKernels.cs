using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// The combine and its backward. The compute dtypes go through <see cref="RowKernels"/>; fp64, used only to check gradients, through
/// plain operators that keep its width.
/// </summary>
internal static class CombineKernels
{
    /// <summary>acc[token_i] += weight_i · y_i, in row order; weights are those of the rows, double so that fp64 loses nothing.</summary>
    public static void Add(Tensor acc, Tensor y, ReadOnlySpan<int> token, CombineWeights weights, int first)
    {
        if (acc.dtype != ScalarType.Float64)
        {
            RowKernels.CombineAdd(acc, y, token, weights.Single.AsSpan(first, token.Length));
            return;
        }

        using Tensor index = Index(token);
        using Tensor scale = tensor(weights.Double.AsSpan(first, token.Length).ToArray()).unsqueeze_(1);
        using Tensor scaled = y.mul(scale);
        acc.AddRows(index, scaled);
    }

    /// <summary>dy_i = weight_i · dOut[token_i] into <paramref name="dy"/>; the weights' gradients dot(dOut[token_i], y_i) into <paramref name="gradients"/>.</summary>
    public static void Backward(Tensor dOut, ReadOnlySpan<int> token, CombineWeights weights, int first, Tensor y, Tensor dy, CombineWeights gradients)
    {
        if (dOut.dtype != ScalarType.Float64)
        {
            RowKernels.CombineBackward(
                dOut, token, weights.Single.AsSpan(first, token.Length), y, dy, gradients.Single.AsSpan(first, token.Length));
            return;
        }

        using var scope = NewDisposeScope();
        Tensor rows = dOut.index_select(0, Index(token));
        Tensor scale = tensor(weights.Double.AsSpan(first, token.Length).ToArray()).unsqueeze_(1);
        dy.copy_(rows.mul(scale));
        rows.mul(y).sum(1).data<double>().CopyTo(gradients.Double.AsSpan(first, token.Length));
    }

    private static Tensor Index(ReadOnlySpan<int> token)
    {
        using Tensor narrow = tensor(token.ToArray());
        return narrow.to(ScalarType.Int64);
    }
}
