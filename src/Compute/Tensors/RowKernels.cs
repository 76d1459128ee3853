using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// Moves rows between token order and plan order: dispatch, combine and their backward. fp32 and bf16 rows on the CPU take fused vector loops
/// over the tensors' own memory, sums in fp32; other devices and float64 take libtorch. Rows are handled in ascending order, so sums are
/// the same each time (DT-1). d is a multiple of 16 on the fast path (<c>model.hidden</c> always is).
/// </summary>
public static class RowKernels
{
    private const int LaneCount = 16;

    /// <summary>Dispatch: row i of the result is row token[i] of <paramref name="source"/>.</summary>
    /// <param name="source">[t, d], any type.</param>
    /// <param name="token">Token index of each row.</param>
    /// <returns>[token.Length, d] of the source's type, contiguous, owned by the caller.</returns>
    public static Tensor Gather(Tensor source, int[] token)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(token);
        CheckTokens(token, source.size(0));
        if (!TensorMemory.CanView(source))
        {
            using Tensor index = Index(token, source.device);
            return source.index_select(0, index);
        }

        Tensor rows = empty(token.Length, source.size(1), dtype: source.dtype);
        RowLoops.Gather(source, token, rows);
        return rows;
    }

    /// <summary>Combine: acc[token[i]] += weight[i] · y[i], in row order.</summary>
    /// <param name="acc">fp32 [t, d] (float64 for float64 rows), contiguous.</param>
    /// <param name="y">Expert outputs [n, d], compute type.</param>
    /// <param name="token">Token index of each row of y.</param>
    /// <param name="weight">Router weight of each row of y.</param>
    public static void CombineAdd(Tensor acc, Tensor y, ReadOnlySpan<int> token, ReadOnlySpan<float> weight)
    {
        Check(acc, y, token);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, token.Length, nameof(weight));
        if (IsFast(acc, y))
        {
            RowLoops.Add(acc, y, token, weight);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        acc.AddRows(Index(token, acc.device), y.to(acc.dtype) * Column(weight, acc));
    }

    /// <summary>Backward of dispatch: acc[token[i]] += dx[i], in row order.</summary>
    /// <param name="acc">fp32 [t, d] (float64 for float64 rows), contiguous.</param>
    /// <param name="dx">Gradients of dispatched rows [n, d], compute type.</param>
    /// <param name="token">Token index of each row of dx.</param>
    public static void ScatterAdd(Tensor acc, Tensor dx, ReadOnlySpan<int> token)
    {
        Check(acc, dx, token);
        if (IsFast(acc, dx))
        {
            RowLoops.Add(acc, dx, token, []);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        acc.AddRows(Index(token, acc.device), dx.to(acc.dtype));
    }

    /// <summary>Backward of combine: dy[i] = weight[i] · dOut[token[i]] and dWeight[i] = ⟨dOut[token[i]], y[i]⟩.</summary>
    /// <param name="dOut">Gradient of the combined rows [t, d], fp32 or the compute type.</param>
    /// <param name="token">Token index of each row of y.</param>
    /// <param name="weight">Router weight of each row of y.</param>
    /// <param name="y">Expert outputs [n, d], compute type.</param>
    /// <param name="dy">[n, d], compute type, overwritten.</param>
    /// <param name="dWeight">[n], overwritten.</param>
    public static void CombineBackward(Tensor dOut, ReadOnlySpan<int> token, ReadOnlySpan<float> weight, Tensor y, Tensor dy, Span<float> dWeight)
    {
        Check(dOut, y, token);
        Check(dOut, dy, token);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, token.Length, nameof(weight));
        ArgumentOutOfRangeException.ThrowIfNotEqual(dWeight.Length, token.Length, nameof(dWeight));
        if (IsFast(dOut, y) && IsFast(dOut, dy) && dy.dtype == y.dtype)
        {
            RowLoops.CombineBackward(dOut, token, weight, y, dy, dWeight);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        ScalarType wide = dOut.dtype == ScalarType.Float64 || y.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Tensor rows = dOut.index_select(0, Index(token, dOut.device)).to(wide);
        dy.copy_(rows * Column(weight, rows));
        Tensor dots = (rows * y.to(wide)).sum(1).to(ScalarType.Float32).cpu();
        TensorMemory.Span<float>(dots).CopyTo(dWeight);
    }

    private static bool IsFast(Tensor a, Tensor b) =>
        IsLane(a.dtype) && IsLane(b.dtype) && a.size(1) % LaneCount == 0 && TensorMemory.CanView(a) && TensorMemory.CanView(b);

    private static bool IsLane(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16;

    private static void Check(Tensor tokens, Tensor rows, ReadOnlySpan<int> token)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.size(0) != token.Length || rows.size(1) != tokens.size(1))
        {
            throw new ArgumentException($"rows [{string.Join(", ", rows.shape)}] do not match {token.Length} indices into [{string.Join(", ", tokens.shape)}]", nameof(rows));
        }

        CheckTokens(token, tokens.size(0));
    }

    // Before raw memory is touched: an index out of range would be silent corruption.
    private static void CheckTokens(ReadOnlySpan<int> token, long tokens)
    {
        foreach (int t in token)
        {
            if ((uint)t >= (ulong)tokens)
            {
                throw new ArgumentOutOfRangeException(nameof(token), t, $"no such row among {tokens}");
            }
        }
    }

    private static Tensor Index(ReadOnlySpan<int> token, Device device) => tensor(token.ToArray(), dtype: ScalarType.Int64, device: device);

    private static Tensor Column(ReadOnlySpan<float> weight, Tensor like) => tensor(weight.ToArray(), dtype: like.dtype, device: like.device).unsqueeze(1);
}
