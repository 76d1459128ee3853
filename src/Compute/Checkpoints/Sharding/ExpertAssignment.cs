using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Who writes the saved experts' weights. Pure.</summary>
internal static class ExpertAssignment
{
    /// <summary>
    /// Baseline: EP group 0 writes each expert whole. Otherwise EE: the R / D ranks that hold replicas of an expert write a near-equal
    /// part of it each, the whole expert being cut, not tensor by tensor, so that the parts differ by one block at most.
    /// </summary>
    /// <returns>Pieces by rank.</returns>
    public static IReadOnlyList<WeightPiece>[] ByRank(UnitOrder units, LogicalLayout layout, SavedParts saved, ShardingMode mode)
    {
        int writers = mode == ShardingMode.Baseline ? 1 : layout.Groups;
        List<WeightPiece>[] ranks = [.. Enumerable.Range(0, layout.Ranks).Select(_ => new List<WeightPiece>())];
        foreach (UnitId unit in units.Units.Where(u => u.Kind == UnitKind.Experts && u.Index < writers))
        {
            List<WeightPiece> pieces = ranks[units.OwnerRank(unit)];
            foreach (IGrouping<int, ParameterEntry> expert in units.LayoutOf(unit).Entries.Where(saved.Weights).GroupBy(e => e.Expert))
            {
                pieces.AddRange(ParameterRange.Part([.. expert], unit.Index, writers));
            }
        }

        return [.. ranks];
    }
}
