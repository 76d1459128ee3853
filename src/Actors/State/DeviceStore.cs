using System.Diagnostics;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.State;

/// <summary>One unit of sharded state that lives on this device: its optimizer shard, gradient and step count.</summary>
/// <param name="id">Name of the unit.</param>
/// <param name="ordinal">Ordinal in the run's unit order.</param>
/// <param name="layout">Layout of the flat parameter group the unit is a range of.</param>
internal abstract class UnitState(UnitId id, int ordinal, ParameterLayout layout) : IHeldUnit
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

    /// <summary>By participant: completed steps that its range of <see cref="Weights"/> is of; -1: unknown.</summary>
    public required long[] Ranges { get; init; }

    /// <summary>Notices when its weights change between two updates.</summary>
    public required StateGuard Guard { get; init; }

    /// <summary>Mark of the injected fault that altered its state, so that whoever notices can say so (AD-1); empty otherwise. Noticing does not depend on it.</summary>
    public string Tampered { get; set; } = "";

    /// <summary>Completed steps the unit's state is of; -1: never restored, or torn in the middle of an update.</summary>
    public long Step { get; set; } = -1;

    /// <summary>ST-1: the reduced gradient of step <see cref="Step"/>, fp32 [Count], from its reduction to its update; owned by the unit, so that it outlives the actor. Null otherwise.</summary>
    public Tensor? Reduced { get; private set; }

    /// <inheritdoc/>
    public bool HasGradient => Reduced is not null;

    /// <summary>Takes the reduced gradient over.</summary>
    public void Keep(Tensor reduced)
    {
        DropReduced();
        Reduced = reduced.DetachFromDisposeScope();
    }

    /// <summary>The gradient is used, or of a step that is computed again.</summary>
    public void DropReduced()
    {
        Reduced?.Dispose();
        Reduced = null;
    }

    /// <summary>The unit's state, and its own range of the weights, are those after <paramref name="step"/> completed steps; -1: torn.</summary>
    public void IsAt(long step) => Step = Ranges[Id.Index] = step;

    /// <summary>The unit's state is not what it was: from now on it is of no step. Returns what to say.</summary>
    public StateAlteredException Altered(string what)
    {
        IsAt(-1);
        string mark = Tampered;
        Tampered = "";
        return new StateAlteredException(mark + what);
    }

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
        DropReduced();
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
/// borrow their units. Used on the compute thread only.
/// </summary>
internal sealed class DeviceStore : IDisposable
{
    private readonly HeldUnits<UnitState> held;
    private readonly UnitOrder order;

    public DeviceStore(RunSpec spec, Device device)
    {
        (Spec, Device) = (spec, device);
        order = new UnitOrder(spec.Model, spec.Layout);
        held = new HeldUnits<UnitState>(order, Create);
        DenseLayout = ParameterLayout.Dense(spec.Model);
        DenseWeights = zeros(DenseLayout.Total, dtype: WeightType, device: device);
        DenseGuard = StateGuard.Of(spec, DenseWeights, DenseLayout, spec.Layout.Ranks);
        DenseRanges = [.. Enumerable.Repeat(-1L, spec.Layout.Ranks)];
    }

    public RunSpec Spec { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    public ParameterLayout DenseLayout { get; }

    /// <summary>Flat dense weights [Total], compute dtype, shared by the device's ranks.</summary>
    public Tensor DenseWeights { get; }

    /// <summary>Notices when the dense weights change between two updates.</summary>
    public StateGuard DenseGuard { get; }

    public ScalarType WeightType => Spec.Training.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>By logical rank: completed steps that its range of <see cref="DenseWeights"/> is of; -1: unknown.</summary>
    public long[] DenseRanges { get; }

    /// <summary>Whether that state was read from a checkpoint, and not computed since.</summary>
    public bool Restored { get; set; }

    public IReadOnlyCollection<UnitState> Units => held.Units;

    /// <summary>Units that live elsewhere now and stay until whoever takes them over has come for them.</summary>
    public IReadOnlyCollection<UnitState> Leaving => held.Leaving;

    public UnitState this[UnitId id] => held[id];

    /// <summary>The run's units in their canonical order.</summary>
    public UnitOrder Order => order;

    /// <summary>The unit, if it lives here or is about to leave; else null.</summary>
    public UnitState? Find(int ordinal) => held.Find(ordinal);

    /// <summary>Everything is of the same step: all of it has been restored.</summary>
    public void IsAt(long step)
    {
        Array.Fill(DenseRanges, step);
        foreach (UnitState unit in held.Units)
        {
            Array.Fill(unit.Ranges, step);
            unit.IsAt(step);
            unit.Guard.Restored(unit);
        }
    }

    /// <inheritdoc cref="HeldUnits{T}.Settle"/>
    public void Settle() => held.Settle();

    /// <inheritdoc cref="HeldUnits{T}.Hold"/>
    public void Hold(IReadOnlyCollection<int> ranks, IReadOnlyCollection<int>? wanted = null) => held.Hold(ranks, wanted);

    public void Dispose()
    {
        held.Clear();
        DenseWeights.Dispose();
    }

    private UnitState Create(UnitId id, int ordinal)
    {
        ParameterLayout layout = order.LayoutOf(id);
        (long begin, long count) = order.ShardOf(id);
        Tensor weights = id.Kind == UnitKind.Dense ? DenseWeights : zeros(layout.Total, dtype: WeightType, device: Device);
        var optimizer = new OptimizerShard(layout, begin, count, weights, Spec.Training.Precision) { Guarded = Spec.GuardsState };
        Tensor gradient = zeros(layout.Total, dtype: ScalarType.Float32, device: Device);
        return id.Kind == UnitKind.Dense
            ? new DenseUnit(id, ordinal, layout, weights) { Optimizer = optimizer, Gradient = gradient, Begin = begin, Count = count, Ranges = DenseRanges, Guard = DenseGuard }
            : new ExpertUnit(id, ordinal, layout, weights)
            {
                Optimizer = optimizer,
                Gradient = gradient,
                Begin = begin,
                Count = count,
                Ranges = [.. Enumerable.Repeat(-1L, Spec.Layout.Groups)],
                Guard = StateGuard.Of(Spec, weights, layout, Spec.Layout.Groups),
            };
    }
}
