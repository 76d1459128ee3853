using CsCheck;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Experts;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Optimization;

/// <summary>State that changes between two updates is noticed by the second of them, at no other cost than checksums of what it reads anyway.</summary>
public sealed class GuardedShardTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Experts(ExpertCase.Model(BlockStyle.Gpt2, hidden: 16, expertHidden: 5), 0, 0, 3); // biases: ends that fill no lane group

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Undisturbed_it_gives_the_same_bits_and_says_nothing(Precision precision)
    {
        using var plain = new Run(precision, guarded: false);
        using var guarded = new Run(precision, guarded: true);
        for (int step = 1; step <= 3; step++)
        {
            plain.Step(step);
            guarded.Step(step);
            Assert.Null(guarded.Shard.Altered());
        }

        Assert.Equal(plain.Bytes(), guarded.Bytes());
    }

    [Fact]
    public void Any_value_that_changes_is_noticed_by_the_next_update_which_names_it() =>
        (from slot in Gen.Int[0, 2] from entry in Gen.Int[0, Layout.Entries.Count - 1] from at in Gen.Long[0, 1 << 20] from sealedState in Gen.Bool select (slot, entry, at, sealedState)).Sample(
            s =>
            {
                using var run = new Run(Precision.BFloat16, guarded: true);
                if (s.sealedState)
                {
                    run.Shard.Seal();
                }
                else
                {
                    run.Step(1);
                }

                ParameterEntry entry = Layout.Entries[s.entry];
                (Tensor state, string name) = new[] { (run.Shard.Master, "master"), (run.Shard.First, "m"), (run.Shard.Second, "v") }[s.slot];
                TensorMemory.Span<float>(state)[(int)(entry.Offset + (s.at % entry.Count))] += 0.5f;
                string expected = $"{name} of {entry.Name} changed between two updates";
                Assert.Equal(expected, run.Shard.Altered());
                Assert.Equal(s.slot == 0 ? expected : null, run.Shard.AlteredMaster());
                Assert.Equal(expected, Assert.Throws<StateAlteredException>(() => run.Step(2)).What);

                // What it left is of no use, but known.
                run.Step(3);
            },
            iter: 100);

    [Fact]
    public void What_is_written_on_purpose_is_sealed_and_accepted()
    {
        using var run = new Run(Precision.Float32, guarded: true);
        run.Step(1);
        run.Shard.Second.Fill(0.25);
        run.Shard.Seal();
        run.Step(2);
    }

    private sealed class Run : IDisposable
    {
        private readonly Tensor weights;

        public Run(Precision precision, bool guarded)
        {
            weights = zeros(Layout.Total, precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
            Shard = new OptimizerShard(Layout, 0, Layout.Total, weights, precision) { Guarded = guarded };
        }

        public OptimizerShard Shard { get; }

        public void Step(int step)
        {
            using Tensor gradient = zeros(Layout.Total).Fill(0.1 * step);
            Shard.Update(gradient, new AdamWStep(1e-2, 0.9, 0.95, 1e-8, 0.1, 1, step));
        }

        public byte[] Bytes() => [.. new[] { weights, Shard.Master, Shard.First, Shard.Second }.SelectMany(t => TensorMemory.Bytes(t, 0, (int)TensorMemory.ByteCount(t)).ToArray())];

        public void Dispose()
        {
            Shard.Dispose();
            weights.Dispose();
        }
    }
}
