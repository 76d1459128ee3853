using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;

namespace MoeActors.Actors.Training;

/// <summary>PURE: what a device does with the state it holds when an epoch is about to begin and when it begins. Anything else it needs it fetches or restores afterwards.</summary>
internal static class OwnState
{
    /// <summary>Answers the question what is here (ST-1: with each unit's gradient, where that is kept).</summary>
    public static Holdings Say(AskHoldings m, string node, IEnumerable<IHeldState> units, IEnumerable<IHeldState> copies, DecidedUpdate? decided) => new(
        m.Epoch, node,
        [.. units.Select(u => new UnitHolding(u.Ordinal, u.Step, u.HasGradient))],
        [.. copies.Select(c => new UnitHolding(c.Ordinal, c.Step, c.HasGradient))],
        decided);

    /// <summary>
    /// Brings each unit to the recovery point that the epoch counts on, or that may be there: what missed the decision alone is rolled forward. Gradients are of no use afterwards, unless something the epoch
    /// counts on is lost: then the next one is told of them again.
    /// </summary>
    /// <param name="m">The epoch.</param>
    /// <param name="self">This node's index in it.</param>
    /// <param name="units">Units that live here, and those that others come for.</param>
    /// <param name="rolls">Rolls a unit forward and says whether it is of the recovery point afterwards; of one that it tore, why.</param>
    /// <returns>Whether all of it is at the recovery point; what is lost, null without.</returns>
    public static (bool Live, DamagedState? Lost) Bring<T>(PrepareEpoch m, int self, IReadOnlyCollection<T> units, Func<T, (bool There, string? Torn)> rolls)
        where T : IHeldUnit
    {
        bool live = true;
        foreach (T unit in units)
        {
            // One that is torn here, or moves here, is whole somewhere else.
            bool mine = m.Sources.Any(s => s.Unit == unit.Ordinal && s.Rung == RestoreRung.Live && s.Node == self);
            (bool there, string? torn) = mine || m.Sources.Count == 0 ? rolls(unit) : (false, null);
            if (mine && !there)
            {
                return (false, new DamagedState(RestoreRung.Live, -1, -1, m.RestoreStep, torn ?? $"unit {unit.Id} is of step {unit.Step}, not {m.RestoreStep}"));
            }

            live &= there;
        }

        foreach (T unit in units)
        {
            unit.DropReduced();
        }

        return (live, null);
    }
}
