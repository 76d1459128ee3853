using MoeActors.Actors.Training;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A unit that lives on a device.</summary>
internal sealed class SimUnit(UnitId id, IReadOnlyList<SimPart> parts)
{
    private readonly Dictionary<SimPart, ulong> chains = parts.ToDictionary(p => p, _ => 0UL);

    public UnitId Id => id;

    public IReadOnlyList<SimPart> Parts => parts;

    /// <summary>The product's step counters.</summary>
    public UnitSteps Steps { get; } = new();

    public SimState this[SimPart part] => new(chains[part], Steps[part.Expert]);

    public ulong Whole => SimLayout.Whole(parts.Select(p => this[p]));

    public void Set(SimPart part, SimState state)
    {
        chains[part] = state.Chain;
        Steps[part.Expert] = state.Steps;
    }

    /// <summary>The update of a step, in place.</summary>
    public void Apply(long step, double scale, double rate, ulong reduced)
    {
        foreach (SimPart part in parts)
        {
            chains[part] = SimLayout.Apply(part, this[part], step, scale, rate, reduced).Chain;
        }

        Steps.Advance();
    }

    /// <summary>An update that did not end: part of the unit is new, part of it old.</summary>
    public void Tear()
    {
        foreach (SimPart part in parts)
        {
            chains[part] = Mix.Of(chains[part], 0xDEAD);
        }
    }
}

/// <summary>The live state of one device: it outlives the actors that work on it.</summary>
internal sealed class SimStore(SimLayout layout)
{
    private readonly SortedDictionary<int, SimUnit> units = [];

    /// <summary>Completed steps that all of it is the state of; -1 while an update is under way, or nothing is restored.</summary>
    public long Step { get; set; } = -1;

    /// <summary>Whether that state was read from a checkpoint, and not computed since.</summary>
    public bool Restored { get; set; }

    /// <summary>The dense weights as this device computes with them, by rank that owns the range.</summary>
    public ulong[] Dense { get; } = new ulong[layout.Ranks];

    public IReadOnlyCollection<SimUnit> Units => units.Values;

    public SimUnit this[UnitId id] => units[layout.Ordinal(id)];

    public void Hold(IReadOnlyCollection<int> ranks)
    {
        for (int i = 0; i < layout.Order.Units.Count; i++)
        {
            UnitId id = layout.Order.Units[i];
            if (!ranks.Contains(layout.Order.OwnerRank(id)))
            {
                units.Remove(i);
            }
            else if (!units.ContainsKey(i))
            {
                Step = -1;
                units.Add(i, new SimUnit(id, [.. layout.Parts[id].Select(p => p.Part)]));
            }
        }
    }
}
