using CsCheck;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

public sealed class ChunkServerTests
{
    private static readonly int[] InOrder = [0, 1, 2, 3, 4];

    // d, f: W1 and W3 adjacent (32·24), parted by alignment (16·5), whole vectors (32·48).
    public static readonly TheoryData<BlockStyle, int, int> Shapes = new()
    {
        { BlockStyle.Llama, 32, 24 }, { BlockStyle.Llama, 16, 5 }, { BlockStyle.Llama, 32, 48 },
        { BlockStyle.Gpt2, 32, 24 }, { BlockStyle.Gpt2, 16, 5 }, { BlockStyle.Gpt2, 32, 48 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void In_float64_everything_equals_autograd_to_1e_10(BlockStyle style, int hidden, int expertHidden) =>
        Compare(style, hidden, expertHidden, ScalarType.Float64, 1e-10);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void In_fp32_everything_equals_float64_autograd_to_fp32_rounding(BlockStyle style, int hidden, int expertHidden) =>
        Compare(style, hidden, expertHidden, ScalarType.Float32, 3e-6);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void In_bf16_everything_equals_float64_autograd_to_bf16_rounding(BlockStyle style, int hidden, int expertHidden) =>
        Compare(style, hidden, expertHidden, ScalarType.BFloat16, 2e-2);

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void The_order_of_arrival_does_not_show_in_a_single_bit(ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        using var reference = new ExpertCase(BlockStyle.Llama, 32, 24, type);
        byte[] expected = Values.Bytes(reference.Run(InOrder, InOrder).Gradient);
        (from f in Gen.Shuffle(InOrder) from b in Gen.Shuffle(InOrder) select (f, b)).Sample(
            order =>
            {
                using DisposeScope inner = NewDisposeScope();
                using var shard = new ExpertCase(BlockStyle.Llama, 32, 24, type);
                Assert.Equal(expected, Values.Bytes(shard.Run(order.f, order.b).Gradient));
            },
            iter: 12,
            threads: 1);
    }

    [Fact]
    public void Weight_gradients_wait_for_their_turn_and_a_new_step_starts_after_discard()
    {
        using DisposeScope scope = NewDisposeScope();
        using var c = new ExpertCase(BlockStyle.Llama, 32, 24, ScalarType.Float32);
        Tensor gradient = zeros(c.Parameters.Total);
        foreach (int i in InOrder)
        {
            c.Compute.Forward(ExpertCase.Chunks[i].Key, c.X(i), ExpertCase.Chunks[i].Segments);
        }

        Assert.Equal(5, c.Compute.Unaccumulated);
        Assert.False(c.Compute.AccumulateNext(gradient));
        c.Compute.Backward(ExpertCase.Chunks[1].Key, c.Dy(1));
        Assert.False(c.Compute.AccumulateNext(gradient), "chunk 0 comes first");
        c.Compute.Backward(ExpertCase.Chunks[0].Key, c.Dy(0));
        Assert.True(c.Compute.AccumulateNext(gradient));
        Assert.True(c.Compute.AccumulateNext(gradient));
        Assert.False(c.Compute.AccumulateNext(gradient));
        Assert.Equal(3, c.Compute.Unaccumulated);
        Assert.True(c.Compute.KeptBytes > 0);
        c.Compute.Discard();
        Assert.Equal((0, 0L), (c.Compute.Unaccumulated, c.Compute.KeptBytes));
        (_, _, Tensor again) = c.Run(InOrder, InOrder);
        using var fresh = new ExpertCase(BlockStyle.Llama, 32, 24, ScalarType.Float32);
        Assert.Equal(Values.Bytes(fresh.Run(InOrder, InOrder).Gradient), Values.Bytes(again));
    }

    [Fact]
    public void A_chunk_that_comes_twice_or_never_came_is_an_error_that_names_ST_2()
    {
        using DisposeScope scope = NewDisposeScope();
        using var c = new ExpertCase(BlockStyle.Llama, 32, 24, ScalarType.Float32);
        (ChunkKey key, ExpertSegment[] segments) = ExpertCase.Chunks[0];
        Refuses(() => c.Compute.Backward(key, c.Dy(0)));
        c.Compute.Forward(key, c.X(0), segments);
        Refuses(() => c.Compute.Forward(key, c.X(0), segments));
        Refuses(() => c.Compute.Backward(key with { ChunkCount = 3 }, c.Dy(0)));
        Refuses(() => c.Compute.Backward(key, c.Dy(1)));
        c.Compute.Backward(key, c.Dy(0));
        Refuses(() => c.Compute.Backward(key, c.Dy(0)));
        Assert.True(c.Compute.AccumulateNext(zeros(c.Parameters.Total)));
        Refuses(() => c.Compute.Forward(key, c.X(0), segments));
        Refuses(() => c.Compute.Forward(new ChunkKey(0, 2, 0, 1), c.X(0), segments));
        Refuses(() => c.Compute.Forward(new ChunkKey(0, 1, 0, 1), c.X(1), [new ExpertSegment(1, 17)]));
        Refuses(() => c.Compute.Forward(new ChunkKey(0, 1, 0, 1), c.X(1), [new ExpertSegment(3, 16)]));
    }

    private static void Refuses(Func<Tensor> action) => Assert.StartsWith("ST-2", Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);

    private static void Compare(BlockStyle style, int hidden, int expertHidden, ScalarType type, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        using var c = new ExpertCase(style, hidden, expertHidden, type);
        (Tensor[] y, Tensor[] dx, Tensor gradient) = c.Run(InOrder, InOrder);
        (Tensor[] expectedY, Tensor[] expectedDx, Tensor expectedGradient) = c.Reference(ScalarType.Float64);
        foreach (int i in InOrder)
        {
            Values.Close(expectedY[i], y[i], tolerance);
            Values.Close(expectedDx[i], dx[i], tolerance);
        }

        Values.Close(expectedGradient, gradient, tolerance);
        Assert.Equal(0, c.Compute.Unaccumulated);
    }
}
