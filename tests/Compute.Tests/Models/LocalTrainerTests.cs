using MoeActors.Compute.Local;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>The plain engine over several steps. Alone in the process: it counts live tensors.</summary>
[Collection(TensorProcessCollection.Name)]
public sealed class LocalTrainerTests
{
    private static readonly RunSpec Everything = TinyRun.Spec(
        BlockStyle.Gpt2, TinyRun.Moe with { CapacityFactor = 1.25, SharedExperts = 1, NoisyGate = true, RouterZLoss = 0.001 }, expertParallel: 2, micro: 2);

    private static byte[] Weights(LocalTrainer trainer) =>
        [.. trainer.Units.Units.Where(u => u.Index == 0).SelectMany(u => trainer.Weights(u).bytes.ToArray())];

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Two_runs_with_one_seed_end_with_bitwise_the_same_weights_and_another_seed_with_others(Precision precision)
    {
        (byte[], double) Run(long seed)
        {
            RunSpec spec = Everything with { Training = Everything.Training with { Precision = precision, Seed = seed } };
            using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
            double loss = 0;
            for (int i = 0; i < 3; i++)
            {
                loss = trainer.Step().Loss;
            }

            return (Weights(trainer), loss);
        }

        (byte[] first, double loss) = Run(1);
        (byte[] second, double again) = Run(1);
        Assert.True(first.AsSpan().SequenceEqual(second));
        Assert.Equal(loss, again);
        Assert.False(first.AsSpan().SequenceEqual(Run(2).Item1));
    }

    [Theory]
    [InlineData(BlockStyle.Llama)]
    [InlineData(BlockStyle.Gpt2)]
    public void In_bf16_the_loss_falls_as_in_fp32(BlockStyle style)
    {
        double Final(Precision precision)
        {
            RunSpec spec = TinyRun.Spec(style, precision: precision, ranks: 2, expertParallel: 2);
            spec = spec with { Training = spec.Training with { LearningRate = 6e-3, MinLearningRate = 6e-3 } };
            using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
            double first = trainer.Step().Loss, last = 0;
            Assert.InRange(first, Math.Log(TinyRun.Vocabulary) - 0.5, Math.Log(TinyRun.Vocabulary) + 1.5);
            for (int i = 0; i < 24; i++)
            {
                last = trainer.Step().Loss;
            }

            Assert.True(last < first - 1, $"{first} -> {last}");
            return last;
        }

        Assert.InRange(Final(Precision.BFloat16) / Final(Precision.Float32), 0.97, 1.03);
    }

    /// <summary>Without those that tests before this one left to the collector, which would take them away at any moment.</summary>
    private static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    [Fact]
    public void Live_tensors_return_to_the_same_count_after_each_step_and_evaluation()
    {
        long atStart = LiveTensors();
        using (var trainer = new LocalTrainer(Everything, TinyRun.Batches(Everything)))
        {
            trainer.Step();
            long before = LiveTensors();
            for (int i = 0; i < 3; i++)
            {
                trainer.Step();
                Assert.Equal(before, Tensor.TotalCount);
                trainer.Evaluate([TinyRun.Batches(Everything)(1000, 0, 0)]);
                Assert.Equal(before, Tensor.TotalCount);
            }
        }

        Assert.Equal(atStart, Tensor.TotalCount);
    }

    [Fact]
    public void A_step_that_fails_midway_frees_all_and_the_next_is_as_if_it_had_not_been()
    {
        bool fail = false;
        Tensor Batch(long step, int rank, int micro) => fail && (rank, micro) == (2, 1) ? throw new IOException("disk") : TinyRun.Batches(Everything)(step, rank, micro);
        using var disturbed = new LocalTrainer(Everything, Batch);
        using var undisturbed = new LocalTrainer(Everything, TinyRun.Batches(Everything));
        disturbed.Step();
        undisturbed.Step();
        long before = LiveTensors();
        fail = true;
        Assert.Throws<IOException>(disturbed.Step);
        fail = false;
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(undisturbed.Step().Loss, disturbed.Step().Loss);
        Assert.True(Weights(undisturbed).AsSpan().SequenceEqual(Weights(disturbed)));
    }

    [Fact]
    public void A_step_without_a_finite_loss_is_counted_and_changes_nothing()
    {
        RunSpec spec = TinyRun.Spec();
        using var trainer = new LocalTrainer(spec, TinyRun.Batches(spec));
        trainer.Step();
        UnitId unit = UnitId.Experts(1, 0, 0);
        using Tensor first = trainer.Weights(unit).narrow(0, 0, spec.Model.Hidden);
        using Tensor good = first.clone();
        first.Fill(double.NaN);
        byte[] before = Weights(trainer);
        StepResult result = trainer.Step();
        Assert.False(result.Applied);
        Assert.False(double.IsFinite(result.Loss) && double.IsFinite(result.GradientNorm));
        Assert.True(before.AsSpan().SequenceEqual(Weights(trainer)));
        Assert.Equal((2, 1), (trainer.Steps, trainer.Updates));
        first.copy_(good);
        Assert.True(trainer.Step().Applied);
        Assert.Equal((3, 2), (trainer.Steps, trainer.Updates));
    }

    [Fact]
    public void Evaluation_is_the_mean_over_tokens_and_leaves_training_as_it_was()
    {
        using var trainer = new LocalTrainer(Everything, TinyRun.Batches(Everything));
        using var other = new LocalTrainer(Everything, TinyRun.Batches(Everything));
        Tensor Batch(int i) => TinyRun.Batches(Everything)(1000, i, 0);
        double one = trainer.Evaluate([Batch(0)]), two = trainer.Evaluate([Batch(1)]), both = trainer.Evaluate([Batch(0), Batch(1)]);
        Assert.NotEqual(one, two);
        Assert.Equal((one + two) / 2, both, 1e-6);
        Assert.Equal(other.Step().Loss, trainer.Step().Loss);
        Assert.True(double.IsNaN(trainer.Evaluate([])));
    }
}
