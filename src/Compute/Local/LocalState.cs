using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Local;

/// <summary>
/// The weights, gradients and optimizer shards of all units in one process. Sums run as between actors: dense gradients in rank order,
/// replicas' in group order, the squared norm over units in canonical order (DT-1). Owns its tensors.
/// </summary>
internal sealed class LocalState : IDisposable
{
    private readonly RunSpec spec;
    private readonly Tensor[] denseGradients; // by rank
    private readonly Dictionary<(int Layer, int Position, int Group), Tensor> expertGradients = [];
    private readonly Dictionary<UnitId, OptimizerShard> shards = [];

    public LocalState(RunSpec spec, UnitOrder units, Device device)
    {
        this.spec = spec;
        Weights = new ModelWeights(units, spec.Training.Precision, device);
        ParameterLayout dense = units.LayoutOf(UnitId.Dense(0));
        denseGradients = [.. Enumerable.Range(0, spec.Layout.Ranks).Select(_ => Buffer(dense))];
        foreach (UnitId unit in units.Units)
        {
            ParameterLayout layout = units.LayoutOf(unit);
            if (unit.Kind == UnitKind.Experts)
            {
                expertGradients.Add((unit.Layer, unit.Position, unit.Index), Buffer(layout));
            }

            (long begin, long count) = units.ShardOf(unit);
            var shard = new OptimizerShard(layout, begin, count, Weights.Of(unit), spec.Training.Precision);
            ParameterInit.FillRange(spec.Model, spec.Training.Seed, layout, begin, shard.Master);
            shard.PublishMaster();
            shards.Add(unit, shard);
        }

        Tensor Buffer(ParameterLayout layout) => zeros(layout.Total, ScalarType.Float32, device).DetachFromDisposeScope();
    }

    public UnitOrder Units => Weights.Units;

    /// <summary>The weights the passes compute with.</summary>
    public ModelWeights Weights { get; }

    public OptimizerShard Shard(UnitId unit) => shards[unit];

    public Tensor DenseGradient(int rank) => denseGradients[rank];

    public Tensor ExpertGradient(int layer, int position, int group) => expertGradients[(layer, position, group)];

    public void ZeroGradients()
    {
        foreach (Tensor gradient in denseGradients.Concat(expertGradients.Values))
        {
            gradient.Fill(0); // zero_ would return a second handle
        }
    }

    /// <summary>Reduces the gradients, and updates every unit unless the norm is not finite. Returns the global norm before clipping.</summary>
    public double Update(long update, double learningRate, IReadOnlyList<long[]> load)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var reduced = new List<Tensor>(Units.Units.Count);
        double squares = 0;
        foreach (UnitId unit in Units.Units)
        {
            reduced.Add(Reduce(unit));
            squares += Reduction.SquaredNorm(reduced[^1]);
        }

        double norm = Math.Sqrt(squares);
        if (!double.IsFinite(norm))
        {
            return norm;
        }

        TrainingSpec t = spec.Training;
        var step = new AdamWStep(learningRate, t.Beta1, t.Beta2, t.Epsilon, t.WeightDecay, Clipping.Scale(norm, t.ClipNorm), update);
        for (int i = 0; i < reduced.Count; i++)
        {
            shards[Units.Units[i]].Update(reduced[i], step, null, load);
        }

        return norm;
    }

    public void Dispose()
    {
        foreach (OptimizerShard shard in shards.Values)
        {
            shard.Dispose();
        }

        Weights.Dispose();
        foreach (Tensor tensor in denseGradients.Concat(expertGradients.Values))
        {
            tensor.Dispose();
        }
    }

    // The unit's range of the gradients of all ranks or replicas, summed in their order. The caller's scope owns it.
    private Tensor Reduce(UnitId unit)
    {
        (long begin, long count) = Units.ShardOf(unit);
        IEnumerable<Tensor> sources = unit.Kind == UnitKind.Dense
            ? denseGradients
            : Enumerable.Range(0, spec.Layout.Groups).Select(g => expertGradients[(unit.Layer, unit.Position, g)]);
        List<Tensor> inputs = [.. sources.Select(g => g.narrow(0, begin, count))];
        if (inputs.Count == 1)
        {
            return inputs[0];
        }

        Tensor sum = empty(count, ScalarType.Float32, inputs[0].device);
        Reduction.Sum(inputs, sum);
        return sum;
    }
}
