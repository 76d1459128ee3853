using MoeActors.Compute.Optimization;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

[Collection(TensorProcessCollection.Name)]
public sealed class ExpertMemoryTests
{
    [Theory]
    [InlineData(BlockStyle.Llama, ScalarType.Float32)]
    [InlineData(BlockStyle.Gpt2, ScalarType.BFloat16)]
    [InlineData(BlockStyle.Llama, ScalarType.Float64)]
    public void Live_tensors_return_to_the_same_count_after_every_step_errors_and_evaluation_included(BlockStyle style, ScalarType type)
    {
        long atStart = Tensor.TotalCount;
        using (var c = new ExpertCase(style, 32, 24, type))
        {
            long before = Tensor.TotalCount;
            for (int step = 0; step < 3; step++)
            {
                Step(c);
                Assert.Equal(before, Tensor.TotalCount);
            }

            // Evaluation keeps nothing; refused chunks are freed; an abort frees what was kept. Without a scope around: nothing may leak.
            (ChunkKey key, ExpertSegment[] segments) = ExpertCase.Chunks[0];
            c.Compute.Bank.Forward(c.X(0), segments).Dispose();
            c.Compute.Forward(key, c.X(0), segments).Dispose();
            Assert.Throws<InvalidOperationException>(() => c.Compute.Forward(key, c.X(0), segments));
            Assert.Throws<InvalidOperationException>(() => c.Compute.Backward(key with { Chunk = 1 }, c.Dy(0)));
            c.Compute.Backward(key, c.Dy(0)).Dispose();
            c.Compute.Discard();
            Assert.Equal(before, Tensor.TotalCount);
        }

        Assert.Equal(atStart, Tensor.TotalCount);
    }

    [Fact]
    public void Kept_tensors_survive_the_callers_scope()
    {
        using var c = new ExpertCase(BlockStyle.Llama, 32, 24, ScalarType.Float32);
        for (int i = 0; i < ExpertCase.Chunks.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            c.Compute.Forward(ExpertCase.Chunks[i].Key, c.X(i), ExpertCase.Chunks[i].Segments);
        }

        using Tensor gradient = zeros(c.Parameters.Total);
        for (int i = 0; i < ExpertCase.Chunks.Length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            c.Compute.Backward(ExpertCase.Chunks[i].Key, c.Dy(i));
        }

        while (c.Compute.AccumulateNext(gradient))
        {
        }

        Assert.Equal(0, c.Compute.Unaccumulated);
        Assert.True(Reduction.SquaredNorm(gradient) > 0);
    }

    private static void Step(ExpertCase c)
    {
        using DisposeScope scope = NewDisposeScope();
        c.Run([4, 2, 0, 3, 1], [3, 1, 4, 0, 2]);
        Assert.Equal(0, c.Compute.Unaccumulated);
        c.Compute.Discard();
    }
}
