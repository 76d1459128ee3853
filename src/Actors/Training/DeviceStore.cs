using System.Diagnostics;

using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>One unit of sharded state that lives on this device: its optimizer shard, gradient and step count.</summary>
/// <param name="id">Name of the unit.</param>
/// <param name="ordinal">Ordinal in the run's unit order.</param>
/// <param name="layout">Layout of the flat parameter group the unit is a range of.</param>
internal abstract class UnitState(UnitId id, int ordinal, ParameterLayout layout) : IDisposable
{
    public UnitId Id => id;

    public int Ordinal => ordinal;

    public ParameterLayout Layout => layout;

    /// <summary>Flat weights of the whole group, compute dtype.</summary>
    public abstract Tensor Weights { get; }

    /// <summary>Master, m and v of the unit's range.</summary>
    public required OptimizerShard Optimizer { get; init; }

    /// <summary>fp32 gradient of the whole group, this unit's contribution.</summary>
    public required Tensor Gradient { get; init; }

    /// <summary>First element of the unit's range.</summary>
    public required long Begin { get; init; }

    /// <summary>Elements of the unit's range.</summary>
    public required long Count { get; init; }

    /// <summary>Optimizer steps applied.</summary>
    public UnitSteps Steps { get; } = new();

    /// <summary>The copy for a checkpoint that has not been waited for; null when there is none.</summary>
    public SnapshotJob? Snapshot { get; set; }

    /// <summary>The unit's range of one slot of the optimizer state, fp32 [Count]: master, m or v.</summary>
    public Tensor Slot(string slot) => slot switch
    {
        Slots.Master => Optimizer.Master,
        Slots.First => Optimizer.First,
        Slots.Second => Optimizer.Second,
        _ => throw new ArgumentOutOfRangeException(nameof(slot), slot, "not a slot of the optimizer state"),
    };

    /// <summary>Before anything of the unit changes: what of a snapshot is not copied yet is copied now. Returns the milliseconds it took.</summary>
    public double FinishSnapshot()
    {
        if (Snapshot is null)
        {
            return 0;
        }

        long begun = Stopwatch.GetTimestamp();
        Snapshot.Finish();
        Snapshot = null;
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    public virtual void Dispose()
    {
        FinishSnapshot();
        Optimizer.Dispose();
        Gradient.Dispose();
    }
}

/// <summary>The dense shard of one logical rank; the weights are shared by all ranks of the device.</summary>
internal sealed class DenseUnit(UnitId id, int ordinal, ParameterLayout layout, Tensor sharedWeights) : UnitState(id, ordinal, layout)
{
    public override Tensor Weights => sharedWeights;
}

/// <summary>The experts of one MoE layer at one EP position in one group.</summary>
internal sealed class ExpertUnit(UnitId id, int ordinal, ParameterLayout layout, Tensor weights) : UnitState(id, ordinal, layout)
{
    public override Tensor Weights => weights;

    public override void Dispose()
    {
        base.Dispose();
        weights.Dispose();
    }
}

/// <summary>
/// The live tensors of one device. State outlives the actors that work on it: the store belongs to the device supervisor, ranks and shards
/// borrow their units. Used on the compute lane only.
/// </summary>
internal sealed class DeviceStore : IDisposable
{
    private readonly Dictionary<UnitId, UnitState> units = [];
    private readonly UnitOrder order;

    public DeviceStore(RunSpec spec, Device device)
    {
        (Spec, Device) = (spec, device);
        order = new UnitOrder(spec.Model, spec.Layout);
        DenseLayout = ParameterLayout.Dense(spec.Model);
        DenseWeights = zeros(DenseLayout.Total, dtype: WeightType, device: device);
    }

    public RunSpec Spec { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    public ParameterLayout DenseLayout { get; }

    /// <summary>Flat dense weights [Total], compute dtype, shared by the device's ranks.</summary>
    public Tensor DenseWeights { get; }

    public ScalarType WeightType => Spec.Training.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>Completed steps that all of it is the state of; -1 while an update is under way, or nothing is restored.</summary>
    public long Step { get; set; } = -1;

    /// <summary>Whether that state was read from a checkpoint, and not computed since.</summary>
    public bool Restored { get; set; }

    public IReadOnlyCollection<UnitState> Units => units.Values;

    public UnitState this[UnitId id] => units[id];

    /// <summary>Keeps the units of the given ranks, frees the others and creates what is missing (uninitialised: restore follows).</summary>
    public void Hold(IReadOnlyCollection<int> ranks)
    {
        foreach (UnitId gone in units.Keys.Where(u => !ranks.Contains(UnitOrder.OwnerRank(Spec.Layout, u))).ToArray())
        {
            units[gone].Dispose();
            units.Remove(gone);
        }

        for (int i = 0; i < order.Units.Count; i++)
        {
            UnitId id = order.Units[i];
            if (ranks.Contains(UnitOrder.OwnerRank(Spec.Layout, id)) && !units.ContainsKey(id))
            {
                Step = -1;
                units.Add(id, Create(id, i));
            }
        }
    }

    public void Dispose()
    {
        foreach (UnitState unit in units.Values)
        {
            unit.Dispose();
        }

        units.Clear();
        DenseWeights.Dispose();
    }

    private UnitState Create(UnitId id, int ordinal)
    {
        ParameterLayout layout = order.LayoutOf(id);
        (long begin, long count) = order.ShardOf(id);
        Tensor weights = id.Kind == UnitKind.Dense ? DenseWeights : zeros(layout.Total, dtype: WeightType, device: Device);
        var optimizer = new OptimizerShard(layout, begin, count, weights, Spec.Training.Precision);
        Tensor gradient = zeros(layout.Total, dtype: ScalarType.Float32, device: Device);
        return id.Kind == UnitKind.Dense
            ? new DenseUnit(id, ordinal, layout, weights) { Optimizer = optimizer, Gradient = gradient, Begin = begin, Count = count }
            : new ExpertUnit(id, ordinal, layout, weights) { Optimizer = optimizer, Gradient = gradient, Begin = begin, Count = count };
    }
}
