using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Bytes of optimizer state each rank writes: that of its units (ZeRO-2), which nobody else holds. Pure.</summary>
internal static class OptimizerWork
{
    /// <summary>fp32 bytes of master and of m and v, by rank.</summary>
    public static (long[] Master, long[] Moments) ByRank(UnitOrder units, LogicalLayout layout, SavedParts saved)
    {
        long[] master = new long[layout.Ranks], moments = new long[layout.Ranks];
        foreach (UnitId unit in units.Units)
        {
            int rank = units.OwnerRank(unit);
            (long begin, long count) = units.ShardOf(unit);
            foreach ((ParameterEntry entry, _, long elements) in ParameterRange.Within(units.LayoutOf(unit).Entries, begin, count))
            {
                master[rank] += elements * saved.Masters(entry) * sizeof(float);
                moments[rank] += elements * saved.Moments(entry) * sizeof(float);
            }
        }

        return (master, moments);
    }
}
