using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

public sealed class RowKernelsTests
{
    private static readonly int[] Token = [3, 0, 3, 4, 1, 1, 3];
    private static readonly float[] Weight = [0.5f, 1, 0.25f, 0, 2, -1, 0.125f];

    // 32 columns take the vector loops, 24 the libtorch form; both must agree with the definition.
    public static readonly TheoryData<ScalarType, int> Types = new()
    {
        { ScalarType.Float32, 32 }, { ScalarType.BFloat16, 32 }, { ScalarType.Float64, 32 }, { ScalarType.Float32, 24 }, { ScalarType.BFloat16, 24 },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void Gather_copies_rows(ScalarType type, int d)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor source = Values.Normal(1, type, 5, d);
        Tensor expected = source.index_select(0, tensor(Token, dtype: ScalarType.Int64));
        Assert.Equal(Values.Bytes(expected), Values.Bytes(RowKernels.Gather(source, Token)));
        Assert.Equal(Values.Bytes(expected), Values.Bytes(RowKernels.Gather(source.t().contiguous().t(), Token))); // not contiguous
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Combine_and_scatter_add_weighted_rows_to_their_tokens(ScalarType type, int d)
    {
        using DisposeScope scope = NewDisposeScope();
        ScalarType sums = type == ScalarType.Float64 ? type : ScalarType.Float32;
        Tensor y = Values.Normal(2, type, Token.Length, d), start = Values.Normal(3, sums, 5, d);
        Tensor index = tensor(Token, dtype: ScalarType.Int64), weights = tensor(Weight, dtype: ScalarType.Float64).unsqueeze(1), wide = y.to(ScalarType.Float64);

        Tensor combined = start.clone();
        RowKernels.CombineAdd(combined, y, Token, Weight);
        Values.Close(Added(start, index, wide * weights), combined, sums == ScalarType.Float64 ? 1e-14 : 1e-6);

        Tensor scattered = start.clone();
        RowKernels.ScatterAdd(scattered, y, Token);
        Values.Close(Added(start, index, wide), scattered, sums == ScalarType.Float64 ? 1e-14 : 1e-6);
    }

    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.Float32, 32)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16, 32)]
    [InlineData(ScalarType.BFloat16, ScalarType.BFloat16, 32)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32, 32)]
    [InlineData(ScalarType.Float64, ScalarType.Float64, 32)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16, 24)]
    public void Backward_of_combine_gives_rows_and_weights_their_gradients(ScalarType outType, ScalarType type, int d)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dOut = Values.Normal(4, outType, 5, d), y = Values.Normal(5, type, Token.Length, d), dy = empty_like(y);
        float[] dWeight = new float[Token.Length];
        RowKernels.CombineBackward(dOut, Token, Weight, y, dy, dWeight);

        Tensor rows = dOut.to(ScalarType.Float64).index_select(0, tensor(Token, dtype: ScalarType.Int64));
        Tensor expected = rows * tensor(Weight, dtype: ScalarType.Float64).unsqueeze(1);
        Values.Close(expected, dy, type == ScalarType.BFloat16 ? 4e-3 : type == ScalarType.Float32 ? 1e-7 : 0);
        Values.Close((rows * y.to(ScalarType.Float64)).sum(1), tensor(dWeight), 2e-6);
    }

    [Fact]
    public void The_rows_of_a_chunk_can_be_added_in_pieces_with_the_same_bits()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor y = Values.Normal(6, ScalarType.BFloat16, Token.Length, 48), whole = zeros(5, 48), pieces = zeros(5, 48);
        RowKernels.CombineAdd(whole, y, Token, Weight);
        RowKernels.CombineAdd(pieces, y.narrow(0, 0, 3), Token.AsSpan(0, 3), Weight.AsSpan(0, 3));
        RowKernels.CombineAdd(pieces, y.narrow(0, 3, 4), Token.AsSpan(3), Weight.AsSpan(3));
        Assert.Equal(Values.Bytes(whole), Values.Bytes(pieces));
    }

    [Fact]
    public void An_index_outside_the_tokens_is_refused_before_memory_is_touched()
    {
        using Tensor acc = zeros(5, 32), y = zeros(1, 32);
        Assert.Throws<ArgumentOutOfRangeException>(() => RowKernels.Gather(acc, [5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowKernels.ScatterAdd(acc, y, [-1]));
        Assert.Throws<ArgumentException>(() => RowKernels.ScatterAdd(acc, y, [0, 1]));
    }

    private static Tensor Added(Tensor start, Tensor index, Tensor rows)
    {
        Tensor sum = start.to(ScalarType.Float64, copy: true);
        sum.AddRows(index, rows);
        return sum;
    }
}
