using System.Diagnostics;
using MoeActors.Bench.Report;
using MoeActors.Compute.Local;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What looking for silent corruption adds to a step (recovery.integrity): the model of the preset small at 4096 tokens, on one thread. Guarded updates against plain ones in turn, of the units and of a copy of
/// each; the weights read once before the step is reported; ranges of the dense weights that come from others read twice. Against a whole step of the plain engine, in turn with them.
/// </summary>
internal sealed class IntegrityCase : IBenchCase
{
    public string Name => CaseNames.Integrity;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        using LocalTrainer trainer = PlainEngine.Start();
        using var plain = new Units(guarded: false);
        using var guarded = new Units(guarded: true);
        var step = new List<double>();
        var update = new List<double>();
        var checkedUpdate = new List<double>();
        var added = new List<double>();
        for (int i = -3; i < (context.Runs ?? 30); i++)
        {
            cancel.ThrowIfCancellationRequested();
            double whole = Ms(() => trainer.Step()), without = Ms(() => plain.Update(i + 4)), with = Ms(() => guarded.Update(i + 4)), weights = Ms(guarded.Check);
            if (i >= 0)
            {
                step.Add(whole);
                update.Add(without);
                checkedUpdate.Add(with);

                // The unit's update and its copy's.
                added.Add((2 * (with - without)) + weights);
            }
        }

        double all = Statistics.Median(step);
        return Task.FromResult<IReadOnlyList<BenchRow>>(
        [
            BenchRow.Of("integrity", "update of all units, checked", "ms", checkedUpdate, Statistics.Median(update), "baseline: unchecked"),
            BenchRow.Of("integrity", "all checks of a step", "ms", added, all, "baseline: a whole step of the plain engine on one thread; copies = 1"),
        ]);
    }

    private static double Ms(Action work)
    {
        long begun = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    /// <summary>The run's units with their weights, and gradients that are always the same.</summary>
    private sealed class Units : IDisposable
    {
        private readonly List<(OptimizerShard Shard, Tensor Weights, Tensor Gradient)> units = [];
        private readonly UnitOrder order = new(PlainEngine.Spec.Model, PlainEngine.Spec.Layout);
        private readonly TensorSums dense;

        public Units(bool guarded)
        {
            foreach (UnitId unit in order.Units)
            {
                (long begin, long count) = order.ShardOf(unit);
                ParameterLayout layout = order.LayoutOf(unit);
                Tensor weights = zeros(layout.Total);
                units.Add((new OptimizerShard(layout, begin, count, weights, Precision.Float32) { Guarded = guarded }, weights, zeros(count).Fill(1e-3f)));
            }

            dense = new TensorSums(units[0].Weights, i => order.LayoutOf(UnitId.Dense(0)).Shard(i, PlainEngine.Spec.Layout.Ranks), PlainEngine.Spec.Layout.Ranks);
        }

        public void Update(int step)
        {
            foreach ((OptimizerShard shard, _, Tensor gradient) in units)
            {
                shard.Update(gradient, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, step));
            }
        }

        public void Check()
        {
            foreach ((OptimizerShard shard, _, _) in units)
            {
                if (shard.AlteredMaster() is { } altered)
                {
                    throw new BenchException(altered);
                }
            }

            // Of two nodes each has one rank's range from the other: sealed when it comes, looked at before the report.
            for (int rank = 0; rank < PlainEngine.Spec.Layout.Ranks; rank++)
            {
                dense.Seal(rank, 0);
                _ = dense.IsIntact(rank, 0);
            }
        }

        public void Dispose()
        {
            foreach ((OptimizerShard shard, Tensor weights, Tensor gradient) in units)
            {
                shard.Dispose();
                weights.Dispose();
                gradient.Dispose();
            }
        }
    }
}
