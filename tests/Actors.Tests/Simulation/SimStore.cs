using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A unit that lives on a device.</summary>
internal sealed class SimUnit(UnitId id, int ordinal, SimContent content, long[] ranges) : IHeldUnit
{
    public UnitId Id => id;

    public int Ordinal => ordinal;

    public long[] Ranges => ranges;

    public SimContent Content => content;

    public long Step { get; private set; } = -1;

    /// <summary>The reduced gradient of step <see cref="Step"/>; it outlives the actor.</summary>
    public ulong? Reduced { get; private set; }

    /// <summary>Epoch in which that was computed.</summary>
    public int ReducedIn { get; private set; }

    public bool HasGradient => Reduced is not null;

    public void IsAt(long step) => Step = ranges[id.Index] = step;

    public void Keep(ulong reduced, int epoch) => (Reduced, ReducedIn) = (reduced, epoch);

    public void DropReduced() => Reduced = null;

    public void Dispose()
    {
    }
}

/// <summary>The copy of another node's unit.</summary>
internal sealed class SimCopy(int ordinal, SimContent content) : IHeldCopy
{
    private ulong? gradient;

    public int Ordinal => ordinal;

    public SimContent Content => content;

    public long Step { get; set; } = -1;

    public bool HasGradient => gradient is not null;

    public void Keep(ulong reduced) => gradient = reduced;

    public void DropGradient() => gradient = null;

    /// <summary>Hands the gradient over to who applies it; the copy counts as one step further.</summary>
    public ulong? Advance()
    {
        ulong? taken = gradient;
        gradient = null;
        Step++;
        return taken;
    }

    public void Dispose()
    {
    }
}

/// <summary>The live state of one device: it outlives the actors that work on it. Which units it holds is the product's <see cref="HeldUnits{T}"/>.</summary>
internal sealed class SimStore
{
    private readonly SimLayout layout;
    private readonly HeldUnits<SimUnit> held;

    public SimStore(SimLayout layout)
    {
        this.layout = layout;
        Dense = new ulong[layout.Ranks];
        DenseRanges = [.. Enumerable.Repeat(-1L, layout.Ranks)];
        held = new HeldUnits<SimUnit>(layout.Order, (id, ordinal) => new SimUnit(id, ordinal, layout.Content(ordinal), id.Kind == UnitKind.Dense ? DenseRanges : [-1L]));
    }

    /// <summary>Whether its state was read from a checkpoint, and not computed since.</summary>
    public bool Restored { get; set; }

    /// <summary>The dense weights as this device computes with them, by rank that owns the range.</summary>
    public ulong[] Dense { get; }

    /// <summary>By rank: completed steps that its range of <see cref="Dense"/> is of; -1: unknown.</summary>
    public long[] DenseRanges { get; }

    public IReadOnlyCollection<SimUnit> Units => held.Units;

    public IReadOnlyCollection<SimUnit> Leaving => held.Leaving;

    public SimUnit this[UnitId id] => held[id];

    public SimUnit? Find(int ordinal) => held.Find(ordinal);

    public void Hold(IReadOnlyCollection<int> ranks, IReadOnlyCollection<int> wanted) => held.Hold(ranks, wanted);

    public void Settle() => held.Settle();

    /// <summary>Everything is of the same step.</summary>
    public void IsAt(long step)
    {
        Array.Fill(DenseRanges, step);
        foreach (SimUnit unit in Units)
        {
            unit.IsAt(step);
        }
    }

    /// <summary>The unit's master becomes the weights that the device computes with.</summary>
    public void Publish(SimUnit unit)
    {
        if (unit.Id.Kind == UnitKind.Dense)
        {
            Dense[unit.Id.Index] = unit.Content[0].Chain;
        }
    }
}
