using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.State;

/// <summary>
/// PURE but for the units it owns: which units live on a device as the placement changes. One that lives elsewhere from now on stays until whoever takes it over has come for it, and comes
/// back where the epoch that sent it away came to nothing (RC-2). Not thread-safe.
/// </summary>
/// <param name="order">The run's units.</param>
/// <param name="create">Makes a unit that has no state yet.</param>
internal sealed class HeldUnits<T>(UnitOrder order, Func<UnitId, int, T> create)
    where T : class, IHeldUnit
{
    private readonly Dictionary<UnitId, T> units = [];
    private readonly Dictionary<UnitId, T> leaving = [];

    /// <summary>Units that live here.</summary>
    public IReadOnlyCollection<T> Units => units.Values;

    /// <summary>Units that live elsewhere now.</summary>
    public IReadOnlyCollection<T> Leaving => leaving.Values;

    /// <summary>A unit that lives here.</summary>
    public T this[UnitId id] => units[id];

    /// <summary>The unit, if it lives here or is about to leave; else null.</summary>
    public T? Find(int ordinal) => units.TryGetValue(order.Units[ordinal], out T? unit) || leaving.TryGetValue(order.Units[ordinal], out unit) ? unit : null;

    /// <summary>Keeps the units of the given ranks and creates what is missing. The others are freed, but for those that others come for: they stay until <see cref="Settle"/>.</summary>
    public void Hold(IReadOnlyCollection<int> ranks, IReadOnlyCollection<int>? wanted)
    {
        foreach (T back in leaving.Values)
        {
            // The epoch that sent them away came to nothing.
            units.Add(back.Id, back);
        }

        leaving.Clear();
        foreach (UnitId gone in units.Keys.Where(u => !ranks.Contains(order.OwnerRank(u))).ToArray())
        {
            if (wanted?.Contains(units[gone].Ordinal) == true)
            {
                leaving.Add(gone, units[gone]);
            }
            else
            {
                units[gone].Dispose();
            }

            units.Remove(gone);
        }

        for (int i = 0; i < order.Units.Count; i++)
        {
            UnitId id = order.Units[i];
            if (ranks.Contains(order.OwnerRank(id)) && !units.ContainsKey(id))
            {
                units.Add(id, create(id, i));
            }
        }
    }

    /// <summary>What units that live elsewhere now are held for is over.</summary>
    public void Settle()
    {
        foreach (T gone in leaving.Values)
        {
            gone.Dispose();
        }

        leaving.Clear();
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        foreach (T unit in units.Values)
        {
            unit.Dispose();
        }

        units.Clear();
        Settle();
    }
}
