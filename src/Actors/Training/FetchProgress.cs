using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Training;

/// <summary>A question of another node: its index, the unit, and whether its range of the weights is meant or its state.</summary>
internal readonly record struct FetchQuestion(int Node, int Unit, bool Weights);

/// <summary>
/// What a device asks others for when an epoch begins, and what others ask of it. A question is repeated until the first piece of an answer is here and is answered once; one that cannot be answered yet
/// waits: what it asks for is on its way to this device itself. What the device computes with is here before it says that it is prepared; copies may come later. Not thread-safe.
/// </summary>
internal sealed class FetchProgress
{
    private readonly List<StateFetch> fetches = [];
    private readonly HashSet<FetchQuestion> asked = [];
    private readonly List<FetchQuestion> unserved = [];

    /// <summary>What is not complete here yet.</summary>
    public IReadOnlyList<StateFetch> Left => fetches;

    /// <summary>Whether everything is here that the device computes with.</summary>
    public bool IsRestored => fetches.TrueForAll(f => f.Kind == FetchKind.Copy);

    /// <summary>What is to be asked for, again where no piece of it has come.</summary>
    public IEnumerable<StateFetch> Unanswered => fetches.Where(f => !f.IsAnswered);

    /// <summary>PURE: what a device lacks of the recovery point once it has done what it can by itself.</summary>
    /// <param name="context">The epoch.</param>
    /// <param name="order">The run's units.</param>
    /// <param name="units">Units that live here.</param>
    /// <param name="missing">Copies to be held here that are not of the recovery point.</param>
    public static IEnumerable<StateFetch> Lacking(EpochContext context, UnitOrder order, IReadOnlyCollection<IHeldUnit> units, IEnumerable<IHeldState> missing)
    {
        long step = context.Message.RestoreStep;
        foreach (IHeldUnit unit in units.Where(u => u.Step != step))
        {
            yield return new StateFetch(unit.Ordinal, FetchKind.Unit, context.Message.Sources.First(s => s.Unit == unit.Ordinal).Node);
        }

        foreach (IHeldState copy in missing)
        {
            yield return new StateFetch(copy.Ordinal, FetchKind.Copy, context.NodeOf(order.Units[copy.Ordinal]));
        }

        // The ranges of units that are restored here come with the units.
        for (int ordinal = 0; ordinal < order.Units.Count; ordinal++)
        {
            UnitId id = order.Units[ordinal];
            if (Holders(units, id).Any(h => h.Id != id && h.Ranges[id.Index] != step) && !(context.NodeOf(id) == context.Self && id.Kind == UnitKind.Dense))
            {
                yield return new StateFetch(ordinal, FetchKind.Weights, context.NodeOf(id));
            }
        }
    }

    /// <summary>Units whose weights hold the range of <paramref name="id"/>.</summary>
    public static IEnumerable<T> Holders<T>(IEnumerable<T> units, UnitId id)
        where T : IHeldUnit => units.Where(u => u.Id.Kind == id.Kind && u.Id.Layer == id.Layer && u.Id.Position == id.Position);

    /// <summary>PURE: what a question is answered from: the live unit, else, where its state is meant, the copy; null while neither is of the recovery point.</summary>
    public static IHeldState? Source(IHeldState? live, IHeldState? copy, long step, bool weights) =>
        live?.Step == step ? live : !weights && copy?.Step == step ? copy : null;

    /// <summary>An epoch begins: this is asked for.</summary>
    public void Begin(IEnumerable<StateFetch> lacking) => fetches.AddRange(lacking);

    /// <summary>The epoch is over.</summary>
    public void Clear()
    {
        fetches.Clear();
        asked.Clear();
        unserved.Clear();
    }

    /// <summary>A question came. <paramref name="serve"/> answers it and says whether it could.</summary>
    public void On(FetchQuestion question, Func<FetchQuestion, bool> serve)
    {
        if (asked.Add(question) && !serve(question))
        {
            unserved.Add(question);
        }
    }

    /// <summary>State has come: what waited for it is answered.</summary>
    public void Serve(Func<FetchQuestion, bool> serve) => unserved.RemoveAll(q => serve(q));

    /// <summary>What a piece belongs to; null when nobody asked for it.</summary>
    public StateFetch? Find(int unit, bool weights) => fetches.Find(f => f.Unit == unit && (f.Kind == FetchKind.Weights) == weights);

    /// <summary>All of it is here.</summary>
    public void Complete(StateFetch fetch) => fetches.Remove(fetch);
}
