using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Local;

/// <summary>
/// The plain engine: all logical ranks of a layout in one process and one thread, without actors, over the same classes and in the same
/// order of operations as the cluster, whose results equal its own bitwise (DT-1). Also the yardstick of the cluster's speed.
/// </summary>
public sealed class LocalTrainer : IDisposable
{
    private readonly RunSpec spec;
    private readonly Func<long, int, int, Tensor> batch;
    private readonly LocalState state;
    private readonly DenseModel[] models;
    private readonly LocalExperts experts;
    private readonly IReadOnlyList<int> moeLayers;

    /// <summary>Builds the initial state of <paramref name="spec"/>.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="batch">(step, rank, micro-batch) → tokens int64 [RankBatch, Context+1]; the trainer disposes them.</param>
    /// <param name="device">Where to compute; the CPU where null.</param>
    public LocalTrainer(RunSpec spec, Func<long, int, int, Tensor> batch, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(batch);
        spec.Validate();
        (this.spec, this.batch) = (spec, batch);
        var units = new UnitOrder(spec.Model, spec.Layout);
        state = new LocalState(spec, units, device ?? CPU);
        models = [.. Enumerable.Range(0, spec.Layout.Ranks).Select(_ => new DenseModel(spec.Model, units.LayoutOf(UnitId.Dense(0)), state.Weights.Dense))];
        experts = new LocalExperts(spec.Model, spec.Layout, state.Weights);
        moeLayers = spec.Model.MoeLayers();
    }

    /// <summary>The units and where they lie.</summary>
    public UnitOrder Units => state.Units;

    /// <summary>Steps done, skipped ones included: the next step's number.</summary>
    public long Steps { get; private set; }

    /// <summary>Updates applied to the weights: AdamW's step count.</summary>
    public long Updates { get; private set; }

    /// <summary>The weights the model computes with; borrowed.</summary>
    public ModelWeights Model => state.Weights;

    /// <summary>Flat weights (compute dtype) of the group <paramref name="unit"/> lies in; borrowed.</summary>
    public Tensor Weights(UnitId unit) => state.Weights.Of(unit);

    /// <summary>Master weights and moments of <paramref name="unit"/>; borrowed.</summary>
    public OptimizerShard Optimizer(UnitId unit) => state.Shard(unit);

    /// <summary>One optimizer step: forward and backward of every micro-batch of every rank, reduction, clipping, update.</summary>
    public StepResult Step()
    {
        state.ZeroGradients();
        var tally = new StepTally(spec);
        try
        {
            for (int micro = 0; micro < spec.Training.MicroBatches; micro++)
            {
                for (int rank = 0; rank < spec.Layout.Ranks; rank++)
                {
                    ForwardBackward(rank, micro, tally);
                }
            }
        }
        catch
        {
            experts.Discard();
            Array.ForEach(models, m => m.ClearGradients());
            throw;
        }

        experts.EndStep();
        double rate = Schedule.LearningRate(spec.TrainingAt(Steps + 1), Steps + 1);
        double norm = double.IsFinite(tally.Loss) ? state.Update(Updates + 1, rate, tally.Routed) : double.NaN;
        bool applied = double.IsFinite(norm);
        Updates += applied ? 1 : 0;
        return tally.Result(Steps++, norm, rate, applied);
    }

    /// <summary>
    /// Mean cross-entropy in nats over <paramref name="batches"/> (int64 [B, T+1], disposed here): no noise, dropless. Batch i is computed as
    /// rank i mod ranks would, and the sums add in this order.
    /// </summary>
    public double Evaluate(IEnumerable<Tensor> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        double sum = 0;
        long tokens = 0;
        int i = 0;
        foreach (Tensor rows in batches)
        {
            int rank = i++ % spec.Layout.Ranks;
            using (rows)
            {
                using var pass = new ForwardPass(spec, models[rank], PassContext.ForInference(Steps), rows);
                experts.Run(pass, rank);
                LossParts parts = pass.Loss();
                sum += parts.CrossEntropySum;
                tokens += parts.Tokens;
            }
        }

        return tokens == 0 ? double.NaN : sum / tokens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        experts.Dispose();
        Array.ForEach(models, m => m.Dispose());
        state.Dispose();
    }

    private void ForwardBackward(int rank, int micro, StepTally tally)
    {
        using Tensor tokens = batch(Steps, rank, micro);
        using var pass = new TrainingPass(spec, models[rank], PassContext.ForTraining(spec, Steps, rank, micro), tokens);
        PassDriver driven = experts.Run(pass, rank, micro, (m, position, group) => state.ExpertGradient(moeLayers[m], position, group));
        tally.Add(rank, driven.Parts!, driven.Plans);
        models[rank].AccumulateGradients(state.DenseGradient(rank));
    }
}
