using MoeActors.Actors.State;

namespace MoeActors.Actors.Replication;

/// <summary>
/// PURE but for the copies it owns: which copies of other nodes' units a node is to hold, and when they suffice. A step is reported only when the gradients for all copies are here, so that once it is
/// decided every unit can be brought to it twice (RC-1). Not thread-safe.
/// </summary>
internal sealed class ReplicaSet<T>
    where T : class, IHeldCopy
{
    private readonly Dictionary<int, T> copies = [];
    private readonly HashSet<int> wanted = [];

    /// <summary>All copies, those included that are held only for who comes for them.</summary>
    public IReadOnlyCollection<T> All => copies.Values;

    /// <summary>Copies that this node is to hold.</summary>
    public IEnumerable<T> Wanted => wanted.Select(o => copies[o]);

    /// <summary>The copy of a unit; null when there is none.</summary>
    public T? Find(int ordinal) => copies.GetValueOrDefault(ordinal);

    /// <summary>From now on these units are copied here: what is missing is created, empty. The others stay until <see cref="Settle"/>.</summary>
    public void Want(IEnumerable<int> ordinals, Func<int, T> create)
    {
        wanted.Clear();
        foreach (int ordinal in ordinals)
        {
            wanted.Add(ordinal);
            if (!copies.ContainsKey(ordinal))
            {
                copies.Add(ordinal, create(ordinal));
            }
        }
    }

    /// <summary>Copies that this node is to hold and that are not of <paramref name="step"/>.</summary>
    public IEnumerable<T> Missing(long step) => Wanted.Where(c => c.Step != step);

    /// <summary>The copy that has a use for a reduced gradient of <paramref name="step"/>: it is of that step, or its state is still on the way and the gradient waits for it. Null when none has.</summary>
    public T? Takes(int ordinal, long step) => wanted.Contains(ordinal) && copies.TryGetValue(ordinal, out T? copy) && (copy.Step == step || copy.Step < 0) ? copy : null;

    /// <summary>Whether every copy is of <paramref name="step"/> and its gradient of that step is here: decided, the step is held twice.</summary>
    public bool Cover(long step) => Wanted.All(c => c.Step == step && c.HasGradient);

    /// <summary>What was held for others only is let go: the step after the recovery is decided.</summary>
    public void Settle()
    {
        foreach (int gone in copies.Keys.Where(o => !wanted.Contains(o)).ToArray())
        {
            copies[gone].Dispose();
            copies.Remove(gone);
        }
    }

    /// <summary>Lets go of everything: the run is over.</summary>
    public void Clear()
    {
        wanted.Clear();
        Settle();
    }
}
