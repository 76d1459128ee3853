using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Experts;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Optimization;

public sealed class OptimizerShardTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Experts(ExpertCase.Model(BlockStyle.Gpt2, hidden: 16, expertHidden: 5), 0, 0, 3); // biases, and gaps after them

    private static AdamWStep Step(long step) => new(1e-2 / step, 0.9, 0.95, 1e-8, 0.1, 0.7, step);

    [Fact]
    public void Three_updates_follow_a_scalar_reference_in_double()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = Flat(1, ScalarType.Float32);
        double[] p = [.. TensorMemory.Span<float>(weights).ToArray().Select(v => (double)v)], m = new double[p.Length], v2 = new double[p.Length];
        using var shard = new OptimizerShard(Layout, 0, Layout.Total, weights, Precision.Float32);
        for (int s = 1; s <= 3; s++)
        {
            Tensor gradient = Flat(10 + s, ScalarType.Float32);
            AdamWStep step = Step(s);
            shard.Update(gradient, step);
            foreach (ParameterEntry e in Layout.Entries)
            {
                for (long i = e.Offset; i < e.Offset + e.Count; i++)
                {
                    double g = TensorMemory.Span<float>(gradient)[(int)i] * step.GradientScale;
                    m[i] = (step.Beta1 * m[i]) + ((1 - step.Beta1) * g);
                    v2[i] = (step.Beta2 * v2[i]) + ((1 - step.Beta2) * g * g);
                    double mHat = m[i] / (1 - Math.Pow(step.Beta1, s)), vHat = v2[i] / (1 - Math.Pow(step.Beta2, s));
                    p[i] -= step.LearningRate * ((mHat / (Math.Sqrt(vHat) + step.Epsilon)) + (e.Decay ? step.WeightDecay * p[i] : 0));
                }
            }
        }

        float[] ours = TensorMemory.Span<float>(weights).ToArray();
        Assert.All(Enumerable.Range(0, p.Length), i => Assert.Equal(p[i], ours[i], 2e-6));
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void However_the_group_is_cut_into_shards_the_bits_are_the_same(Precision precision)
    {
        string whole = State(1, precision);
        Assert.Equal(whole, State(2, precision));
        Assert.Equal(whole, State(5, precision));
        Assert.Equal(whole, State(40, precision)); // more shards than aligned blocks: some are empty
    }

    [Fact]
    public void Padding_is_never_touched()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = zeros(Layout.Total, dtype: ScalarType.Float32), gradient = ones(Layout.Total, dtype: ScalarType.Float32);
        using var shard = new OptimizerShard(Layout, 0, Layout.Total, weights, Precision.Float32);
        shard.Update(gradient, Step(1));
        long parameters = Layout.Entries.Sum(e => e.Count);
        Assert.True(parameters < Layout.Total, "the layout of this test has gaps");
        foreach (Tensor state in new[] { weights, shard.First, shard.Second })
        {
            Assert.Equal(parameters, state.count_nonzero().item<long>());
        }
    }

    [Fact]
    public void Bf16_weights_are_the_rounded_master_after_update_and_publish()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = Flat(3, ScalarType.BFloat16);
        using var shard = new OptimizerShard(Layout, 32, Layout.Total - 32, weights, Precision.BFloat16);
        Tensor gradient = Flat(4, ScalarType.Float32).narrow(0, 32, Layout.Total - 32);
        shard.Update(gradient, Step(1));
        Assert.Equal(Values.Bytes(shard.Master.to(ScalarType.BFloat16)), Values.Bytes(weights.narrow(0, 32, Layout.Total - 32)));
        shard.Master.Fill(1.01f);
        shard.PublishMaster();
        Assert.Equal(Values.Bytes(shard.Master.to(ScalarType.BFloat16)), Values.Bytes(weights.narrow(0, 32, Layout.Total - 32)));
    }

    private static string State(int shards, Precision precision)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = Flat(1, Devices.ComputeType(precision));
        var state = new List<string>();
        for (int i = 0; i < shards; i++)
        {
            (long begin, long count) = Layout.Shard(i, shards);
            using var shard = new OptimizerShard(Layout, begin, count, weights, precision);
            for (int s = 1; s <= 2; s++)
            {
                shard.Update(Flat(10 + s, ScalarType.Float32).narrow(0, begin, count), Step(s));
            }

            state.Add(string.Concat(new[] { shard.Master, shard.First, shard.Second }.Select(t => Convert.ToHexString(Values.Bytes(t)))));
        }

        // Interleaved per tensor, so that shards concatenate to the whole.
        string Join(int part) => string.Concat(state.Select(s => s.Substring(part * s.Length / 3, s.Length / 3)));
        return Join(0) + Join(1) + Join(2) + Convert.ToHexString(Values.Bytes(weights));
    }

    private static Tensor Flat(int seed, ScalarType type)
    {
        Tensor flat = zeros(Layout.Total, dtype: type);
        foreach (ParameterEntry e in Layout.Entries)
        {
            using Tensor view = Layout.View(flat, e), values = Values.Normal(seed + (int)e.Offset, type, e.Shape);
            view.copy_(values);
        }

        return flat;
    }
}
